//! What each key does: finds what is meant, says why it is not possible, or does it. Knows every screen's model and leaves
//! the work to it.

use jiff::Timestamp;
use tui_input::Input;

use super::{
    App, Effect, Overlay, Screen,
    compose::{Compose, Field},
    confirm::Confirm,
    consent::{Consent, Given, To},
    keymap::{self, chord::Chord, table::Intent},
    live::Live,
    messages::Weight,
    typing,
};
use crate::drill::found::Found;

/// Two ctrl-c within so many ticks leave at once.
const TWICE: u8 = 4;

/// The interrupt key of every terminal, whatever it means on a screen.
const INTERRUPT: &str = "ctrl-c";
/// And the one that stops a program for a while.
const SUSPEND: &str = "ctrl-z";

/// Whether a key counts where only a card is seen, which says what it does: nothing is begun or agreed to unseen.
fn counts_unseen(intent: Intent) -> bool {
    use Intent::{Back, Cancel, ClearFilter, KeepFilter, Leave, LeaveNow, Redraw, Revert, Stay, Stop};
    matches!(intent, Back | Cancel | ClearFilter | KeepFilter | Leave | LeaveNow | Redraw | Revert | Stay | Stop)
}

impl App {
    pub(super) fn key(&mut self, chord: Chord, now: Timestamp) -> Vec<Effect> {
        if chord.to_string() == INTERRUPT {
            if self.interrupted > 0 {
                return vec![Effect::Quit];
            }
            self.interrupted = TWICE;
        }
        if chord.to_string() == SUSPEND {
            return vec![Effect::Suspend];
        }
        let intent = self.keymap.intent(self.layers(), chord);
        if !self.fits && !intent.is_some_and(counts_unseen) {
            return Vec::new();
        }
        let Some(intent) = intent else {
            self.type_in(chord);
            return Vec::new();
        };
        self.messages.dismiss();
        if let Some(reason) = self.blocked(intent) {
            if intent == Intent::Review && self.overlays.is_empty() {
                return self.review_refused(reason);
            }
            self.say(now, reason);
            return Vec::new();
        }
        let outcome = match (self.overlays.last(), intent, self.screen) {
            (_, Intent::Stop, _) => Ok(self.stop(now)),
            (Some(_), ..) => Ok(self.over(intent, now)),
            (None, Intent::Help, _) => Ok(self.open(Overlay::Help { layers: self.layers(), top: 0 })),
            (None, Intent::Messages, _) => Ok(self.open(Overlay::Messages { top: 0 })),
            (None, Intent::Redraw, _) => Ok(vec![Effect::Redraw]),
            (None, Intent::Leave, _) => Ok(self.leave(now)),
            (None, Intent::Templates, _) => Ok(self.open_templates()),
            (None, Intent::Setup, _) => Ok(self.open_setup()),
            (None, Intent::Doctor, _) => Ok(self.open_doctor(now)),
            (None, _, Screen::Fleet) => self.on_fleet(intent, now),
            (None, _, Screen::Compose) => self.on_compose(intent),
            (None, _, Screen::Templates) => Ok(self.on_templates(intent, now)),
            (None, _, Screen::Setup) => self.on_setup(intent, now),
            (None, _, Screen::Doctor) => Ok(self.on_doctor(intent, now)),
            (None, _, Screen::Live) => self.on_live(intent, now),
        };
        outcome.unwrap_or_else(|why| {
            self.say(now, why);
            Vec::new()
        })
    }

    fn open(&mut self, overlay: Overlay) -> Vec<Effect> {
        self.overlays.push(overlay);
        Vec::new()
    }

    fn say(&mut self, now: Timestamp, text: impl AsRef<str>) {
        self.messages.say(now, Weight::Hint, text);
    }

    fn take_up(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(Overlay::Left { found, at }) = self.overlays.pop() else { return Vec::new() };
        let Some(found) = found.into_iter().nth(at) else { return Vec::new() };
        self.messages.say(now, Weight::Warning, format!("coming back to drill {}", found.drill));
        self.coming_back = Some(found.drill.clone());
        vec![Effect::TakeUp { drill: found.drill, go_on: false }]
    }

    /// Asks for consent.
    pub(super) fn ask(&mut self, to: To) -> Vec<Effect> {
        self.overlays.push(Overlay::Consent(Box::new(Consent::to(to))));
        vec![Effect::ForgetTypeAhead]
    }

