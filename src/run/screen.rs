//! The interactive loop: keys, facts, signals and ticks go to the model, its effects are carried out, and a frame is drawn
//! when something changed. Knows when, and nothing of what is shown.

mod works;

use std::{io, path::PathBuf, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::{
    around::look_around,
    conductor,
    crew::spawn,
    doctor::{examine, health},
    existing::{Previewed, preview},
    found,
    lock::NotLocked,
    start::{NotStarted, Running, Ways, start},
    world::World,
};
use crate::{
    app::{
        App, Effect, Msg, Setting, doctor,
        templates::{self, Told},
    },
    aws,
    crash::{self, Point},
    drill::{existing::Existing, fact::ConfirmedBy, fleet::Fleet, id::DrillId, plan::Plan},
    stack::names::Usual,
    term::{
        guard::{self, Guard},
        input::{self, Input},
        output::Screen,
        panics,
        signals::{Heard, Signals},
    },
    text::SafeText,
    theme::Theme,
    ui::{self, Glyphs},
};

pub use works::Lent;
use works::Works;

/// How it looks, and how often it may be drawn.
#[derive(Debug)]
pub struct Look {
    pub theme: Theme,
    pub glyphs: Glyphs,
    /// The shortest time between two frames that no key asked for.
    pub frame: Duration,
}

/// How the loop ended.
#[derive(Debug)]
pub enum Left {
    /// The operator left; with a drill that goes on.
    Quit(Option<Unfinished>),
    /// By this signal.
    Signal(i32, Option<Unfinished>),
    /// A task panicked, so that nobody knows what is still done and seen.
    Mistaken(Option<Unfinished>),
    /// The terminal is gone.
    Gone,
    /// The region could not be listed even once, so there is nothing to show.
    Failed(aws::Error),
}

/// A drill that goes on, and its journal.
pub type Unfinished = (DrillId, PathBuf);

/// Four ticks a second while something moves.
const TICK: Duration = Duration::from_millis(250);

/// What the tasks of the loop report.
enum Report {
    Msg(Msg),
    Started(Box<Running>),
    NotStarted(NotStarted),
    NotTakenUp(SafeText),
    Listed(Result<Fleet, aws::Error>),
}

struct Loop<'a> {
    app: App,
    world: &'a World,
    ways: Ways,
    lent: &'a Lent,
    works: Works,
    running: Option<Running>,
    /// Who asked for a stop while the drill was being started.
    stop_at_start: Option<SafeText>,
    reports: mpsc::UnboundedSender<Report>,
    /// Whether a listing has succeeded.
    listed: bool,
    forget_input: bool,
    redraw: bool,
    /// What is to be said on the main screen.
    said: Vec<SafeText>,
    /// How the loop is to end, once the last frame is drawn.
    left: Option<Left>,
}

/// Runs until the operator leaves, a signal comes or the terminal goes. What is left to be said is for the main screen.
pub async fn run(
    world: &World,
    ways: &Ways,
    lent: &Lent,
    setting: Setting,
    look: &Look,
    running: Option<Running>,
    mut signals: Option<&mut Signals>,
) -> io::Result<(Left, Vec<SafeText>)> {
    if let Some(running) = &running {
        running.stopper.obey_signal()?;
    }
    let guard = Guard::take()?;
    let mut screen = Screen::open()?;
    let mut inputs = input::read()?;
    let (reports, mut reported) = mpsc::unbounded_channel();
    let (app, first) = App::new(setting);
    let told = reports.clone();
    let works = Works::new(world.aws.clone(), ways.clone(), lent.clone(), move |attempt, what| {
        let _ = told.send(Report::Msg(Msg::Setup(attempt, what))); // the loop has ended
    });
    let mut state = Loop {
        app,
        world,
        ways: ways.clone(),
        lent,
        works,
        running,
        stop_at_start: None,
        reports,
        listed: false,
        forget_input: false,
        redraw: false,
        said: Vec::new(),
        left: None,
    };
    state.carry_out(first);
    if state.running.is_none() && !state.app.setting().lab_inside() {
        state.look_for_drills();
    }
    let mut ticks = ticks();
    let mut drawn = Instant::now() - look.frame;
    let (mut dirty, mut hurry) = (true, true);
    let left = loop {
        dirty |= state.app.take_dirty();
        if std::mem::take(&mut state.redraw) {
            screen.forget()?;
            dirty = true;
        }
        let fits = ui::fits(screen.room());
        if fits != state.app.fits() {
            state.update(Msg::Room { fits });
        }
        if std::mem::take(&mut state.forget_input) {
            input::forget(&mut inputs);
        }
        if screen.is_gone() {
            break Left::Gone;
        }
        let due = hurry || drawn.elapsed() >= look.frame;
        if dirty && due && screen.is_ready() && !guard::is_lent() {
            let now = world.aws.clock.now();
            screen.draw(|frame| {
                crash::point(Point::Drawing);
                ui::draw(&state.app, &look.theme, look.glyphs, now, frame);
            })?;
            (dirty, hurry, drawn) = (false, false, Instant::now());
        }
        if let Some(left) = state.left.take() {
            break left;
        }
        let waits_for_frame = dirty && screen.is_ready() && !guard::is_lent();
        tokio::select! {
            biased; // an operator's key comes before any number of facts
            heard = heard(&mut signals) => match heard {
                Heard::End(number) => break Left::Signal(number, state.unfinished()),
                Heard::StopDrill => state.update(Msg::StopSignal),
                Heard::Redraw => (state.redraw, hurry) = (true, true),
            },
            said = panics::of_some_task() => {
                state.said.push(said);
                break Left::Mistaken(state.unfinished());
            }
            input = inputs.recv() => {
                hurry = true;
                match input {
                    Some(Input::Key(chord)) => state.update(Msg::Key(chord)),
                    Some(Input::Paste(text)) => state.update(Msg::Paste(text)),
                    Some(Input::Gone) | None => break Left::Gone,
                }
            }
            Some(report) = reported.recv() => state.reported(report),
            told = state.told() => state.update(told),
            _ = ticks.tick(), if state.app.wants_tick() => state.update(Msg::Tick),
            () = screen.ready(), if !screen.is_ready() => {}
            () = tokio::time::sleep_until(drawn + look.frame), if waits_for_frame => {}
        }
    };
    drop(guard);
    tokio::select! {
        said = state.end() => state.said.extend(said),
        Heard::End(_) = heard(&mut signals) => {}
    }
    Ok((left, state.said))
}

