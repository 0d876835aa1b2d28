//! The screen on a real terminal: keys in, a terminal's parser as the judge of what comes out.

mod account;
mod answers;
mod asked;
mod deleting;
mod dying;
mod frozen;
mod given_back;
mod hostile;
mod lost;
mod poor;
mod resized;
mod taken_over;
mod terminal;

use std::time::Duration;

use crate::program::{Home, run};
use terminal::Terminal;

const SIZE: (u16, u16) = (120, 40);
const CTRL_C: &str = "\x03";
const CTRL_U: &str = "\x15";

/// A fleet of 24 instances, shown.
fn fleet(home: &Home) -> Terminal {
    let mut terminal = Terminal::open(home, "--lab --speed 60", SIZE);
    terminal.shows("24 instances in 4 groups");
    terminal
}

/// A confirm dialog that takes the words `web-spot 1`; the warning gives a drill of fifteen seconds and more.
fn confirming(home: &Home) -> Terminal {
    let mut terminal = Terminal::open(home, "--lab tiny --speed 60", SIZE);
    review(&mut terminal);
    terminal
}

/// From the fleet of the scenario `tiny` to the words.
fn review(terminal: &mut Terminal) {
    terminal.shows("6 instances in 1 group");
    terminal.press("c", "compose");
    terminal.shows("Warning    [2m]");
    terminal.send("\t\t\t15m\r");
    terminal.shows("Warning    [15m]");
    terminal.press("S", "review");
    terminal.shows("no paste");
}

/// From that fleet to a drill.
fn start_a_drill(terminal: &mut Terminal) {
    review(terminal);
    confirm(terminal);
}

/// Types the words once the dialog takes them.
fn confirm(terminal: &mut Terminal) {
    terminal.shows("no paste");
    terminal.send("web-spot 1");
    terminal.press("enter", "start");
}

/// A drill of fifteen seconds and more, of which the first fact was seen.
fn drilling(home: &Home) -> Terminal {
    let mut terminal = Terminal::open(home, "--lab tiny --speed 60", SIZE);
    start_a_drill(&mut terminal);
    terminal.shows("rebalance recommended");
    terminal
}

/// The row that the cursor is on.
fn under_cursor(screen: &str) -> &str {
    screen.lines().find(|line| line.starts_with("┃>")).unwrap_or_default()
}

/// The four rows of the large number below that title.
fn large_number(screen: &str, title: &str) -> Option<String> {
    let below = screen.lines().skip_while(|line| !line.contains(title)).skip(1).take(4);
    let number: String = below.map(|line| line.chars().take(44).chain(['\n']).collect::<String>()).collect();
    screen.contains(title).then_some(number)
}

#[test]
fn a_whole_drill_goes_by_the_keys_that_the_footer_shows() {
    let home = Home::new();
    let mut terminal = fleet(&home);
    assert!(terminal.is_taken());
    terminal.press("/", "filter");
    terminal.send("web-spot");
    terminal.shows("8 of 24 match");
    terminal.press("enter", "keep");
    terminal.send("j");
    terminal.until("the cursor on an instance", |screen| under_cursor(screen).contains("[ ] i-"));
    terminal.press("space", "mark");
    terminal.shows("marked 1 of 24");
    terminal.press("space", "mark");
    terminal.shows("marked 2 of 24");
    terminal.press("c", "compose");
    terminal.shows("2 marked");
    terminal.press("S", "review");
    terminal.shows("INTERRUPT 2 SPOT INSTANCES?");
    terminal.shows("no paste");
    terminal.send("web-spot 2");
    terminal.shows("complete: enter starts");
    terminal.press("enter", "start");
    let began = terminal.frames().len();
    terminal.shows("interruption in");
    terminal.shows("POINT OF NO RETURN");
    terminal.shows("posted to Slack, status 200");
    terminal.shows("new in web-spot");
    terminal.shows("terminated");
    terminal.shows("HELD  2 interrupted, 2 replaced");
    let mut numbers: Vec<_> =
        terminal.frames()[began..].iter().filter_map(|frame| large_number(frame, "interruption in")).collect();
    numbers.dedup();
    assert!(numbers.len() > 1, "the countdown stood still: {numbers:?}");
    terminal.press("q", "back");
    terminal.shows("in 4 groups");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
    let drills = run(&mut home.spotdrill("drills"));
    let row = drills.out.lines().find(|line| line.contains("web-spot 2")).unwrap_or_default();
    assert!(row.contains(" held "), "{}", drills.out);
}