    /// Nothing but a consent that was given leads here.
    fn consented(&mut self, given: Given, now: Timestamp) -> Vec<Effect> {
        self.overlays.clear();
        match given {
            Given::Work(work) => self.change_account(work, now),
            Given::TakeOver(drill) => {
                let text = format!("the next start takes the lock of drill {drill} over; nothing was started yet");
                self.messages.say(now, Weight::Warning, text);
                let mut effects = vec![Effect::TakeOver(drill)];
                if self.screen == Screen::Compose {
                    effects.extend(self.review());
                }
                effects
            }
            Given::SendAgain(drill) => {
                self.messages.say(now, Weight::Warning, format!("coming back to drill {drill}, and going on with it"));
                self.coming_back = Some(drill.clone());
                vec![Effect::TakeUp { drill, go_on: true }]
            }
        }
    }

    /// No dialog stands between the operator and the stop: it leaves, and a line says what it can still save.
    pub(super) fn stop(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(why) = self.blocked(Intent::Stop) {
            self.say(now, why);
            return Vec::new();
        }
        if let Some(Overlay::Left { .. }) = self.overlays.last() {
            let mut effects = self.take_up(now);
            effects.push(Effect::StopDrill);
            return effects;
        }
        if let Some(drill) = &self.coming_back {
            self.messages.say(now, Weight::Warning, format!("stop asked for, of drill {drill}"));
            return vec![Effect::StopDrill];
        }
        let Some(live) = &mut self.live else { return Vec::new() };
        if let Some(wave) = live.wave_to_come().filter(|_| !live.goes_on()) {
            live.hold_waves();
            self.overlays.retain(|overlay| !matches!(overlay, Overlay::Confirm(_)));
            let text = format!("wave {} of {} is held; nothing runs that a stop would reach", wave.number, wave.of);
            self.messages.say(now, Weight::Warning, text);
            return Vec::new();
        }
        let drill = &live.drill;
        let text = match (&drill.stop, drill.stop_stands()) {
            (Some(stop), Some(stands)) if stop.failed.is_none() => {
                format!("a stop was asked for already, by {}: {stands}", stop.by)
            }
            _ => format!("stop asked for; {}", drill.stop_saves()),
        };
        self.messages.say(now, Weight::Warning, text);
        vec![Effect::StopDrill] // asked for again, it is the same stop
    }