async fn heard(signals: &mut Option<&mut Signals>) -> Heard {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

fn ticks() -> Interval {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Loop<'_> {
    fn update(&mut self, msg: Msg) {
        let effects = self.app.update(msg, self.world.aws.clock.now());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ListFleet => self.list(),
                Effect::LookAround => self.look_around(),
                Effect::StartDrill { plan, words } => self.start(plan, words),
                Effect::StopDrill => self.stop(),
                Effect::TakeUp { drill, go_on } => self.take_up(drill, go_on),
                Effect::TakeOver(drill) => self.ways.take_over.push(drill),
                Effect::ListTemplates => self.list_templates(),
                Effect::PreviewTemplate { existing, attempt } => self.preview(*existing, attempt),
                Effect::Setup { work, attempt } => self.works.begin(work, attempt),
                Effect::Examine { attempt } => self.examine(attempt),
                Effect::ForgetTypeAhead => self.forget_input = true,
                Effect::Redraw => self.redraw = true,
                Effect::Suspend => self.stop_here(),
                Effect::Quit => self.left = Some(Left::Quit(self.unfinished())),
            }
        }
    }

    /// By the key: as ctrl-z on any other command line.
    fn stop_here(&mut self) {
        match guard::stop() {
            guard::Stopped::Not => self.update(Msg::NotSuspended),
            guard::Stopped::Back | guard::Stopped::Away => self.redraw = true,
        }
    }

    fn list(&self) {
        let (aws, reports) = (self.world.aws.clone(), self.reports.clone());
        spawn(async move {
            let progress = |instances| {
                let _ = reports.send(Report::Msg(Msg::FleetListing { instances }));
            };
            let listed = aws.fleet(progress).await;
            let _ = reports.send(Report::Listed(listed)); // the loop has ended
        });
    }

    fn look_around(&self) {
        let (aws, ways, reports) = (self.world.aws.clone(), self.ways.clone(), self.reports.clone());
        spawn(async move {
            let circumstances = look_around(&aws, &ways, None).await;
            let _ = reports.send(Report::Msg(Msg::LookedAround(Box::new(circumstances)))); // the loop has ended
        });
    }

    fn list_templates(&self) {
        let (aws, reports) = (self.world.aws.clone(), self.reports.clone());
        spawn(async move {
            let report = |told| {
                let _ = reports.send(Report::Msg(Msg::Templates(told))); // the loop has ended
            };
            match aws.templates(|read, of| report(Told::Reading(read, of))).await {
                Ok(templates) => report(Told::Listed(templates)),
                Err(error) => report(Told::ListingFailed(SafeText::new(error.to_string()))),
            }
        });
    }

    fn preview(&self, existing: Existing, attempt: u32) {
        let (aws, ways, reports) = (self.world.aws.clone(), self.ways.clone(), self.reports.clone());
        spawn(async move {
            let told = match preview(&aws, &ways, &existing).await {
                Ok(Previewed { instances, fleet, circumstances }) => {
                    let previewed = templates::Previewed { fleet, instances, circumstances };
                    Told::Previewed(attempt, Box::new(previewed))
                }
                Err(error) => Told::PreviewFailed(attempt, SafeText::new(error.to_string())),
            };
            let _ = reports.send(Report::Msg(Msg::Templates(told))); // the loop has ended; the preview hits nothing
        });
    }

    fn examine(&self, attempt: u32) {
        let (aws, lent, reports) = (self.world.aws.clone(), self.lent.clone(), self.reports.clone());
        let Ways { fis_role, groups, prober, .. } = self.ways.clone();
        let (lambda_log_group, events_log_group) = (groups.lambda, groups.events);
        let usual = Usual { stack: lent.stack.clone(), fis_role, lambda_log_group, events_log_group };
        spawn(async move {
            let report = |told| {
                let _ = reports.send(Report::Msg(Msg::Doctor(attempt, told))); // the loop has ended
            };
            let progress = |done, of| report(doctor::Told::Progress(done, of));
            let mut machine = (lent.machine)();
            machine.extend(health(&prober, &aws.clock).await);
            let found = examine(&aws, &usual, machine, progress).await;
            report(doctor::Told::Report(found));
        });
    }

    /// What is left of the work on the stack when the program ends.
    async fn end(&self) -> Vec<SafeText> {
        let stack = &self.lent.stack;
        if !self.app.setup().is_changing() {
            return self.works.end().await.err().into_iter().collect();
        }
        let said = if self.app.setting().lab_inside() {
            format!("left: the lab ended with this program, and the work on {stack} with it")
        } else {
            format!("left: what was begun on {stack} goes on at AWS. `spotdrill setup` or `teardown` comes back to it")
        };
        vec![SafeText::new(said)]
    }

    fn start(&self, plan: Plan, words: String) {
        let (aws, ways, reports) = (self.world.aws.clone(), self.ways.clone(), self.reports.clone());
        spawn(async move {
            let report = match start(&aws, &ways, plan, words, ConfirmedBy::Typed).await {
                Ok(running) => Report::Started(Box::new(running)),
                Err(why) => Report::NotStarted(why),
            };
            let _ = reports.send(report); // the loop has ended; the drill, if it started, is in the journal
        });
    }

    /// Drills that were left, here or in the account. That the account cannot be asked is told by its list.
    fn look_for_drills(&self) {
        let (aws, ways, reports) = (self.world.aws.clone(), self.ways.clone(), self.reports.clone());
        spawn(async move {
            if let Ok((left, _)) = found::left(&aws, &ways).await {
                let found = left.iter().map(|left| left.found().clone()).collect();
                let _ = reports.send(Report::Msg(Msg::DrillsLeft(found))); // the loop has ended
            }
        });
    }

    fn take_up(&self, drill: DrillId, go_on: bool) {
        let (aws, ways, reports) = (self.world.aws.clone(), self.ways.clone(), self.reports.clone());
        spawn(async move {
            let report = match found::come_back(&aws, &ways, &drill, go_on).await {
                Ok(running) => Report::Started(Box::new(running)),
                Err(why) => Report::NotTakenUp(refusal(&why)),
            };
            let _ = reports.send(report); // the loop has ended; the drill is in its journal
        });
    }

    fn stop(&mut self) {
        let by = SafeText::new(format!("{}@{}", self.ways.user, self.ways.host));
        match &self.running {
            Some(running) => running.stopper.stop(by),
            None => self.stop_at_start = Some(by),
        }
    }

    fn started(&mut self, running: Running) {
        let _ = running.stopper.obey_signal(); // refused only where the loop could not have listened either
        if let Some(by) = self.stop_at_start.take() {
            running.stopper.stop(by);
        }
        self.running = Some(running);
    }

    fn reported(&mut self, report: Report) {
        match report {
            Report::Msg(msg) => self.update(msg),
            Report::NotStarted(why) => {
                self.stop_at_start = None;
                self.update(Msg::DrillRefused(refusal(&why)));
                if let NotStarted::Locked(NotLocked::Held { standing, now, .. }) = why
                    && standing.is_stale(now)
                {
                    self.update(Msg::LockLeft(standing));
                }
            }
            Report::NotTakenUp(why) => {
                self.stop_at_start = None;
                self.update(Msg::NotTakenUp(why));
            }
            Report::Started(running) => self.started(*running),
            Report::Listed(Ok(fleet)) => {
                self.listed = true;
                self.update(Msg::Paced { rate: self.world.aws.clock.rate() });
                self.update(Msg::FleetListed(fleet));
            }
            Report::Listed(Err(error)) if self.listed || self.running.is_some() => {
                self.update(Msg::FleetFailed { message: SafeText::new(error.to_string()) });
            }
            Report::Listed(Err(error)) => self.left = Some(Left::Failed(error)),
        }
    }

    /// The next thing that the running drill tells; never, if none runs.
    async fn told(&mut self) -> Msg {
        if let Some(running) = &mut self.running {
            match running.told.recv().await {
                Some(conductor::Told::Recorded(entry)) => return Msg::Recorded(entry),
                Some(conductor::Told::Pulse(watch)) => return Msg::Pulse(watch),
                Some(conductor::Told::Asked(asked)) => return Msg::Asked(asked),
                None => self.running = None,
            }
        }
        std::future::pending().await
    }

    fn unfinished(&self) -> Option<Unfinished> {
        let running = self.running.as_ref().filter(|running| !running.conductor.is_finished());
        running.map(|running| (running.id.clone(), running.journal.clone()))
    }
}

fn refusal(why: &NotStarted) -> SafeText {
    SafeText::new(why.to_string())
}
