//! The commands that delete, `gc` and `teardown`, in an account that is served: what they ask, of whom, and what is left then.

use std::{collections::BTreeSet, process::Command};

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use spotdrill::drill::template::DRILL_TAG;

use super::{CTRL_C, terminal::Terminal};
use crate::{
    cli::served,
    existing::program::{now, sdk},
    gc::{LEFT, template},
    program::{Home, Running, run, wait_until},
};

const SIZE: (u16, u16) = (120, 50);
const DONE: i32 = 0;
const USAGE: i32 = 2;
const GUARDED: i32 = 3;
const AWS: i32 = 5;
/// What may be typed instead of a yes, and how that ends.
const NOT_YES: [(&str, u32); 7] =
    [("\n", 4), ("no\n", 4), ("y\n", 4), ("YES\n", 4), ("yes please\n", 4), ("\x04", 4), (CTRL_C, 130)];

struct Account {
    home: Home,
    _server: Running,
    url: String,
    exports: Vec<(String, String)>,
}

impl Account {
    fn open(scenario: &str) -> Self {
        let home = Home::new();
        let (server, url, exports) = served(&home, &format!("--scenario {scenario} --speed 600"));
        Self { home, _server: server, url, exports }
    }

    fn spotdrill(&self, words: &str) -> Command {
        let mut command = self.home.spotdrill(&format!("{words} --endpoint-url {}", self.url));
        command.envs(self.exports.clone());
        command
    }

    fn terminal(&self, words: &str) -> Terminal {
        Terminal::with(
            &self.home,
            &format!("{words} --endpoint-url {}", self.url),
            SIZE,
            |command: &mut CommandBuilder| {
                self.exports.iter().for_each(|(name, value)| command.env(name, value));
            },
        )
    }

    /// Its templates, its locks and its stacks.
    fn inventory(&self) -> BTreeSet<String> {
        let sdk = sdk(&self.exports);
        let templates = now(aws_sdk_fis::Client::new(&sdk).list_experiment_templates().send()).unwrap();
        let locks = aws_sdk_ssm::Client::new(&sdk).get_parameters_by_path().path("/spotdrill").recursive(true);
        let locks = now(locks.send()).unwrap();
        let stacks = now(aws_sdk_cloudformation::Client::new(&sdk).describe_stacks().send()).unwrap();
        let templates = templates.experiment_templates().iter().filter_map(|template| template.id());
        let locks = locks.parameters().iter().filter_map(|lock| lock.name());
        let stacks = stacks.stacks().iter().filter_map(|stack| stack.stack_name());
        templates.chain(locks).chain(stacks).map(str::to_owned).collect()
    }

    /// A template with these tags.
    fn template(&self, tags: &[(&str, &str)]) -> String {
        now(template(&aws_sdk_fis::Client::new(&sdk(&self.exports)), tags))
    }

    /// One of a drill that is over, once it is old enough to go: what `gc` says of it where it may not delete.
    fn left(&self) -> (String, String) {
        let id = self.template(&[(DRILL_TAG, LEFT), ("Name", &format!("spotdrill {LEFT}"))]);
        let mut said = String::new();
        wait_until("the time after which it goes", || {
            let looked = run(&mut self.spotdrill("gc --read-only --yes"));
            said = looked.err;
            let goes = said.contains(&format!("goes   FIS template {id}: drill {LEFT} is over"));
            assert_eq!(looked.code, Some(if goes { GUARDED } else { DONE }), "{said}");
            goes
        });
        assert!(said.contains("nothing was deleted: this is --read-only"), "{said}");
        (id, said)
    }

    /// Whoever cannot or does not say yes changes nothing.
    fn asks(&self, command: &str, question: &str) {
        let before = self.inventory();
        let unasked = run(&mut self.spotdrill(command));
        assert_eq!(unasked.code, Some(GUARDED), "{}", unasked.err);
        assert!(unasked.err.contains("nothing was changed") && unasked.err.contains("pass --yes"), "{}", unasked.err);
        for (answer, code) in NOT_YES {
            let mut terminal = self.terminal(command);
            terminal.says(question);
            terminal.send(answer);
            let left = terminal.end();
            assert_eq!(left.code, code, "{command}, {answer:?}: {}", left.screen);
            assert!(left.screen.contains("nothing was changed"), "{command}, {answer:?}: {}", left.screen);
            terminal.assert_modes_are_back();
        }
        assert_eq!(self.inventory(), before, "{command}");
    }

    /// What the terminal shows after a yes.
    fn yes(&self, command: &str, question: &str) -> String {
        let mut terminal = self.terminal(command);
        terminal.says(question);
        terminal.send("yes\n");
        let left = terminal.end();
        assert_eq!(left.code, 0, "{command}: {}", left.screen);
        left.screen
    }

