//! An account on a real terminal, by keys alone: set up, proved, drilled, examined and taken down; a preview that is left; a
//! webhook that shows nowhere.

use super::{SIZE, terminal::Terminal};
use crate::program::{Home, Running, run};

const CANARY: &str = "https://hooks.slack.com/services/T0CANARY/B0CANARY/canarycanarycanary";

/// The setup screen, once the stack was looked for.
fn setup(terminal: &mut Terminal, seen: &str) {
    terminal.press("s", "setup");
    terminal.shows(seen);
}

/// A preview with the webhook, which was pasted where it was asked for.
pub(super) fn previewed(terminal: &mut Terminal) {
    setup(terminal, "spotdrill  not there");
    terminal.press("S", "preview");
    terminal.shows("no webhook is stored yet");
    terminal.send(&format!("\x1b[200~{CANARY}\x1b[201~"));
    terminal.shows(&format!("{} characters; paste", CANARY.len()));
    terminal.press("enter", "accept");
    terminal.press("S", "preview");
    let preview = terminal.shows("spotdrill/slack-webhook is made");
    assert!(preview.contains("+ add         IAM role FisRole (spot-fis-test)"), "{preview}");
    assert!(preview.contains("price    $0.40 a month"), "{preview}");
}

/// The dialog takes its key once it has been seen for a moment.
pub(super) fn consented(terminal: &mut Terminal, dialog: &str) {
    terminal.press("enter", "confirm");
    terminal.shows(dialog);
    terminal.shows("enter does it");
    terminal.press("enter", "do it");
}

fn clean(what: &str, text: &str) {
    assert!(!text.contains("canary") && !text.contains("CANARY"), "the webhook is in {what}: {text}");
}

#[test]
fn an_account_is_set_up_proved_drilled_examined_and_taken_down_by_keys() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, "--lab bare --speed 60", SIZE);
    terminal.shows("11 instances in 2 groups");
    previewed(&mut terminal);
    consented(&mut terminal, "MAKE THE STACK spotdrill?");
    let working = terminal.until("the bar", |screen| screen.contains(" of 9") && screen.contains("making "));
    assert!(working.contains("by AWS's clock"), "{working}");
    let done = terminal.shows("SET UP in ");
    assert!(done.contains("arn:aws:iam::000000000000:role/spot-fis-test"), "{done}");

    terminal.press("P", "prove");
    let proof = terminal.shows("THE CHAIN HOLDS");
    assert!(proof.contains("status 200") && proof.contains("spotdrill/slack-webhook was read"), "{proof}");

    terminal.press("q", "back");
    terminal.press("S", "preview");
    terminal.shows("NOTHING TO CHANGE");
    terminal.press("q", "back");
    terminal.shows("CREATE_COMPLETE since");
    terminal.press("q", "back");
    terminal.press("c", "compose");
    terminal.press("S", "review");
    terminal.shows("no paste");
    terminal.send("web-spot 1");
    terminal.press("enter", "start");
    terminal.until("AWS's own time of the notice", |screen| {
        screen.contains(" events   ") && screen.contains(", notice ") && screen.contains("interruption in")
    });
    terminal.shows("posted to Slack, status 200");
    terminal.shows("HELD  1 interrupted");
    terminal.press("q", "back");
    terminal.shows("in 2 groups");

    terminal.press("D", "doctor");
    let report = terminal.until("a report", |screen| screen.contains("READY FOR A DRILL"));
    assert!(!report.contains("FAIL") && !report.contains("NOT READY"), "{report}");
    terminal.press("s", "setup");

    terminal.press("T", "tear down");
    terminal.shows("- recoverable  secret spotdrill/slack-webhook");
    terminal.press("enter", "confirm");
    terminal.shows("no paste");
    terminal.send("\x1b[200~spotdrill\x1b[201~");
    terminal.shows("pasted text does not count");
    terminal.shows("no paste");
    terminal.send("\r");
    terminal.shows("nothing was taken away: type the words above");
    terminal.send("spotdrill");
    terminal.press("enter", "do it");
    terminal.shows("NOTHING OF SPOTDRILL'S REMAINS");
    terminal.press("P", "prove");
    terminal.shows("there is no stack spotdrill in eu-west-1");
    terminal.press("D", "doctor");
    terminal.shows("NOT READY FOR A DRILL");

    for _ in 0..4 {
        terminal.press("q", "back");
    }
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
    clean("what was written to the terminal", &terminal.bytes());
    for frame in terminal.frames() {
        clean("a frame", &frame);
    }
    assert_eq!(home.journals().len(), 1);
    for (name, text) in home.files() {
        clean(&name, &text);
    }
}

/// A lab of its own process, and what leads to it.
pub(super) fn served(home: &Home) -> (Running, String, Vec<(String, String)>) {
    let mut lab = Running::start(&mut home.spotdrill("lab serve --scenario bare --speed 60"));
    lab.until("or: spotdrill --endpoint-url");
    let exports = lab.heard().lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let word = |text: &str| text.split(' ').next().unwrap().to_owned();
    let exports: Vec<_> = exports.map(|(name, value)| (name.to_owned(), word(value))).collect();
    let url = exports.iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL").unwrap().1.clone();
    (lab, url, exports)
}

#[test]
fn a_preview_that_is_left_leaves_no_stack() {
    let home = Home::new();
    let (_lab, url, exports) = served(&home);
    for leave in ["esc", "ctrl-c twice", "a signal"] {
        let words = format!("--endpoint-url {url}");
        let mut terminal = Terminal::with(&home, &words, SIZE, |command| {
            for (name, value) in &exports {
                command.env(name, value);
            }
        });
        terminal.shows("11 instances in 2 groups");
        previewed(&mut terminal);
        let code = match leave {
            "esc" => {
                terminal.press("q", "back");
                terminal.shows("nothing was changed: the preview is given back");
                terminal.shows("spotdrill  not there");
                terminal.press("q", "back");
                terminal.press("q", "back");
                0
            }
            "a signal" => {
                terminal.signal(rustix::process::Signal::TERM);
                143
            }
            _ => {
                terminal.send("\x03\x03");
                0
            }
        };
        assert_eq!(terminal.end().code, code, "{leave}");
        // what is being deleted is waited for; what stands would be listed
        let look = run(home.spotdrill(&format!("teardown --endpoint-url {url} --yes")).envs(exports.clone()));
        assert!(look.err.contains("stack spotdrill, which does not exist"), "{leave}: {}{}", look.out, look.err);
    }
}

#[test]
fn the_webhook_of_the_environment_is_offered_and_never_shown() {
    let home = Home::new();
    let given = |command: &mut portable_pty::CommandBuilder| command.env("SPOTDRILL_SLACK_WEBHOOK", CANARY);
    let mut terminal = Terminal::with(&home, "--lab bare --speed 60", SIZE, given);
    terminal.shows("11 instances in 2 groups");
    setup(&mut terminal, "from SPOTDRILL_SLACK_WEBHOOK");
    terminal.press("S", "preview");
    terminal.shows("spotdrill/slack-webhook is made");
    consented(&mut terminal, "MAKE THE STACK spotdrill?");
    terminal.press("q", "back");
    terminal.shows("s comes back to it");
    terminal.press("q", "back");
    terminal.shows("LEAVE WHILE THE STACK IS CHANGED?");
    terminal.press("esc", "stay");
    terminal.press("s", "setup");
    terminal.shows("SET UP in ");
    terminal.send("\x03\x03");
    assert_eq!(terminal.end().code, 0);
    clean("what was written to the terminal", &terminal.bytes());
    for (name, text) in home.files() {
        clean(&name, &text);
    }
}
