//! The model of the screen: what happened comes in, what to do about it goes out. Knows the drill's vocabulary and no
//! terminal, no clock and no AWS; it cannot fail or wait.

pub mod compose;
pub mod confirm;
pub mod consent;
pub mod doctor;
pub mod fleet;
pub mod keymap;
mod last_line;
pub mod live;
pub mod messages;
pub mod motion;
mod overlay;
mod refused;
pub mod setup;
mod steer;
pub mod templates;
mod typing;
pub mod words;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    drill::{
        existing::Existing,
        fact::{Cause, Entry, What},
        fleet::{Fleet, World},
        found::Found,
        guard::circumstances::Circumstances,
        health::Asked,
        id::DrillId,
        lock::Standing,
        order::WatchName,
        plan::Plan,
    },
    text::SafeText,
};
use compose::Compose;
use consent::To;
use doctor::Doctor;
use fleet::Browser;
use keymap::{Keymap, chord::Chord, table::Layer};
use live::Live;
use messages::{Messages, Weight};
pub use overlay::Overlay;
use setup::Setup;
use templates::Templates;

/// Where and how the program was started; what a server tells of itself is added.
#[derive(Clone, Debug)]
pub struct Setting {
    pub world: World,
    /// Known from the start, or from the first fleet.
    pub region: Option<SafeText>,
    pub account: Option<SafeText>,
    /// An endpoint other than AWS's own: always shown.
    pub endpoint: Option<SafeText>,
    pub read_only: bool,
    /// How many seconds of drill time pass in one of ours.
    pub rate: f64,
    /// The FIS role, for the preview of what is sent.
    pub role: String,
    pub stack: setup::Given,
}

