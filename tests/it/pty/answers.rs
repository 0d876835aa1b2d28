//! What terminals answer, coming in as input, and an enemy's keys: nothing of it acts, least of all in the dialog that starts a
//! drill.

use spotdrill::{
    app::{Effect, Msg},
    drill::fleet::World,
    term::input::{Input, keys::Keys},
};

use super::{confirming, drilling, fleet, terminal::Terminal};
use crate::{
    figure::figure,
    program::Home,
    screens::{Session, composed, confirming as confirming_session, listed, warned},
};

/// What terminals answer to what they are asked, or say by themselves. The titles and the clipboard are those of an enemy.
const ANSWERS: [&str; 42] = [
    "\x1b[?62;c",
    "\x1b[?1;2c",
    "\x1b[?64;1;2;6;9;15;18;21;22c",
    "\x1b[>41;354;0c",
    "\x1b[=00000000c",
    "\x1b[c",
    "\x1b[0n",
    "\x1b[3n",
    "\x1b[?13n",
    "\x1b[24;80R",
    "\x1b[1;1R",
    "\x1b[1;2R",
    "\x1b[?24;80;1R",
    "\x1b[?2026;2$y",
    "\x1b[?1049;1$y",
    "\x1b[4;2$y",
    "\x1b[2;1;1;112;112;1;0x",
    "\x1b[8;24;80t",
    "\x1b[4;600;800t",
    "\x1b[3;0;0t",
    "\x1b[1t",
    "\x1b[?0u",
    "\x1b[?1u",
    "\x1b[>4;2m",
    "\x1b[?1;0;256S",
    "\x1b[I\x1b[O",
    "\x1b[<0;10;10M\x1b[<0;10;10m",
    "\x1b[M !!\x1b[Mqqq",
    "\x1b]11;rgb:1d1d/1f1f/2121\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1b]4;1;rgb:cd/00/00\x07",
    "\x1b]12;?\x07",
    "\x1b]52;c;d2ViLXNwb3QgMQ==\x07",
    "\x1b]lweb-spot 1\r\x1b\\",
    "\x1b]L\u{131c}web-spot 1\r\x1b\\",
    "\x1b]99;i=1;qXq\x1b\\",
    "\x1bP>|XTerm(397)\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1bP!|00000000\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^qXq\x1b\\",
];

/// All that is read of these pieces, once nothing more comes.
fn read(pieces: &[&[u8]]) -> Vec<Input> {
    let (mut keys, mut found) = (Keys::default(), Vec::new());
    for piece in pieces {
        keys.take(piece, &mut found);
    }
    keys.silent(&mut found);
    found
}

fn chords(found: &[Input]) -> Vec<String> {
    let told = |input: &Input| match input {
        Input::Key(chord) => chord.to_string(),
        other => panic!("{other:?}"),
    };
    found.iter().map(told).collect()
}

#[test]
fn no_answer_of_a_terminal_is_a_key() {
    let (mut whole, mut pieces, mut keys) = (0, 0, Vec::new());
    for answer in ANSWERS {
        keys.extend(chords(&read(&[answer.as_bytes()])));
        whole += 1;
        assert_eq!(chords(&read(&[format!("a{answer}b").as_bytes()])), ["a", "b"], "{answer:?}");
        for at in 1..answer.len() {
            let (head, tail) = answer.as_bytes().split_at(at);
            let found = chords(&read(&[head, tail]));
            pieces += 1;
            keys.extend(found.into_iter().map(|key| format!("{key} of {answer:?} in pieces at {at}")));
        }
    }
    figure(
        "answers of terminals",
        format_args!("{whole} whole, {pieces} in two pieces, {} keys read of them", keys.len()),
    );
    assert_eq!(keys, [""; 0]);
}