    /// Why a key does nothing now; none if it does.
    pub fn blocked(&self, intent: Intent) -> Option<String> {
        if intent == Intent::Stop {
            let why = match &self.live {
                _ if self.coming_back.is_some() => return None,
                None if let Some(Overlay::Left { found, at }) = self.overlays.last() => {
                    let stoppable = found.get(*at).is_some_and(|found| found.stoppable);
                    let why = "FIS is done with its experiment: a stop saves nothing any more; enter watches it";
                    return (!stoppable).then(|| why.to_owned());
                }
                None => "no drill runs: there is nothing to stop",
                Some(live) if !live.goes_on() && live.wave_to_come().is_none() => {
                    "the drill is over: there is nothing to stop"
                }
                Some(_) => return None,
            };
            return Some(why.to_owned());
        }
        if let (Intent::SendAgain, Some(Overlay::Left { found, at })) = (intent, self.overlays.last()) {
            let why = "only a start that got no answer can be sent again, for ten minutes: enter watches this drill";
            let unanswered = found.get(*at).and_then(|found| found.unanswered.as_ref());
            return unanswered.is_none().then(|| why.to_owned());
        }
        let starts = intent == Intent::Review || (intent == Intent::Open && self.screen == Screen::Templates);
        if starts && self.setup.is_changing() {
            return Some(String::from("the stack is being changed: a drill waits for its end"));
        }
        match (self.screen, &self.templates, &self.doctor) {
            (Screen::Templates, Some(templates), _) => return templates.blocked(intent, &self.setting),
            (Screen::Doctor, _, Some(doctor)) => return doctor.blocked(intent),
            (Screen::Setup, ..) => return self.setup.blocked(intent, &self.setting),
            _ => {}
        }
        let why = match intent {
            Intent::Mark | Intent::Range if self.browser.rows().is_empty() => "there is nothing to mark",
            Intent::Compose if self.browser.fleet().is_none() => "the fleet is not listed yet",
            Intent::Compose if self.browser.marks().is_empty() && self.browser.row().is_none() => {
                "mark instances, or put the cursor on a group"
            }
            Intent::Refresh if self.browser.listing().is_some() => "the region is being listed already",
            Intent::UnmarkAll if self.browser.marks().is_empty() => "nothing is marked",
            Intent::Collapse | Intent::Expand if !self.browser.filter().is_empty() => {
                "groups stay open while a filter is set: esc clears it"
            }
            Intent::Review if self.setting.read_only => "read-only: started without the right to start a drill",
            Intent::Review if self.compose.as_ref().is_some_and(|it| it.resolved.is_err() && !it.is_looking()) => {
                "nothing to review: what stands against it is listed"
            }
            Intent::NextSeed if self.compose.as_ref().is_some_and(|compose| !compose.is_random()) => {
                "only count and percent draw at random"
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn type_in(&mut self, chord: Chord) {
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.type_in(chord);
        } else if self.filtering {
            let mut input = Input::new(self.browser.filter().text().to_owned());
            if typing::edit(&mut input, chord) {
                self.browser.set_filter(input.value());
            }
        } else if let (Screen::Compose, Some(compose)) = (self.screen, &mut self.compose) {
            compose.type_in(chord);
        } else if self.screen == Screen::Setup {
            self.setup.type_in(chord);
        } else if let (Screen::Templates, Some(templates)) = (self.screen, &mut self.templates) {
            templates.typed_at();
        }
    }

    fn over(&mut self, intent: Intent, now: Timestamp) -> Vec<Effect> {
        let (messages, wave_waits) = (self.messages.all().len(), self.wave_to_come().is_some());
        match (self.overlays.last_mut(), intent) {
            (Some(Overlay::Help { layers, top }), Intent::Move(motion)) => {
                *top = motion.from(*top, keymap::bindings(layers).count());
            }
            (Some(Overlay::Messages { top }), Intent::Move(motion)) => *top = motion.from(*top, messages),
            (Some(Overlay::Refused { said, top }), Intent::Move(motion)) => *top = motion.from(*top, said.len()),
            (Some(Overlay::Details), Intent::Move(motion)) => self.browser.scroll(motion),
            (Some(Overlay::Confirm(confirm)), Intent::Confirm) => {
                if let Some(words) = confirm.words.typed() {
                    return self.start(words);
                }
            }
            (Some(Overlay::Consent(consent)), Intent::Confirm) => {
                if let Some(given) = consent.given() {
                    return self.consented(given, now);
                }
            }
            (Some(Overlay::Left { found, at }), Intent::Move(motion)) => *at = motion.from(*at, found.len()),
            (Some(Overlay::Left { .. }), Intent::Open) => return self.take_up(now),
            (Some(Overlay::Left { found, at }), Intent::SendAgain) => {
                let found = found.get(*at).cloned();
                if let Some(Found { drill, unanswered: Some(plan), .. }) = found {
                    return self.ask(To::SendAgain { drill, plan });
                }
            }
            (Some(Overlay::Reason(input)), Intent::Accept) => {
                let reason = input.value().trim().to_owned();
                self.overlays.pop();
                self.templates_overridden(&reason);
            }
            (Some(Overlay::Reason(_)), Intent::Revert) => drop(self.overlays.pop()),
            (Some(Overlay::Leave), Intent::LeaveNow) if wave_waits => {
                self.overlays.clear();
                return self.after_the_drill();
            }
            (Some(Overlay::Leave), Intent::LeaveNow) => return vec![Effect::Quit],
            (_, Intent::Redraw) => return vec![Effect::Redraw],
            (_, Intent::Back | Intent::Leave | Intent::Cancel | Intent::Stay | Intent::Help | Intent::Messages) => {
                self.overlays.pop();
            }
            _ => {}
        }
        Vec::new()
    }

    /// Nothing but the complete words leads here.
    fn start(&mut self, words: String) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirm)) = self.overlays.pop() else { return Vec::new() };
        let plan = confirm.plan;
        self.overlays.clear();
        self.live = Some(Live::new(Some(plan.clone()), self.setting.rate));
        self.screen = Screen::Live;
        vec![Effect::StartDrill { plan, words }]
    }

    fn leave(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.screen {
            Screen::Fleet if self.setup.is_changing() => self.overlays.push(Overlay::Leave),
            Screen::Fleet => return vec![Effect::Quit],
            Screen::Compose => self.screen = Screen::Fleet,
            Screen::Templates => return self.on_templates(Intent::Leave, now),
            Screen::Setup => return self.leave_setup(now),
            Screen::Doctor => return self.on_doctor(Intent::Leave, now),
            Screen::Live if self.drill_goes_on() || self.wave_to_come().is_some() => self.overlays.push(Overlay::Leave),
            Screen::Live => return self.after_the_drill(),
        }
        Vec::new()
    }

    /// Back to a fleet that the drill has changed.
    fn after_the_drill(&mut self) -> Vec<Effect> {
        (self.live, self.compose, self.screen) = (None, None, Screen::Fleet);
        (self.templates, self.around) = (None, None);
        self.browser.unmark_all();
        self.browser.listing_began();
        vec![Effect::ListFleet]
    }

    fn on_fleet(&mut self, intent: Intent, now: Timestamp) -> Result<Vec<Effect>, String> {
        let browser = &mut self.browser;
        match intent {
            Intent::Move(motion) => browser.scroll(motion),
            Intent::Mark => browser.toggle_mark()?,
            Intent::Range => browser.range()?,
            Intent::UnmarkAll => browser.unmark_all(),
            Intent::Collapse => browser.collapse(),
            Intent::Expand => browser.expand(),
            Intent::Open if browser.instance_at_cursor().is_some() => return Ok(self.open(Overlay::Details)),
            Intent::Open => match self.blocked(Intent::Collapse) {
                Some(why) => return Err(why),
                None => self.browser.toggle_fold(),
            },
            Intent::Filter => self.filtering = true,
            Intent::KeepFilter => self.filtering = false,
            Intent::ClearFilter => {
                self.filtering = false;
                browser.set_filter("");
            }
            Intent::Back if browser.drop_range() => {}
            Intent::Back if !browser.filter().is_empty() => browser.set_filter(""),
            Intent::Back => return Err(String::from("there is nothing to go back to: q quits")),
            Intent::Refresh => {
                browser.listing_began();
                return Ok(vec![Effect::ListFleet]);
            }
            Intent::Compose => return Ok(self.open_compose(now)),
            _ => {}
        }
        Ok(Vec::new())
    }

    fn open_compose(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(fleet) = self.browser.fleet() else { return Vec::new() };
        let marks = self.browser.marks().iter().cloned().collect();
        let group = if self.browser.marks().is_empty() {
            self.browser.group_at_cursor().map(|(group, _)| group.key.clone())
        } else {
            self.browser.group_of_marks()
        };
        let hidden = self.browser.hidden_marks();
        if hidden > 0 {
            let text = format!("{hidden} of the marked are hidden by the filter, and are part of the drill");
            self.messages.say(now, Weight::Warning, text);
        }
        let seed = u64::try_from(now.as_second()).unwrap_or_default() % 10_000; // short enough to read out and to type
        let mut compose = Compose::new(fleet, marks, group, seed, &self.setting.role);
        compose.look(fleet, self.around.clone());
        self.compose = Some(compose);
        self.screen = Screen::Compose;
        vec![Effect::LookAround]
    }

    fn on_compose(&mut self, intent: Intent) -> Result<Vec<Effect>, String> {
        let review_is_blocked = self.blocked(Intent::Review);
        let (Some(compose), Some(fleet)) = (&mut self.compose, self.browser.fleet()) else { return Ok(Vec::new()) };
        compose.review_waits = false;
        match intent {
            Intent::NextField => compose.go(true),
            Intent::PreviousField => compose.go(false),
            Intent::More => compose.step(true, fleet)?,
            Intent::Less => compose.step(false, fleet)?,
            Intent::NextSeed => compose.next_seed(fleet),
            Intent::Edit if compose.field == Field::Review => match review_is_blocked {
                Some(why) => return Ok(self.review_refused(why)),
                None => return Ok(self.review()),
            },
            Intent::Edit => compose.edit(),
            Intent::Accept => compose.accept(fleet)?,
            Intent::Revert => compose.typing = None,
            Intent::Review => return Ok(self.review()),
            Intent::Move(motion) => compose.scroll(motion),
            Intent::Back => self.screen = Screen::Fleet,
            _ => {}
        }
        Ok(Vec::new())
    }

    pub(super) fn review(&mut self) -> Vec<Effect> {
        if let Some(compose) = self.compose.as_mut().filter(|compose| compose.is_looking()) {
            compose.review_waits = true; // it opens by itself
            return Vec::new();
        }
        if let Some(why) = self.blocked(Intent::Review) {
            return self.review_refused(why);
        }
        let Some(Ok(plan)) = self.compose.as_ref().map(|compose| &compose.resolved) else { return Vec::new() };
        self.overlays.push(Overlay::Confirm(Box::new(Confirm::new(plan.clone()))));
        vec![Effect::ForgetTypeAhead]
    }

    fn on_live(&mut self, intent: Intent, now: Timestamp) -> Result<Vec<Effect>, String> {
        let Some(live) = &mut self.live else { return Ok(Vec::new()) };
        match intent {
            Intent::Move(motion) => live.scroll(motion),
            Intent::NextPane => live.next_pane(true),
            Intent::PreviousPane => live.next_pane(false),
            Intent::Follow => live.follow()?,
            Intent::NextWave => {
                let plan = live.next_wave(now)?;
                self.overlays.push(Overlay::Confirm(Box::new(Confirm::new(plan))));
                return Ok(vec![Effect::ForgetTypeAhead]);
            }
            Intent::Back if live.goes_on() => {
                return Err(String::from("the drill runs: q leaves it running, X stops it"));
            }
            Intent::Back => return Ok(self.leave(now)),
            _ => {}
        }
        Ok(Vec::new())
    }
}