impl Setting {
    /// Whether the lab is in this very program.
    pub fn lab_inside(&self) -> bool {
        self.world == World::Lab && self.endpoint.is_none()
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Msg {
    Key(Chord),
    /// Something was pasted: a secret, for that is what the one field is for that takes it.
    Paste(SecretString),
    FleetListing {
        instances: usize,
    },
    FleetListed(Fleet),
    /// What is so around a drill, as far as it could be told.
    LookedAround(Box<Circumstances>),
    FleetFailed {
        message: SafeText,
    },
    Templates(templates::Told),
    /// What the work on the stack came to, by its number.
    Setup(u32, setup::Told),
    /// What the examination of that number tells.
    Doctor(u32, doctor::Told),
    /// The server told how fast its time passes.
    Paced {
        rate: f64,
    },
    /// A fact of the running drill, in the journal already.
    Recorded(Entry),
    /// A source answered now.
    Pulse(WatchName),
    /// A signal asks for what the stop key asks for.
    StopSignal,
    /// A health check was asked.
    Asked(Asked),
    /// The drill was not started after all.
    DrillRefused(SafeText),
    /// What keeps it from its group is a lock that was left: it can be taken over.
    LockLeft(Box<Standing>),
    /// Drills that somebody left, the newest first.
    DrillsLeft(Vec<Found>),
    /// A drill that was left could not be come back to.
    NotTakenUp(SafeText),
    /// Whether the terminal has room for the screens.
    Room {
        fits: bool,
    },
    /// There is no shell to go back to for a while.
    NotSuspended,
    /// A quarter of a real second has passed.
    Tick,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    ListFleet,
    /// Look at account and region: what the guards of a drill weigh besides its instances.
    LookAround,
    StartDrill {
        plan: Plan,
        words: String,
    },
    StopDrill,
    /// Watch a drill that was left. A start that did not arrive is sent again only to `go_on`.
    TakeUp {
        drill: DrillId,
        go_on: bool,
    },
    /// From here on the lock that this drill left may be taken over.
    TakeOver(DrillId),
    ListTemplates,
    /// Have FIS resolve the template's targets; the number comes back with the answer.
    PreviewTemplate {
        existing: Box<Existing>,
        attempt: u32,
    },
    /// Work on the stack; the number comes back with what is told of it.
    Setup {
        work: setup::Work,
        attempt: u32,
    },
    /// Examine everything that a drill needs; the number comes back with what is told.
    Examine {
        attempt: u32,
    },
    /// Drop the keys that were typed ahead.
    ForgetTypeAhead,
    /// Draw every cell anew.
    Redraw,
    /// Stop the program as ctrl-z does, until its shell lets it go on.
    Suspend,
    /// Leave; a drill goes on in AWS.
    Quit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Fleet,
    Compose,
    Templates,
    Setup,
    Doctor,
    Live,
}

#[derive(Debug)]
pub struct App {
    setting: Setting,
    keymap: Keymap,
    screen: Screen,
    /// The last one is on top and gets the keys.
    overlays: Vec<Overlay>,
    browser: Browser,
    filtering: bool,
    compose: Option<Compose>,
    /// What was so around a drill when it was looked at last.
    around: Option<Circumstances>,
    templates: Option<Templates>,
    setup: Setup,
    doctor: Option<Doctor>,
    live: Option<Live>,
    messages: Messages,
    /// The screen is seen; a terminal that is too small shows a card instead.
    fits: bool,
    /// For how many more ticks a second ctrl-c quits.
    interrupted: u8,
    /// The second that was shown last, where the time is shown.
    second: i64,
    dirty: bool,
}

impl App {
    pub fn new(setting: Setting) -> (Self, Vec<Effect>) {
        let mut browser = Browser::default();
        browser.listing_began();
        let setup = Setup::new(&setting.stack);
        let app = Self {
            setting,
            keymap: Keymap::default(),
            screen: Screen::Fleet,
            overlays: Vec::new(),
            browser,
            filtering: false,
            compose: None,
            around: None,
            templates: None,
            setup,
            doctor: None,
            live: None,
            messages: Messages::default(),
            fits: true,
            interrupted: 0,
            second: 0,
            dirty: true,
        };
        (app, vec![Effect::ListFleet])
    }

    /// Takes in what happened and says what to do; reads nothing but its arguments.
    pub fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        match msg {
            Msg::Tick => return self.tick(now),
            Msg::Pulse(watch) => {
                self.dirty |= self.live.as_mut().is_some_and(|live| live.pulse(watch, now));
                return Vec::new();
            }
            _ => self.dirty = true,
        }
        match msg {
            Msg::Key(chord) => return self.key(chord, now),
            Msg::StopSignal => return self.stop(now),
            Msg::Paste(text) => self.pasted(&text, now),
            Msg::FleetListing { instances } => self.browser.listing_went_on(instances),
            Msg::FleetListed(fleet) => self.listed(fleet, now),
            Msg::LookedAround(circumstances) => return self.looked_around(*circumstances),
            Msg::FleetFailed { message } => {
                self.messages.keep(now, Weight::Error, message.as_str());
                self.browser.listing_failed(message);
            }
            Msg::Templates(told) => self.told_of_templates(told, now),
            Msg::Setup(attempt, told) => return self.told_of_setup(attempt, told, now),
            Msg::Doctor(attempt, told) => self.told_by_doctor(attempt, told),
            Msg::Recorded(entry) => self.recorded(&entry, now),
            Msg::Asked(asked) => self.live.iter_mut().for_each(|live| live.asked(&asked)),
            Msg::Paced { rate } => self.setting.rate = rate,
            Msg::DrillRefused(why) => self.refused(&why, now),
            Msg::LockLeft(standing) => return self.ask(To::TakeOver(standing)),
            Msg::DrillsLeft(found) => self.drills_were_left(found, now),
            Msg::NotTakenUp(why) => self.messages.say(now, Weight::Error, why.as_str()),
            Msg::Room { fits } => self.fits = fits,
            Msg::NotSuspended => {
                self.messages.say(now, Weight::Hint, "there is no shell that spotdrill was started from");
            }
            Msg::Tick | Msg::Pulse(_) => {}
        }
        Vec::new()
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        self.interrupted = self.interrupted.saturating_sub(1);
        self.dirty |= self.messages.tick();
        self.dirty |= self.templates.as_mut().is_some_and(Templates::tick);
        let mut time_is_shown = self.time_is_shown();
        if let Some(overlay) = self.overlays.last_mut().filter(|overlay| overlay.wants_tick()) {
            self.dirty |= overlay.tick();
            time_is_shown = true;
        }
        if time_is_shown && self.second != now.as_second() {
            self.second = now.as_second();
            self.dirty = true;
        }
        Vec::new()
    }

    fn listed(&mut self, fleet: Fleet, now: Timestamp) {
        (self.setting.region, self.setting.account) = (Some(fleet.region.clone()), Some(fleet.account.clone()));
        self.setting.world = fleet.world;
        let lost = self.browser.listed(fleet);
        if !lost.is_empty() {
            let ids: Vec<_> = lost.iter().map(ToString::to_string).collect();
            let text = format!("unmarked what can no longer be interrupted: {}", ids.join(", "));
            self.messages.say(now, Weight::Warning, text);
        }
        if let (Some(compose), Some(fleet)) = (&mut self.compose, self.browser.fleet()) {
            compose.resolve(fleet);
        }
    }

    fn looked_around(&mut self, circumstances: Circumstances) -> Vec<Effect> {
        self.around = Some(circumstances);
        let (Some(compose), Some(fleet)) = (&mut self.compose, self.browser.fleet()) else { return Vec::new() };
        compose.look(fleet, self.around.clone());
        let opens = std::mem::take(&mut compose.review_waits);
        if opens && self.screen == Screen::Compose && self.overlays.is_empty() { self.review() } else { Vec::new() }
    }

    fn recorded(&mut self, entry: &Entry, now: Timestamp) {
        let rate = self.setting.rate;
        self.live.get_or_insert_with(|| Live::new(None, rate)).record(entry, now);
        let weight = match &entry.fact.what {
            What::OrderRefused { .. } | What::OrderUnanswered { .. } => Some(Weight::Error),
            What::SourceLost { cause, .. } if *cause != Cause::Trouble => Some(Weight::Warning),
            What::OrderWaits { .. } | What::NothingLookedAt { .. } => Some(Weight::Warning),
            _ => None, // trouble that passes by itself is marked as stale where it matters
        };
        if let Some(weight) = weight {
            self.messages.say(now, weight, entry.fact.what.telling());
        }
        if let (What::StopSent { .. }, Some(live)) = (&entry.fact.what, &self.live) {
            self.messages.say(now, Weight::Warning, format!("stop sent; {}", live.drill.stop_saves()));
        }
        if self.screen != Screen::Live {
            self.screen = Screen::Live; // a drill that runs is never out of sight
            self.overlays.clear();
        }
        if !self.drill_goes_on() {
            self.overlays.retain(|overlay| !matches!(overlay, Overlay::Leave));
        }
    }

    /// A person decides whether one of them is watched; where another drill was begun meanwhile, it is only said.
    fn drills_were_left(&mut self, found: Vec<Found>, now: Timestamp) {
        let Some(newest) = found.first() else { return };
        if self.live.is_none() && self.overlays.is_empty() && self.screen == Screen::Fleet && !self.filtering {
            self.overlays.push(Overlay::Left { found, at: 0 });
        } else {
            let text =
                format!("a drill was left: {}. Come back with: spotdrill attach {}", newest.telling(), newest.drill);
            self.messages.say(now, Weight::Warning, text);
        }
    }

    fn refused(&mut self, why: &SafeText, now: Timestamp) {
        // on the command line it says so itself
        let why = &SafeText::new(why.strip_prefix("nothing was started: ").unwrap_or(why));
        self.messages.say(now, Weight::Error, format!("not started: {why}"));
        let unheard = self.live.take_if(|live| live.facts.is_empty());
        if let Some(live) = unheard {
            self.overlays.clear();
            self.screen = if self.compose.is_some() { Screen::Compose } else { Screen::Fleet };
            if live.plan().is_some_and(|plan| plan.as_is.is_some()) {
                return self.refused_as_it_is(why);
            }
        }
        if let Some(compose) = &mut self.compose {
            compose.refused = Some(why.clone());
        }
    }

    fn pasted(&mut self, text: &SecretString, now: Timestamp) {
        let taken = match self.overlays.last_mut() {
            Some(overlay) => overlay.pasted(),
            None => self.pasted_on_setup(text),
        };
        if !taken {
            self.messages.say(now, Weight::Hint, "pasting is not taken here: type it");
        }
    }

    /// Whether [`Msg::Tick`] is needed: only while something on the screen moves by itself.
    pub fn wants_tick(&self) -> bool {
        self.time_is_shown()
            || self.overlays.last().is_some_and(Overlay::wants_tick)
            || self.messages.toast().is_some()
            || self.interrupted > 0
            || (self.screen == Screen::Templates && self.templates.as_ref().is_some_and(|it| !it.is_armed()))
    }

    /// Whether what is seen has changed since it was asked last.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Whether the screens are seen at all.
    pub fn fits(&self) -> bool {
        self.fits
    }

    pub fn overlays(&self) -> &[Overlay] {
        &self.overlays
    }

    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The filter is being typed.
    pub fn is_filtering(&self) -> bool {
        self.filtering
    }

    pub fn compose(&self) -> Option<&Compose> {
        self.compose.as_ref()
    }

    pub fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    pub(crate) fn drill_goes_on(&self) -> bool {
        self.screen == Screen::Live && self.live.as_ref().is_some_and(Live::goes_on)
    }

    /// The stop with AWS's own program; none in a lab of our own, which that cannot reach.
    pub fn stop_command(&self) -> Option<String> {
        let live = self.live.as_ref().filter(|live| live.goes_on() && !self.setting.lab_inside())?;
        live.drill.stop_command(self.setting.endpoint.as_ref())
    }

    /// The screen shows how time passes.
    fn time_is_shown(&self) -> bool {
        match self.screen {
            Screen::Live => self.drill_goes_on(),
            Screen::Templates => self.templates.as_ref().is_some_and(Templates::is_previewing),
            Screen::Setup => self.setup.is_busy(),
            Screen::Doctor => self.doctor.as_ref().is_some_and(Doctor::is_running),
            Screen::Fleet | Screen::Compose => false,
        }
    }

    /// The layers of keys that count now, the nearest first.
    pub fn layers(&self) -> &'static [Layer] {
        match (self.overlays.last(), self.screen) {
            (Some(overlay), _) => overlay.layers(),
            (None, Screen::Fleet) if self.filtering => &[Layer::Filter],
            (None, Screen::Fleet) => &[Layer::Fleet, Layer::Lists, Layer::Everywhere],
            (None, Screen::Compose) if self.is_typing() => &[Layer::Field],
            (None, Screen::Compose) => &[Layer::Compose, Layer::Everywhere],
            (None, Screen::Templates) => &[Layer::Templates, Layer::Lists, Layer::Everywhere],
            (None, Screen::Setup) => self.setup.layers(),
            (None, Screen::Doctor) => &[Layer::Doctor, Layer::Lists, Layer::Everywhere],
            (None, Screen::Live) => &[Layer::Live, Layer::Lists, Layer::Everywhere],
        }
    }

    fn is_typing(&self) -> bool {
        self.compose.as_ref().is_some_and(|compose| compose.typing.is_some())
    }
}

#[cfg(test)]
mod tests;