#[test]
fn an_answer_that_comes_late_after_its_esc_is_no_key_but_that() {
    for answer in ANSWERS {
        let (mut keys, mut found) = (Keys::default(), Vec::new());
        keys.take(&answer.as_bytes()[..1], &mut found);
        keys.silent(&mut found);
        keys.take(&answer.as_bytes()[1..], &mut found);
        let told = chords(&found);
        assert!(told.iter().all(|key| key == "esc") && told.len() <= 2, "{answer:?}: {told:?}");
    }
}

#[test]
fn answers_move_nothing_on_any_screen() {
    let all = ANSWERS.concat();
    let open: [fn(&Home) -> Terminal; 3] = [fleet, confirming, drilling];
    for (number, open) in open.into_iter().enumerate() {
        let home = Home::new();
        let mut terminal = open(&home);
        if number == 1 {
            terminal.send("web-sp");
            terminal.shows("[web-sp");
        }
        let before = terminal.screen();
        terminal.send(&all);
        match number {
            0 => {
                terminal.send("?"); // the next key counts, so all before it was read
                terminal.shows("esc closes");
                terminal.send("\x1b");
                terminal.until("the same screen", |screen| screen == before);
            }
            1 => {
                terminal.send("ot 1");
                terminal.shows("complete: enter starts");
                assert_eq!(home.journals().len(), 0);
            }
            _ => {
                terminal.shows("HELD  1 interrupted");
            }
        }
    }
}

