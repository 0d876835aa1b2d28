//! THE key table: every key of every screen, once. The matcher, the footer, the help overlay and the README are read off
//! it. Knows no screen, only what can be meant there.

use super::super::motion::Motion;

/// What the operator can mean by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    Help,
    Messages,
    Redraw,
    Suspend,
    Back,
    Leave,
    Move(Motion),
    Mark,
    Range,
    UnmarkAll,
    Compose,
    Templates,
    Setup,
    Doctor,
    Filter,
    Refresh,
    Collapse,
    Expand,
    Open,
    KeepFilter,
    ClearFilter,
    NextField,
    PreviousField,
    Less,
    More,
    Edit,
    NextSeed,
    GiveReason,
    Review,
    Preview,
    Prove,
    TearDown,
    KeepLogs,
    /// From what would be done to the yes to it.
    GoOn,
    Accept,
    Revert,
    Confirm,
    Cancel,
    NextPane,
    PreviousPane,
    Follow,
    NextWave,
    Stop,
    SendAgain,
    LeaveNow,
    Stay,
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    Everywhere,
    Lists,
    Fleet,
    Filter,
    Compose,
    Field,
    Templates,
    Setup,
    /// What is done with a stack.
    Stack,
    /// What would be done.
    Consider,
    Removal,
    /// What came of it.
    Outcome,
    Consent,
    Doctor,
    Confirm,
    Refused,
    Live,
    Left,
    Leave,
}

impl Layer {
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Lists => "lists",
            Self::Fleet => "fleet",
            Self::Filter => "filter",
            Self::Compose => "compose",
            Self::Field => "a field",
            Self::Templates => "templates",
            Self::Setup => "setup",
            Self::Stack => "setup, when nothing is under way",
            Self::Consider => "setup, a preview",
            Self::Removal => "setup, a teardown",
            Self::Outcome => "setup, an outcome",
            Self::Consent => "consent",
            Self::Doctor => "doctor",
            Self::Confirm => "confirm",
            Self::Refused => "a refusal",
            Self::Live => "live drill",
            Self::Left => "a drill was left",
            Self::Leave => "leave dialog",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub intent: Intent,
    /// Its name where it is written down.
    pub id: &'static str,
    pub layer: Layer,
    pub keys: &'static [&'static str],
    /// For the footer; at most 12 characters.
    pub label: &'static str,
    pub help: &'static str,
    /// It is on the way through the main job of the screen.
    pub in_footer: bool,
}

