//! Hostile text from AWS, through the real SDK and all that is made of it: fleet, templates, drill, stack, doctor, errors; and
//! onto every screen at several sizes.

use std::collections::BTreeMap;

use ratatui::{
    Terminal,
    backend::{Backend, CrosstermBackend, TestBackend},
};
use spotdrill::{
    app::{App, Effect, Msg, Setting, doctor, setup as setup_screen, templates},
    drill::{fleet::World, plan::Selection},
    lab::scenario::Scenario,
    run::{
        doctor::examine,
        setup::{self, Looked},
        teardown,
    },
    stack::{names::Usual, wanted::Wanted},
    text::SafeText,
    theme::Theme,
    ui::{self, Glyphs},
};

use super::{
    corpus,
    inject::{Hostile, Which},
    oracle::{To, foreign, wrong_in_cell},
    portions,
};
use crate::{figure::figure, stage::Stage};

/// The sizes and ways that a screen is drawn in.
const DRAWN: [(u16, u16, &str, Glyphs); 3] =
    [(80, 24, "default", Glyphs::Unicode), (140, 40, "default", Glyphs::Unicode), (60, 15, "mono", Glyphs::Ascii)];

/// Every place that text was shown in or told to, judged.
struct Sinks {
    sizes: &'static [(u16, u16, &'static str, Glyphs)],
    /// By the place, what is wrong there.
    places: BTreeMap<String, Vec<String>>,
    /// Whether a sign was seen that stands for a hostile character: else nothing hostile came so far.
    signs: usize,
}

impl Sinks {
    fn new(sizes: &'static [(u16, u16, &'static str, Glyphs)]) -> Self {
        Self { sizes, places: BTreeMap::new(), signs: 0 }
    }

    fn judge(&mut self, name: &str, found: Vec<String>) {
        self.places.entry(name.to_owned()).or_default().extend(found);
    }

    fn line(&mut self, name: &str, text: &str) {
        self.signs += usize::from(text.contains(['␛', '␇']) || text.contains("<U+"));
        self.judge(name, foreign(text.as_bytes(), To::Lines));
    }

    fn json(&mut self, name: &str, value: &impl serde::Serialize) {
        let json = serde_json::to_string(value).unwrap();
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
        self.line(name, &json);
    }

    /// What is seen of an app: each of its cells, and the bytes that draw them.
    fn screen(&mut self, name: &str, app: &App, now: jiff::Timestamp) {
        for (number, (width, height, theme, glyphs)) in self.sizes.iter().copied().enumerate() {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let theme = Theme::named(theme).unwrap();
            terminal.draw(|frame| ui::draw(app, &theme, glyphs, now, frame)).unwrap();
            let buffer = terminal.backend().buffer();
            let symbols = || buffer.content().iter().map(ratatui::buffer::Cell::symbol);
            self.signs += usize::from(symbols().any(|symbol| matches!(symbol, "␛" | "␇" | "<")));
            let name = format!("{name} {width}x{height}");
            self.judge(&name, symbols().filter_map(wrong_in_cell).collect());
            if number == 0 {
                let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
                let mut bytes = Vec::new();
                CrosstermBackend::new(&mut bytes).draw(cells.map(|at| (at.0, at.1, &buffer[at]))).unwrap();
                self.judge(&name, foreign(&bytes, To::Screen));
            }
        }
    }
}

/// A screen that is shown, and what it asks for.
struct Shown {
    app: App,
    effects: Vec<Effect>,
    now: jiff::Timestamp,
}

impl Shown {
    fn new(stage: &Stage, world: World) -> Self {
        let setting = Setting {
            world,
            region: Some(SafeText::new(&stage.aws.region)),
            account: None,
            endpoint: None,
            read_only: false,
            rate: 1.0,
            role: String::from("spot-fis-test"),
            stack: setup_screen::Given::default(),
        };
        let (app, effects) = App::new(setting);
        Self { app, effects, now: stage.aws.clock.now() }
    }

    fn tell(&mut self, msg: Msg) -> &mut Self {
        let effects = self.app.update(msg, self.now);
        self.effects.extend(effects);
        self
    }