#[test]
fn only_the_words_typed_into_the_open_dialog_start_a_drill() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, "--lab tiny --speed 60", SIZE);
    terminal.shows("6 instances in 1 group");
    terminal.press("c", "compose");
    terminal.until("S in the footer", |screen| screen.trim_end().ends_with("? help") && screen.contains(" S review"));
    terminal.shows("[ review and start ]");
    terminal.send("Sweb-spot 1\r");
    let dialog = terminal.shows("no paste");
    assert!(dialog.contains("[_ "), "keys of the instant that opened it:\n{dialog}");
    terminal.send("\r");
    terminal.shows("nothing was started: type the words above");
    terminal.send("web-spot 2\r");
    terminal.shows("nothing was started: these are not the words");
    terminal.send(CTRL_U);
    terminal.send("\x1b[200~web-spot 1\x1b[201~");
    terminal.shows("pasted text does not count");
    terminal.send("\r");
    terminal.shows("not yet: the field opens in a second");
    terminal.shows("no paste");
    terminal.send("\r");
    terminal.shows("nothing was started: type the words above");
    terminal.send("web-spot 1");
    terminal.shows("complete: enter starts");
    assert_eq!(home.journals().len(), 0);
    terminal.press("enter", "start");
    terminal.shows("confirmed, typed: web-spot 1");
    assert_eq!(home.journals().len(), 1);
}

#[test]
fn a_terminal_that_is_too_small_says_so_and_then_shows_the_same_screen_again() {
    let home = Home::new();
    let mut terminal = fleet(&home);
    terminal.send("jj ");
    let before = terminal.shows("marked 1 of 24");
    terminal.resize(20, 5);
    terminal.until("the card", |screen| screen.contains("too small") && screen.contains(" 20x5 "));
    terminal.resize(SIZE.0, SIZE.1);
    terminal.until("the same screen", |screen| screen == before);
}

#[test]
fn the_first_key_after_a_change_of_size_counts() {
    let home = Home::new();
    let mut terminal = fleet(&home);
    for width in [100, 80, 120, 90] {
        terminal.resize(width, 40);
        terminal.send("?");
        terminal.shows("esc closes");
        terminal.resize(width + 1, 40);
        terminal.send("\x1b");
        terminal.until("the fleet alone", |screen| screen.contains("in 4 groups") && !screen.contains("esc closes"));
    }
}

#[test]
fn a_drill_goes_on_while_the_terminal_is_too_small() {
    let home = Home::new();
    let mut terminal = drilling(&home);
    terminal.resize(20, 5);
    terminal.until("the card", |screen| screen.contains("too small") && screen.contains("drill goes on"));
    terminal.resize(SIZE.0, SIZE.1);
    terminal.shows("HELD  1 interrupted");
}

#[test]
fn ctrl_c_twice_leaves_from_anywhere_and_gives_the_terminal_back() {
    let home = Home::new();
    let mut terminal = confirming(&home);
    terminal.send(CTRL_C);
    terminal.until("the dialog closed", |screen| !screen.contains("INTERRUPT"));
    terminal.press("S", "review");
    terminal.shows("no paste");
    terminal.send(&CTRL_C.repeat(2));
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}

#[test]
fn ctrl_c_twice_leaves_a_drill_and_says_what_becomes_of_it() {
    let home = Home::new();
    let mut terminal = drilling(&home);
    terminal.send(CTRL_C);
    terminal.shows("LEAVE WHILE THE DRILL RUNS?");
    terminal.send(CTRL_C);
    assert_eq!(terminal.end().code, 0);
    let bytes = terminal.bytes();
    let said = bytes.rsplit("\x1b[?1049l").next().unwrap(); // on the main screen
    assert!(said.contains("left: the lab ended with this program"), "{said:?}");
    terminal.assert_given_back();
}