type Row = (Intent, &'static str, Layer, &'static [&'static str], &'static str, &'static str);

const fn on_the_way((intent, id, layer, keys, label, help): Row) -> Binding {
    Binding { intent, id, layer, keys, label, help, in_footer: true }
}

const fn aside((intent, id, layer, keys, label, help): Row) -> Binding {
    Binding { intent, id, layer, keys, label, help, in_footer: false }
}

use Intent as I;
use Layer as L;

/// `ctrl-d` and `ctrl-k` are left out on purpose: elsewhere they delete and kill.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    on_the_way((I::Mark, "fleet.mark", L::Fleet, &["space"], "mark", "mark or unmark the instance; on a group, all of its running spot instances")),
    on_the_way((I::Compose, "fleet.compose", L::Fleet, &["c"], "compose", "compose a drill from the marks, or from the group under the cursor")),
    on_the_way((I::Filter, "fleet.filter", L::Fleet, &["/"], "filter", "show only what matches by id, name, type, zone, state or group; !word excludes")),
    on_the_way((I::Setup, "fleet.setup", L::Fleet, &["s"], "setup", "set up what a drill needs in the account, prove it, take it away")),
    aside((I::UnmarkAll, "fleet.unmark-all", L::Fleet, &["U"], "unmark all", "take all marks away")),
    on_the_way((I::Refresh, "fleet.refresh", L::Fleet, &["r"], "list", "list the region again")),
    aside((I::Collapse, "fleet.collapse", L::Fleet, &["h", "left"], "fold", "fold the group, or go up to it")),
    aside((I::Expand, "fleet.expand", L::Fleet, &["l", "right"], "unfold", "unfold the group, or go into it")),
    on_the_way((I::Open, "fleet.open", L::Fleet, &["enter"], "open", "show the instance in detail; fold or unfold the group")),
    on_the_way((I::Range, "fleet.range", L::Fleet, &["v"], "range", "begin a range; again, or space, marks everything from there to the cursor")),
    on_the_way((I::Templates, "fleet.templates", L::Fleet, &["t"], "templates", "the FIS templates of the account: preview one, and start it as it is")),
    on_the_way((I::Doctor, "fleet.doctor", L::Fleet, &["D"], "doctor", "examine everything that a drill needs")),

    on_the_way((I::KeepFilter, "filter.keep", L::Filter, &["enter", "down", "tab"], "keep", "keep the filter and go back to the list")),
    on_the_way((I::ClearFilter, "filter.clear", L::Filter, &["esc", "ctrl-c"], "clear", "clear the filter")),

    on_the_way((I::NextField, "compose.next", L::Compose, &["tab", "down", "j"], "next", "go to the next field")),
    aside((I::PreviousField, "compose.previous", L::Compose, &["shift-tab", "up", "k"], "previous", "go to the field before")),
    on_the_way((I::Edit, "compose.edit", L::Compose, &["enter"], "edit", "type the value of the field; on the last field, review")),
    on_the_way((I::Review, "compose.review", L::Compose, &["S"], "review", "review what will be hit, then type the words that start it")),
    on_the_way((I::More, "compose.more", L::Compose, &["right", "l"], "more", "next choice, one more, 30 s longer")),
    on_the_way((I::Less, "compose.less", L::Compose, &["left", "h"], "less", "choice before, one less, 30 s shorter")),
    on_the_way((I::NextSeed, "compose.next-seed", L::Compose, &["n"], "draw again", "draw other instances: the next seed")),
    on_the_way((I::Templates, "compose.templates", L::Compose, &["t"], "templates", "the FIS templates of the account: preview one, and start it as it is")),
    aside((I::Move(Motion::PageDown), "compose.page-down", L::Compose, &["pgdn", "ctrl-f"], "page down", "scroll what FIS will be sent")),
    aside((I::Move(Motion::PageUp), "compose.page-up", L::Compose, &["pgup", "ctrl-b"], "page up", "scroll back what FIS will be sent")),

    on_the_way((I::Accept, "field.accept", L::Field, &["enter", "tab"], "accept", "accept the value")),
    on_the_way((I::Revert, "field.revert", L::Field, &["esc", "ctrl-c"], "revert", "keep the value that it had")),

    on_the_way((I::Open, "templates.preview", L::Templates, &["enter"], "preview", "have FIS resolve its targets, all actions skipped; after that, review")),
    on_the_way((I::Review, "templates.review", L::Templates, &["S"], "review", "review what was resolved, then type the words that start it")),
    aside((I::GiveReason, "templates.reason", L::Templates, &["o"], "reason", "type why to go on against a guard; it is kept in the journal")),
    on_the_way((I::Refresh, "templates.refresh", L::Templates, &["r"], "list", "list the templates again")),

    on_the_way((I::NextField, "setup.next", L::Setup, &["tab", "down", "j"], "next", "go to the next field")),
    aside((I::PreviousField, "setup.previous", L::Setup, &["shift-tab", "up", "k"], "previous", "go to the field before")),
    aside((I::More, "setup.more", L::Setup, &["right", "l"], "more", "next choice, one more, 30 s longer")),
    aside((I::Less, "setup.less", L::Setup, &["left", "h"], "less", "choice before, one less, 30 s shorter")),
    on_the_way((I::Edit, "setup.edit", L::Setup, &["enter"], "edit", "type the value of the field, or paste it; on the last field, preview")),
    on_the_way((I::Preview, "setup.preview", L::Setup, &["S"], "preview", "have CloudFormation say what would change; nothing is changed yet")),

    on_the_way((I::GoOn, "consider.go-on", L::Consider, &["enter", "S"], "confirm", "ask for the yes to what is shown")),
    on_the_way((I::KeepLogs, "removal.keep-logs", L::Removal, &["L"], "keep logs", "keep both log groups, or let them go after all")),
    on_the_way((I::Refresh, "outcome.again", L::Outcome, &["r"], "again", "do the same once more, from its preview on")),

    on_the_way((I::Prove, "stack.prove", L::Stack, &["P"], "prove", "send an event through rule, Lambda and secret to Slack, and watch each hop")),
    on_the_way((I::Doctor, "stack.doctor", L::Stack, &["D"], "doctor", "examine everything that a drill needs")),
    on_the_way((I::TearDown, "stack.tear-down", L::Stack, &["T"], "tear down", "show what setup made, then take it away")),

    on_the_way((I::Confirm, "consent.yes", L::Consent, &["enter"], "do it", "do what the dialog says; where it shows a word, once that is typed")),
    on_the_way((I::Cancel, "consent.cancel", L::Consent, &["esc", "ctrl-c"], "cancel", "change nothing")),

    on_the_way((I::Open, "doctor.open", L::Doctor, &["enter"], "fix", "show the fix alone, without borders, to be copied; again, the table")),
    on_the_way((I::Refresh, "doctor.again", L::Doctor, &["r"], "again", "run the checks again")),
    on_the_way((I::Setup, "doctor.setup", L::Doctor, &["s"], "setup", "set up what a drill needs in the account, prove it, take it away")),

    on_the_way((I::Confirm, "confirm.start", L::Confirm, &["enter"], "start", "start the drill, if the words are complete")),
    on_the_way((I::Cancel, "confirm.cancel", L::Confirm, &["esc", "ctrl-c"], "cancel", "start nothing")),

    on_the_way((I::Cancel, "refused.close", L::Refused, &["enter", "esc", "ctrl-c"], "close", "go back to what was refused; other keys do nothing here")),
    aside((I::Move(Motion::Down), "refused.down", L::Refused, &["down"], "down", "one line down")),
    aside((I::Move(Motion::Up), "refused.up", L::Refused, &["up"], "up", "one line up")),

    on_the_way((I::Stop, "live.stop", L::Live, &["X"], "stop drill", "stop the FIS experiment at once, unasked; a line says what that can still save")),
    aside((I::NextWave, "live.next-wave", L::Live, &["W"], "next wave", "review the next wave, once this one held and its gap is over")),
    on_the_way((I::NextPane, "live.next-pane", L::Live, &["tab"], "pane", "go to the next pane")),
    aside((I::PreviousPane, "live.previous-pane", L::Live, &["shift-tab"], "pane back", "go to the pane before")),
    on_the_way((I::Follow, "live.follow", L::Live, &["s"], "follow", "follow the newest line of the pane")),

    on_the_way((I::Open, "left.watch", L::Left, &["enter"], "watch it", "watch the drill that was left, to its end; nothing is started by it")),
    on_the_way((I::Stop, "left.stop", L::Left, &["X"], "stop it", "watch the drill that was left, and stop it at once")),
    on_the_way((I::SendAgain, "left.send-again", L::Left, &["C"], "go on", "for a start that got no answer: watch it if it arrived, send it once more if not, after the words were typed")),
    on_the_way((I::Stay, "left.stay", L::Left, &["esc", "q", "ctrl-c"], "not now", "leave it; `spotdrill attach` comes back to it")),

    on_the_way((I::LeaveNow, "leave.leave", L::Leave, &["enter", "q", "ctrl-c"], "leave", "leave; on AWS the drill goes on")),
    on_the_way((I::Stop, "leave.stop", L::Leave, &["X"], "stop drill", "stop the FIS experiment at once, and stay")),
    on_the_way((I::Stay, "leave.stay", L::Leave, &["esc"], "stay", "stay here")),

    aside((I::Move(Motion::Down), "list.down", L::Lists, &["j", "down"], "down", "one down")),
    aside((I::Move(Motion::Up), "list.up", L::Lists, &["k", "up"], "up", "one up")),
    aside((I::Move(Motion::First), "list.first", L::Lists, &["g", "home"], "first", "to the first")),
    aside((I::Move(Motion::Last), "list.last", L::Lists, &["G", "end"], "last", "to the last")),
    aside((I::Move(Motion::PageDown), "list.page-down", L::Lists, &["pgdn", "ctrl-f"], "page down", "ten down")),
    aside((I::Move(Motion::PageUp), "list.page-up", L::Lists, &["pgup", "ctrl-b"], "page up", "ten up")),
    aside((I::Move(Motion::HalfUp), "list.half-up", L::Lists, &["ctrl-u"], "half up", "five up")),

    aside((I::Stop, "stop", L::Everywhere, &["X"], "stop drill", "stop the drill that runs, at once; where text is typed, esc first")),
    aside((I::Messages, "messages", L::Everywhere, &["!"], "messages", "every message and error so far")),
    aside((I::Redraw, "redraw", L::Everywhere, &["ctrl-l"], "redraw", "draw the whole screen anew")),
    aside((I::Suspend, "suspend", L::Everywhere, &["ctrl-z"], "suspend", "back to the shell for a while; fg comes back")),
    aside((I::Back, "back", L::Everywhere, &["esc"], "back", "close what is on top, clear the filter, go back; never hurts")),
    on_the_way((I::Leave, "leave", L::Everywhere, &["q", "ctrl-c"], "back", "back; from the fleet, quit; ctrl-c twice quits at once, a drill goes on")),
    on_the_way((I::Help, "help", L::Everywhere, &["?", "f1"], "help", "the keys of this screen")),
];