    /// What came of the last work on the stack.
    fn set_up(&mut self, told: setup_screen::Told) -> &mut Self {
        let attempts = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::Setup { attempt, .. } => Some(*attempt),
            _ => None,
        });
        let attempt = attempts.max().unwrap_or_default();
        self.tell(Msg::Setup(attempt, told))
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.tell(Msg::Key(key.parse().unwrap()));
        }
        self
    }

    fn look(&mut self, name: &str, sinks: &mut Sinks) -> &mut Self {
        sinks.screen(name, &self.app, self.now);
        self
    }
}

async fn stage(hostile: &Hostile) -> Stage {
    // a template of somebody else's to be listed, and the stack to be read
    let scenario = Scenario::parse("hostile", SCENARIO).unwrap();
    let stage = Stage::through(scenario, false, |lab| hostile.before(lab)).await;
    crate::existing::one_of_web(&stage).await;
    stage
}

pub(crate) const SCENARIO: &str = r#"
description = "two groups, one of them of a cluster"
region = "eu-west-1"
[[group]]
kind = "auto-scaling-group"
name = "web"
count = 8
replaces = "termination"
tags = { Name = "web", team = "shop" }
[[group]]
kind = "eks-nodegroup"
name = "nodes"
cluster = "shop"
count = 2
"#;

/// Fleet and templates: listed, shown, composed, confirmed.
async fn listed(stage: &Stage, sinks: &mut Sinks) {
    let mut shown = Shown::new(stage, World::Aws);
    match stage.aws.fleet(|_| ()).await {
        Ok(fleet) => {
            shown.tell(Msg::FleetListed(fleet)).look("fleet", sinks).press("j j space").look("fleet, marked", sinks);
            shown.press("c").look("compose", sinks).press("S").look("confirm", sinks).press("esc esc");
        }
        Err(error) => {
            sinks.line("error", &error.to_string());
            let message = SafeText::new(error.to_string());
            shown.tell(Msg::FleetFailed { message }).look("fleet, failed", sinks);
        }
    }
    shown.press("t");
    match stage.aws.templates(|_, _| ()).await {
        Ok(found) => shown.tell(Msg::Templates(templates::Told::Listed(found))),
        Err(error) => shown.tell(Msg::Templates(templates::Told::ListingFailed(SafeText::new(error.to_string())))),
    };
    shown.look("templates", sinks).press("enter").look("template", sinks).press("esc !").look("messages", sinks);
}

/// A whole drill, by its facts: on the live screen, as lines, as JSON.
async fn drilled(stage: &Stage, sinks: &mut Sinks) {
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let mut shown = Shown::new(stage, World::Aws);
    shown.tell(Msg::FleetListed(stage.aws.fleet(|_| ()).await.unwrap()));
    let running = stage.start(plan).await.unwrap();
    let journal = running.journal.clone();
    let drilled = stage.to_the_end(running, |_| false).await;
    let every = drilled.entries.len() / 4;
    for (number, entry) in drilled.entries.iter().enumerate() {
        sinks.line("line of a fact", &entry.fact.telling());
        sinks.json("fact as JSON", entry);
        shown.now = entry.fact.seen;
        shown.tell(Msg::Recorded(entry.clone()));
        if number % every == every - 1 {
            shown.look("live", sinks);
        }
    }
    sinks.line("verdict", &drilled.verdict.telling());
    shown.press("G").look("live, over", sinks).press("!").look("messages", sinks);
    sinks.line("journal", &std::fs::read_to_string(journal).unwrap());
}