#[test]
fn without_colours_the_selected_row_is_still_inverse() {
    let home = Home::new();
    assert!(!colours(&fleet(&home).bytes()).is_empty(), "the scan finds colours where there are some");
    let no_color = |command: &mut portable_pty::CommandBuilder| command.env("NO_COLOR", "1");
    let mut terminal = Terminal::with(&home, "--lab", (80, 24), no_color);
    let row_of_cursor = |screen: &str| screen.lines().position(|line| line.starts_with("┃>")).unwrap_or_default();
    terminal.shows("24 instances");
    for _ in 0..2 {
        let row = row_of_cursor(&terminal.screen()); // before the key: it may be answered at once
        terminal.send("j");
        let screen = terminal.until("the cursor further down", |screen| row_of_cursor(screen) > row);
        let row = u16::try_from(row_of_cursor(&screen)).unwrap();
        assert_eq!(terminal.inverse_rows(), [0, row], "header and cursor");
    }
    assert_eq!(colours(&terminal.bytes()), [""; 0]);
}

/// The parts of the stream that set a colour.
fn colours(stream: &str) -> Vec<&str> {
    let is_colour = |number: &str| matches!(number.parse(), Ok(30..=38 | 40..=48 | 90..=107));
    let styles = stream.split("\x1b[").filter_map(|part| Some(part.split_once('m')?.0));
    styles.filter(|style| style.split([';', ':']).any(is_colour)).collect()
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let home = Home::new();
    let terminal = fleet(&home);
    assert!(terminal.is_silent_for(Duration::from_secs(2)), "{:?}", terminal.bytes());
}

#[test]
fn a_terminal_on_one_end_alone_is_refused_and_the_way_without_is_named() {
    for script in ["exec \"$0\" --lab </dev/null", "exec \"$0\" --lab >/dev/null"] {
        let home = Home::new();
        let left = Terminal::shell(&home, script, SIZE).end();
        assert_eq!(left.code, 2, "{script}: {}", left.screen);
        assert!(left.screen.contains("spotdrill run"), "{script}: {}", left.screen);
    }
}

#[test]
fn a_template_that_is_there_is_previewed_and_started_as_it_is_by_keys() {
    let home = Home::new();
    let (_server, url, exports) = crate::cli::served(&home, "--speed 60");
    let id = crate::existing::program::one_of_web_spot(&exports);
    let with_keys = |command: &mut portable_pty::CommandBuilder| {
        for (name, value) in &exports {
            command.env(name, value);
        }
    };
    let mut terminal = Terminal::with(&home, &format!("--endpoint-url {url}"), SIZE, with_keys);
    terminal.shows("24 instances in 4 groups");
    terminal.press("t", "templates");
    let listed = terminal.shows("2 templates interrupt spot instances");
    assert!(listed.contains(&id) && listed.contains("one-of-web"), "{listed}");
    if !under_cursor(&listed).contains(&id) {
        terminal.send("j");
        terminal.until("the cursor on it", |screen| under_cursor(screen).contains(&id));
    }
    let (_open, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(std::time::Duration::from_millis(1500)); // no key begins a preview in the first second
    terminal.press("enter", "preview");
    terminal.shows("FIS resolves the targets, all actions skipped");
    terminal.shows("no alarm would stop the experiment");
    terminal.send("o");
    terminal.shows("A REASON");
    terminal.send("watched by us\r");
    let previewed = terminal.shows("FIS chooses again at the start");
    assert!(previewed.contains("1 of 8 running spot") && previewed.contains("shop/web-spot"), "{previewed}");
    terminal.press("S", "review");
    terminal.shows("NOT PINNED");
    terminal.shows("no paste");
    terminal.send("web-spot 1");
    terminal.press("enter", "start");
    terminal.shows("as it is");
    terminal.shows("HELD  1 interrupted");
    terminal.press("q", "back");
    terminal.shows("in 4 groups");
    terminal.press("t", "templates");
    terminal.shows(&id);
    terminal.press("q", "back");
    terminal.shows("in 4 groups");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}