    /// A drill that is left when its experiment has started; nobody looks after it until it is come back to.
    fn left_drill(&self) {
        let mut drill = Running::start(&mut self.spotdrill("run --group web-spot --count 1 --yes --format ndjson"));
        drill.until("experiment-started");
        drill.signal(Signal::KILL);
        assert_eq!(drill.end().code, None);
    }
}

#[test]
fn gc_deletes_what_is_left_after_a_yes_alone() {
    const ASKS: &str = "Delete what goes? Type yes to go on: ";
    let account = Account::open("tiny");
    let theirs = account.template(&[]);
    let copy = account.template(&[(DRILL_TAG, LEFT), ("Name", "my copy")]);
    let untouched = account.inventory();
    account.left_drill();
    let under_way = account.inventory();
    assert_eq!(under_way.len(), untouched.len() + 2, "its template and its lock: {under_way:?}");
    let (ours, listed) = account.left();
    assert!(!listed.contains(&theirs) && listed.contains(&format!("stays  FIS template {copy}")), "{listed}");
    for needed in under_way.difference(&untouched) {
        let row = listed.lines().find(|row| row.contains(needed)).unwrap_or_default();
        assert!(row.contains("stays") && row.contains("spotdrill attach"), "{needed} in {listed}");
    }
    assert!(account.inventory().contains(&ours), "read-only deletes nothing");
    account.asks("gc", ASKS);

    let said = account.yes("gc", ASKS);
    assert!(said.contains(&format!("deleted  FIS template {ours}")), "{said}");
    assert_eq!(account.inventory(), under_way);
    let again = run(&mut account.spotdrill("gc"));
    assert_eq!(
        (again.code, again.out.as_str()),
        (Some(DONE), "nothing is left of drills that are over\n"),
        "{again:?}"
    );

    let (ours, _) = account.left();
    let unasked = run(&mut account.spotdrill("gc --yes"));
    assert_eq!((unasked.code, unasked.out), (Some(DONE), format!("deleted  FIS template {ours}\n")), "{}", unasked.err);
    assert_eq!(account.inventory(), under_way);

    let back = run(&mut account.spotdrill("attach --format text"));
    assert_eq!(back.code, Some(DONE), "{}{}", back.out, back.err);
    let last = run(&mut account.spotdrill("gc --yes"));
    assert!(last.code == Some(DONE) && last.out.starts_with("deleted  lock of a group "), "{last:?}");
    assert_eq!(account.inventory(), untouched);
}

#[test]
fn gc_that_cannot_look_says_why() {
    let home = Home::new();
    for (words, code, why) in [
        ("gc everything", USAGE, "everything"),
        ("gc --region eu-west-1", AWS, "credentials"),
        ("gc --endpoint-url http://10.1.2.3:4566", USAGE, "https://"),
    ] {
        let ended = run(&mut home.spotdrill(words));
        assert!(ended.code == Some(code) && ended.err.contains(why) && ended.out.is_empty(), "{words}: {ended:?}");
    }
}

#[test]
fn teardown_takes_all_away_after_a_yes_alone() {
    const ASKS: &str = "Take all of it away? Type yes to go on: ";
    let account = Account::open("default");
    let before = account.inventory();
    assert!(before.contains("spotdrill"), "the stack is there: {before:?}");
    account.asks("teardown", ASKS);
    for words in ["teardown --read-only", "teardown --read-only --yes"] {
        let refused = run(&mut account.spotdrill(words));
        assert_eq!(refused.code, Some(GUARDED), "{words}: {}", refused.err);
        assert!(refused.err.contains("nothing was changed: this is --read-only"), "{words}: {}", refused.err);
        assert!(!refused.err.contains("deleting"), "{words}: {}", refused.err);
    }
    assert_eq!(account.inventory(), before);

    account.left_drill();
    let refused = run(&mut account.spotdrill("teardown --yes"));
    assert!(refused.code == Some(GUARDED) && refused.err.contains("a drill"), "{refused:?}");
    let back = run(&mut account.spotdrill("attach --format text"));
    assert_eq!(back.code, Some(DONE), "{}{}", back.out, back.err);

    let said = account.yes("teardown", ASKS);
    assert!(said.contains("nothing of spotdrill's remains"), "{said}");
    assert_eq!(account.inventory(), BTreeSet::new());
    let again = run(&mut account.spotdrill("teardown"));
    assert_eq!((again.code, again.out.as_str()), (Some(DONE), "nothing of spotdrill's was there\n"), "{}", again.err);
}