/// The account examined, and what would be changed or taken away there.
async fn examined(stage: &Stage, sinks: &mut Sinks) {
    let mut shown = Shown::new(stage, World::Aws);
    let report = examine(&stage.aws, &Usual::default(), Vec::new(), |_, _| ()).await;
    sinks.line("doctor", &report.text());
    sinks.json("doctor as JSON", &report.findings);
    shown.press("D");
    let attempt = shown.effects.iter().find_map(|effect| match effect {
        Effect::Examine { attempt } => Some(*attempt),
        _ => None,
    });
    shown.tell(Msg::Doctor(attempt.unwrap(), doctor::Told::Report(report))).look("doctor", sinks);
    shown
        .press("enter")
        .look("doctor, opened", sinks)
        .press("G enter")
        .look("doctor, opened", sinks)
        .press("esc esc s");
    match stage.aws.stack("spotdrill").await {
        Ok(Some(stack)) => {
            shown.set_up(setup_screen::Told::Glanced(setup_screen::Seen::There(Box::new(stack))));
        }
        Ok(None) => {}
        Err(error) => sinks.line("error", &error.to_string()),
    }
    shown.look("setup", sinks);
    let wanted = Wanted::new("spotdrill").with("RetentionInDays", Some("3"));
    shown.press("S");
    let told = match setup::look(&stage.aws, &wanted, &|_| ()).await {
        Ok(Looked::Preview(preview)) => setup_screen::Told::Previewed(preview),
        Ok(Looked::WebhookMissing { secret }) => setup_screen::Told::WebhookMissing(SafeText::new(secret)),
        Ok(Looked::Leftover { stack, parts }) => setup_screen::Told::Leftover(Box::new(stack), parts),
        Err(error) => {
            sinks.line("error", &error.to_string());
            setup_screen::Told::Failed(vec![SafeText::new(error.to_string())])
        }
    };
    shown.set_up(told).look("setup, previewed", sinks).press("enter").look("setup, consent", sinks).press("esc esc");
    shown.press("s T");
    let told = match teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| ()).await {
        Ok(removal) => setup_screen::Told::Looked(Box::new(removal)),
        Err(error) => {
            sinks.line("error", &error.to_string());
            setup_screen::Told::Failed(vec![SafeText::new(error.to_string())])
        }
    };
    shown.set_up(told).look("teardown", sinks);
}

/// What came of it, and the figure that says so.
fn told(name: &str, hostile: &Hostile, sinks: &Sinks) {
    let (texts, fields, places) = (corpus().len(), hostile.fields().len(), sinks.places.len());
    let wrong: BTreeMap<_, _> = sinks.places.iter().filter(|(_, wrong)| !wrong.is_empty()).collect();
    let clean = places - wrong.len();
    figure(name, format_args!("{texts} strings, {fields} fields, {clean} of {places} sinks clean"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(sinks.signs > 20, "hardly anything hostile was seen: {}", sinks.signs);
}

async fn lists(name: &str, which: Which) {
    let mut sinks = Sinks::new(&DRAWN[..1]);
    let hostile = Hostile::new(which);
    let stage = stage(&hostile).await;
    for text in corpus() {
        hostile.say(&text);
        listed(&stage, &mut sinks).await;
    }
    told(name, &hostile, &sinks);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_fleet_and_its_templates_acts_nowhere() {
    lists("hostile descriptions of a fleet", Which::Told).await;
}

#[tokio::test(start_paused = true)]
async fn ids_states_and_names_act_nowhere() {
    lists("hostile ids of a fleet", Which::All).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_told_during_a_drill_acts_nowhere() {
    let mut sinks = Sinks::new(&DRAWN);
    let hostile = Hostile::new(Which::Told);
    for text in portions() {
        hostile.say("");
        let stage = stage(&hostile).await;
        hostile.say(&text);
        Box::pin(drilled(&stage, &mut sinks)).await;
        listed(&stage, &mut sinks).await;
    }
    told("hostile descriptions in a drill", &hostile, &sinks);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_an_account_acts_nowhere() {
    for (name, which) in
        [("hostile descriptions of an account", Which::Told), ("hostile ids of an account", Which::All)]
    {
        let mut sinks = Sinks::new(&DRAWN);
        let hostile = Hostile::new(which);
        for text in portions() {
            hostile.say("");
            let stage = stage(&hostile).await;
            hostile.say(&text);
            examined(&stage, &mut sinks).await;
        }
        told(name, &hostile, &sinks);
    }
}
