//! The commands as processes, against a lab that is served: killed, and run again.

use std::process::Command;

use rustix::process::Signal;

use super::CANARY;
use crate::program::{Home, Running, run};

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
    keys: Vec<(&'static str, String)>,
    url: String,
}

impl<'h> Lab<'h> {
    /// A bare account, in which time passes so fast.
    pub(super) fn open(home: &'h Home, speed: u32) -> Self {
        let mut serving = Running::start(&mut home.spotdrill(&format!("lab serve --scenario bare --speed {speed}")));
        serving.until("endpoint-url http");
        let said = |name: &str| {
            let start = format!("export {name}=");
            serving.heard().lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
        };
        let keys = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, said(name)));
        let (keys, url) = (keys.to_vec(), said("AWS_ENDPOINT_URL"));
        Self { home, serving, keys, url }
    }

    pub(super) fn spotdrill(&self, words: &str) -> Command {
        let mut command = self.home.spotdrill(&format!("{words} --endpoint-url {}", self.url));
        command.envs(self.keys.clone());
        command
    }
}
