//! The commands as processes, against a lab that is served: killed, and run again.

use std::process::Command;

use rustix::process::Signal;

use super::CANARY;
use crate::{
    cli::served,
    program::{Home, Running, run},
};

#[test]
fn setup_that_is_killed_is_made_good_by_running_it_again() {
    let home = Home::new();
    let lab = Lab::open(&home, 60);
    for moment in ["storing the webhook", "changing the stack", "1/9", "5/9"] {
        let mut first = Running::start(lab.spotdrill("setup --yes").env("SPOTDRILL_SLACK_WEBHOOK", CANARY));
        first.until_complains(moment);
        first.signal(Signal::KILL);
        assert_eq!(first.end().code, None, "{moment}");
        let again = run(lab.spotdrill("setup --yes --format json").env("SPOTDRILL_SLACK_WEBHOOK", CANARY));
        assert_eq!(again.code, Some(0), "{moment}: {}", again.err);
        let proved = run(&mut lab.spotdrill("prove"));
        assert_eq!(proved.code, Some(0), "{moment}: {}{}", proved.out, proved.err);
        let gone = run(&mut lab.spotdrill("teardown --yes"));
        assert_eq!(gone.code, Some(0), "{moment}: {}{}", gone.out, gone.err);
    }
}

/// A lab that is served, and the program with its keys.
pub(super) struct Lab<'h> {
    home: &'h Home,
    pub(super) serving: Running,
    exports: Vec<(String, String)>,
    url: String,
}

impl<'h> Lab<'h> {
    /// A bare account, in which time passes so fast.
    pub(super) fn open(home: &'h Home, speed: u32) -> Self {
        let (serving, url, exports) = served(home, &format!("--scenario bare --speed {speed}"));
        let exports = exports.into_iter().filter(|(name, _)| name != "AWS_ENDPOINT_URL").collect();
        Self { home, serving, exports, url }
    }

    pub(super) fn secret_key(&self) -> String {
        self.exports.iter().find(|(name, _)| name == "AWS_SECRET_ACCESS_KEY").unwrap().1.clone()
    }

    pub(super) fn spotdrill(&self, words: &str) -> Command {
        let mut command = self.home.spotdrill(&format!("{words} --endpoint-url {}", self.url));
        command.envs(self.exports.clone());
        command
    }
}

#[test]
fn an_account_that_was_set_up_is_added_to_the_settings_once() {
    let home = Home::new();
    let bare = run(&mut home.spotdrill("lab scenarios bare")).out;
    let scenario = format!("account = \"123456789012\"\n{bare}");
    let scenario = home.write("mine.toml", &scenario).display().to_string();
    let settings = home.write("config/spotdrill/config.toml", "# mine\nascii = true\n");
    for _ in 0..2 {
        let set_up = run(&mut home.spotdrill(&format!("setup --lab {scenario} --speed 100 --no-slack --yes")));
        assert_eq!(set_up.code, Some(0), "{}", set_up.err);
        let settings = std::fs::read_to_string(&settings).unwrap();
        assert_eq!(settings, "# mine\nascii = true\naccounts = [\"123456789012\"]\n");
    }
}

#[test]
fn setup_that_nobody_can_be_asked_about_says_how_to_go_on() {
    let home = Home::new();
    let said = run(&mut home.spotdrill("setup --lab bare --speed 100"));
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("--slack-webhook-file") && said.err.contains("--no-slack"), "{}", said.err);
    let said = run(&mut home.spotdrill("setup --lab bare --speed 100 --no-slack"));
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("pass --yes"), "{}", said.err);
    let empty = home.write("empty", "\n").display().to_string();
    let said = run(&mut home.spotdrill(&format!("setup --lab bare --yes --slack-webhook-file {empty}")));
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("the webhook is empty"), "{}", said.err);
}

#[test]
fn what_is_printed_can_be_deployed_by_hand() {
    let home = Home::new();
    let printed = |what: &str| run(&mut home.spotdrill(&format!("setup --print {what}"))).out;
    assert_eq!(printed(""), spotdrill::stack::TEMPLATE);
    for policy in ["operator", "setup", "fis-role", "lambda-role"] {
        let policy: serde_json::Value = serde_json::from_str(&printed(policy)).unwrap();
        assert!(policy["Statement"].is_array());
    }
}