/// What an enemy may type, or a friend by mistake; a number is so many quarters of a second.
enum Part {
    Bytes(&'static str),
    Ticks(usize),
}
use Part::{Bytes as B, Ticks as T};

/// In a fleet where the words of a drill would be `web 3`; none of them is those words typed into the open dialog, and enter.
const SCRIPTS: [&[Part]; 50] = [
    &[B("cSweb 3\r")],
    &[B("jjjcSweb 3\r\r\r")],
    &[B("Sweb 3\rSweb 3\rSweb 3\r")],
    &[B("\r\r\r\r\r\r\r\r"), T(4), B("\r\r\r")],
    &[B("yyyyyyyy\r"), T(4), B("y\ry\ryes\r")],
    &[B("YES\r"), T(4), B("YES\r")],
    &[B("web 3"), T(4), B("\r")],
    &[B("web 3"), T(3), B("web 3\r")],
    &[T(4), B("web 3"), B("\x1b")],
    &[T(4), B("web 3\n")],
    &[T(4), B("web 3\x03\r")],
    &[T(4), B("web 3 \r")],
    &[T(4), B(" web 3\r")],
    &[T(4), B("Web 3\r")],
    &[T(4), B("WEB 3\r")],
    &[T(4), B("web  3\r")],
    &[T(4), B("web\t3\r")],
    &[T(4), B("web 3.\r")],
    &[T(4), B("web 03\r")],
    &[T(4), B("web 2\r")],
    &[T(4), B("web\r3\r")],
    &[T(4), B("w\u{435}b 3\r")],
    &[T(4), B("web \u{ff13}\r")],
    &[T(4), B("web\u{a0}3\r")],
    &[T(4), B("web\u{200b} 3\r")],
    &[T(4), B("\u{202e}web 3\r")],
    &[T(4), B("web\u{ad} 3\r")],
    &[T(4), B("\u{feff}web 3\r")],
    &[T(4), B("we\u{301}b 3\r")],
    &[T(4), B("\u{1d430}eb 3\r")],
    &[T(4), B("\x1b[200~web 3\x1b[201~"), T(1), B("\r")],
    &[T(4), B("\x1b[200~web 3\r\x1b[201~"), T(1), B("\r")],
    &[T(4), B("\x1b[200~x\x1b[201~web 3\r")],
    &[T(4), B("\x1b[200~web 3\r")],
    &[T(4), B("\x1b[200~we\x1b[201~"), T(1), B("b 3\r")],
    &[T(4), B("web\x1b[200~ 3\x1b[201~"), T(1), B("\r")],
    &[T(4), B("web 3\x1b[200~\x1b[201~"), T(1), B("\r")],
    &[T(4), B("\x1b]lweb 3\r\x1b\\")],
    &[T(4), B("\x1b]Lweb 3\r\x07")],
    &[T(4), B("\x1bP1$rweb 3\r\x1b\\")],
    &[T(4), B("\x1b_web 3\r\x1b\\")],
    &[T(4), B("\x1b^web 3\r\x1b\\")],
    &[T(4), B("\x1bXweb 3\r\x1b\\")],
    &[T(4), B("\u{9d}lweb 3\r\u{9c}")],
    &[T(4), B("we"), B("\x1b]52;c;d2ViIDM=\x07"), B("\r")],
    &[T(4), B("web"), B("\x1b[24;80R"), B("\x1b[0n\r")],
    &[T(4), B("web 3\x1b[13;2:3u")],
    &[T(4), B("\x1bweb 3\r")],
    &[T(4), B("\x1bw\x1be\x1bb\x1b \x1b3\x1b\r")],
    &[T(4), B("web 3\x7f\r"), B("\x15\r"), B("\x17\r")],
];

/// Plays the script on a screen; how many drills that starts.
fn starts(mut session: Session, script: &[Part]) -> usize {
    let mut keys = Keys::default();
    let play = |session: &mut Session, found: Vec<Input>| {
        for input in found {
            let msg = match input {
                Input::Key(chord) => Msg::Key(chord),
                Input::Paste(text) => Msg::Paste(text),
                Input::Gone => panic!("nobody hung up"),
            };
            session.tell(msg);
        }
    };
    for part in script {
        let mut found = Vec::new();
        match part {
            B(bytes) => keys.take(bytes.as_bytes(), &mut found),
            T(ticks) => {
                keys.silent(&mut found);
                session.ticks(*ticks);
            }
        }
        play(&mut session, found);
    }
    let mut found = Vec::new();
    keys.silent(&mut found);
    play(&mut session, found);
    session.effects.iter().filter(|effect| matches!(effect, Effect::StartDrill { .. })).count()
}

#[test]
fn an_enemys_keys_start_nothing() {
    let screens: [fn() -> Session; 4] =
        [|| listed(World::Aws), || composed(World::Aws), || confirming_session(World::Aws), || warned(World::Aws)];
    let started: usize = screens
        .iter()
        .map(|open| SCRIPTS.iter().map(|script| starts(open(), script) - of_itself(&open())).sum::<usize>())
        .sum();
    let meant: &[Part] = &[T(4), B("web 3\r")];
    assert_eq!(
        starts(confirming_session(World::Aws), meant),
        1,
        "the words themselves start one, so the scripts are real"
    );
    figure(
        "hostile keys",
        format_args!("{} scripts on {} screens, {started} drills started", SCRIPTS.len(), screens.len()),
    );
    assert_eq!(started, 0);
}

/// A session that is already in a drill has started it.
fn of_itself(session: &Session) -> usize {
    session.effects.iter().filter(|effect| matches!(effect, Effect::StartDrill { .. })).count()
}

#[test]
fn an_enemys_keys_start_nothing_on_a_terminal() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, "--lab tiny --speed 60", super::SIZE);
    terminal.shows("6 instances in 1 group");
    // all at once, before anything is seen of it: one of these keys leaves for another screen
    terminal.send("cSweb-spot 1\r\r\r");
    terminal.shows("no FIS template");
    terminal.send("q");
    terminal.shows("[ review and start ]");
    terminal.send("S");
    terminal.shows("arming ...");
    terminal.send("web-spot 1\r\r\r");
    terminal.shows("no paste");
    for script in ["\r", "\x1b[200~web-spot 1\x1b[201~\r", "\x1b]lweb-spot 1\r\x1b\\", "\x1bP1$rweb-spot 1\r\x1b\\"] {
        terminal.send(script);
    }
    terminal.until("one paste that does not count", |screen| screen.contains("pasted text does not count"));
    terminal.send(super::CTRL_C);
    terminal.until("no dialog", |screen| !screen.contains("INTERRUPT"));
    assert_eq!(home.journals().len(), 0);
}
