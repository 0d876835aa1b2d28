//! The arguments, and their help. Knows clap and what can be checked without asking anyone.

pub(super) mod stack;

use std::time::Duration;

use clap::{ArgGroup, Args as Group, Parser, Subcommand, ValueEnum};

use super::again::Again;
use crate::{
    aws::is_loopback,
    drill::{
        guard::overriding::Override,
        id::{InstanceId, TemplateId},
        plan::{Selection, Wish},
        warning::{Warning, parse_duration},
    },
    run::world::Door,
    text::{SafeText, acts},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  finished, and the drill held
  1  finished, and the drill failed
  2  wrong usage
  3  refused by a guard; nothing was started, or no wave after the first because nobody was here to be asked
  4  aborted by the operator
  5  AWS refused or cannot be reached
  101  a mistake of spotdrill's own
  128+N  ended by signal N, such as 130 by Ctrl-C; what is left is said

Try it without an account:  spotdrill --lab --speed 10";

/// Spot-interruption game days on AWS: pick spot instances, confirm, and watch the interruption happen.
///
/// Without a command it opens the screen: fleet, compose, confirm, live. It starts the AWS FIS experiment
/// `aws:ec2:send-spot-instance-interruptions` on exactly the instances that were confirmed.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, subcommand_precedence_over_arg = true)]
pub struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The profile of the AWS configuration to use
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The AWS region
    #[arg(long, global = true)]
    region: Option<String>,
    /// An AWS region in a box instead of AWS: no account is needed, nothing real is hit
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "default")]
    pub(super) lab: Option<String>,
    /// How many seconds pass in the lab in one of ours, 0.1 to 1000
    #[arg(long, global = true, value_name = "N", value_parser = speed)]
    pub(super) speed: Option<f64>,
    /// The seed of random choices, and of the lab's history
    #[arg(long, global = true, value_name = "N")]
    seed: Option<u64>,
    /// Refuse everything that would change something
    #[arg(long, global = true)]
    pub(super) read_only: bool,
    /// Any server that speaks AWS's protocols, such as `spotdrill lab serve`
    #[arg(long, global = true, value_name = "URL", value_parser = url)]
    pub(super) endpoint_url: Option<String>,
    /// The role that FIS runs experiments with: a name in the account, or an ARN
    #[arg(long, global = true, value_name = "ROLE", value_parser = role)]
    pub(super) fis_role: Option<String>,
    /// The CloudWatch alarm that stops the experiment: a name, or an ARN
    #[arg(long, global = true, value_name = "ALARM")]
    pub(super) stop_alarm: Option<String>,
    /// How long past the expected interruption a drill waits for its targets to go and to be replaced
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(super) settle: Option<Duration>,
    /// A health URL to ask every 5 seconds while a drill runs, instead of the settings'; may be given up to 5 times
    ///
    /// 2xx is well. Anything else, or no whole answer within 5 seconds, is not: the drill says when and for how long, and has
    /// not held. Redirects are not followed, and link-local addresses, where machines get their credentials, never reached.
    #[arg(long, global = true, value_name = "URL")]
    pub(super) check: Vec<String>,
    /// Let checks ask this machine itself; in a lab they ask no other
    #[arg(long, global = true)]
    pub(super) check_local: bool,
    /// Draw with ASCII characters alone
    #[arg(long, global = true)]
    pub(super) ascii: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List node groups and instances
    Fleet {
        #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
        format: FleetFormat,
    },
    /// List the FIS templates of the account that interrupt spot instances
    Templates {
        #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
        format: FleetFormat,
    },
    /// Run a drill without a screen
    ///
    /// Ctrl-C or SIGUSR1 asks FIS to stop the experiment and watches on, as `spotdrill abort` does from anywhere; a second
    /// Ctrl-C, TERM or HUP leaves it running, and `spotdrill attach` comes back to it.
    #[command(after_help = EXIT_CODES)]
    Run(Wanted),
    /// Set up what a drill needs in the account: the Lambda that tells Slack, the rules, the logs, the FIS role
    ///
    /// One CloudFormation stack, previewed as a change set and made after a yes; run again, it changes what has changed.
    /// The webhook's URL comes from a file, from SPOTDRILL_SLACK_WEBHOOK or from a prompt, and is kept in Secrets Manager.
    #[command(after_help = stack::EXIT_CODES)]
    Setup(Box<stack::Setup>),
    /// Send an event through rule, Lambda and secret to Slack, and tell how each hop went
    #[command(after_help = stack::EXIT_CODES)]
    Prove(stack::Prove),
    /// Look at everything that a drill needs: credentials, permissions, roles, rules, logs, this machine
    #[command(after_help = stack::EXIT_CODES)]
    Doctor(stack::Doctor),
    /// Take away what setup made, and look whether anything remains
    #[command(after_help = stack::EXIT_CODES)]
    Teardown(stack::Teardown),
    /// Let drills run in the account of the credentials, after its alias or id is typed
    Allow {
        /// What would be typed: the account's alias or id
        #[arg(long, value_name = "ALIAS|ID")]
        confirm: Option<String>,
    },
    /// List the drills that were run from here
    Drills {
        /// Also those that run in the account, whoever started them, by their tag
        #[arg(long)]
        account: bool,
    },
    /// Come back to a drill that was left, here or on another machine, and watch it to its end
    ///
    /// Without a journal here it is found by its tag in the account, and its time line is rebuilt from what AWS still says.
    /// Nothing is ever started by it but with --continue.
    #[command(after_help = EXIT_CODES)]
    Attach {
        /// The drill; without it the newest that is open, or runs in the account
        drill: Option<String>,
        /// If the order to start did not arrive: send it again, with the same token, up to ten minutes after it was given; the
        /// words are those of the confirmation, such as "web-spot 2"
        #[arg(long = "continue", value_name = "WORDS", requires = "drill")]
        go_on: Option<String>,
        /// Print its facts instead of opening the screen
        #[arg(long, value_enum)]
        format: Option<RunFormat>,
    },
    /// Stop a drill from anywhere: FIS is asked at once, and once
    ///
    /// AWS documents no recall of an interruption: before the notice an instance may still go, after it nothing can be
    /// saved. Exit codes: 0 the stop was sent or was asked for already, 1 the drill's experiment is over, 2 there is no such
    /// drill, or none that runs, 5 AWS refused or cannot be reached.
    Abort {
        /// The drill, or its experiment EXP…; without it the newest that runs, here or in the account
        drill: Option<String>,
    },
    /// Delete what drills left in the account: templates, and locks of drills that are over
    ///
    /// Listed first with what stays and why, and deleted after a yes. What a drill that is under way needs stays: one whose
    /// experiment goes on, that is open in a journal here, or that holds a lock. So does what is younger than 15 minutes: an
    /// operator on another machine may just have made it.
    #[command(after_help = EXIT_CODES)]
    Gc {
        /// Delete without being asked
        #[arg(long)]
        yes: bool,
    },
    /// The lab as a tool of its own
    Lab {
        #[command(subcommand)]
        command: LabCommand,
    },
    /// Print the settings that config.toml can have, with their defaults
    Config,
}

impl Command {
    /// The stack that was named on the command line.
    pub(super) fn stack(&self) -> Option<&String> {
        match self {
            Self::Setup(setup) => setup.stack.stack.as_ref(),
            Self::Prove(prove) => prove.stack.stack.as_ref(),
            Self::Doctor(doctor) => doctor.stack.stack.as_ref(),
            Self::Teardown(teardown) => teardown.stack.stack.as_ref(),
            _ => None,
        }
    }

    /// Whether a program is to read what it comes to, and one JSON object is promised.
    pub(super) fn wants_json(&self) -> bool {
        let format = match self {
            Self::Setup(setup) => setup.format,
            Self::Prove(prove) => prove.format,
            Self::Doctor(doctor) => doctor.format,
            Self::Teardown(teardown) => teardown.format,
            _ => return false,
        };
        format == stack::Format::Json
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum LabCommand {
    /// Serve the lab on loopback, for spotdrill or any other AWS client
    Serve {
        /// A scenario's name (`spotdrill lab scenarios`), or a file
        #[arg(long, value_name = "FILE|NAME")]
        scenario: Option<String>,
        /// The port; any free one without it
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Say everything that is wrong with a scenario's file, each with its line
    Check { file: String },
    /// List the scenarios that are built in, or print one; `sample` has every key, explained
    Scenarios { name: Option<String> },
    /// Print what the lab promises of each AWS service: faithful, simplified, refused
    Promises {
        #[arg(long, value_enum, default_value_t = PageFormat::Markdown)]
        format: PageFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PageFormat {
    /// A page for people
    Markdown,
    /// For programs, with the inputs that each operation takes
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FleetFormat {
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RunFormat {
    /// A line for each fact, for people
    Text,
    /// A JSON object for each fact, for programs
    Ndjson,
}

#[derive(Debug, Group)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["group", "instance", "template"]))]
pub(super) struct Wanted {
    /// The group to take instances from: its name, or cluster/name
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Start this FIS template as it is, after a preview of what FIS resolves
    #[arg(long, value_name = "EXT…", value_parser = template,
        conflicts_with_all = ["group", "instance", "count", "percent", "all", "warn"])]
    pub(super) template: Option<TemplateId>,
    /// An instance to interrupt; may be given several times
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["count", "percent", "all"])]
    instance: Vec<String>,
    /// So many of the group's running spot instances, at random; 1 if nothing else is said
    #[arg(long, value_name = "N", conflicts_with_all = ["percent", "all"])]
    count: Option<usize>,
    /// That share of the group's running spot instances, rounded down, at random
    #[arg(long, value_name = "P", conflicts_with = "all", value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: Option<u8>,
    /// All of the group's running spot instances
    #[arg(long)]
    all: bool,
    /// From the start to the interruption: 2m to 15m, written 2m, 2m30s or PT5M
    #[arg(long, value_name = "DURATION", default_value = "2m")]
    warn: Warning,
    /// The time between two waves, from the end of one to the start of the next
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration)]
    gap: Duration,
    /// Start later waves without being asked, as long as the ones before held
    #[arg(long)]
    pub(super) unattended: bool,
    /// Go on against a guard (left, zone, cool-down, alarm, clock), for a reason that is kept in the journal
    #[arg(long = "override", value_name = "GUARD=REASON", value_parser = overriding)]
    pub(super) overrides: Vec<Override>,
    /// Start without being asked; enough in a lab only
    #[arg(long, conflicts_with = "confirm")]
    pub(super) yes: bool,
    /// The words that the confirm screen would ask for
    #[arg(long, value_name = "GROUP COUNT")]
    pub(super) confirm: Option<String>,
    /// Take over the lock of a drill that was left: the id that the refusal names; may be given several times
    #[arg(long, value_name = "DRILL")]
    pub(super) take_over: Vec<String>,
    #[arg(long, value_enum, default_value_t = RunFormat::Text)]
    pub(super) format: RunFormat,
}

impl Wanted {
    pub(super) fn wish(&self, seed: u64) -> Wish {
        let selection = if !self.instance.is_empty() {
            Selection::Exact(self.instance.iter().map(InstanceId::new).collect())
        } else if self.all {
            Selection::All
        } else if let Some(percent) = self.percent {
            Selection::Percent(percent)
        } else {
            Selection::Count(self.count.unwrap_or(1))
        };
        Wish {
            group: self.group.clone(),
            selection,
            warning: self.warn,
            seed,
            gap: u32::try_from(self.gap.as_secs()).unwrap_or(u32::MAX),
            overrides: self.overrides.clone(),
            earlier: Vec::new(),
        }
    }
}

impl Global {
    /// What was given, for the commands that are printed to be run next.
    pub(super) fn again(&self, stack: Option<&String>) -> Again {
        let place = [
            ("--profile", self.profile.as_ref()),
            ("--region", self.region.as_ref()),
            ("--endpoint-url", self.endpoint_url.as_ref()),
        ];
        Again::new(place, stack).in_lab(self.lab.as_ref(), self.seed)
    }

    /// How to enter the world; drills may run in these accounts.
    pub(super) fn door(&self, accounts: &[String]) -> Door {
        Door {
            accounts: accounts.iter().map(SafeText::new).collect(),
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint_url.clone(),
            lab: self.lab.clone(),
            speed: self.speed.unwrap_or(1.0),
            seed: self.seed(),
            read_only: self.read_only,
        }
    }

    /// The seed that was given, or a new one, short enough to read out.
    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(1000..10_000))
    }

    /// What of the options does not go together.
    pub(super) fn complaint(&self, command: Option<&Command>) -> Option<&'static str> {
        let serving = matches!(command, Some(Command::Lab { .. }));
        let lab = self.lab.is_some();
        let scenario = matches!(command, Some(Command::Lab { command: LabCommand::Serve { scenario: Some(_), .. } }));
        let elsewhere = self.profile.is_some() || self.endpoint_url.is_some() || self.fis_role.is_some();
        if serving && (elsewhere || self.region.is_some() || self.read_only || self.settle.is_some()) {
            Some("`lab` takes of the common options only --lab, --speed and --seed: a lab is as its scenario says")
        } else if lab && self.endpoint_url.is_some() {
            Some("--lab brings its own server: leave out --endpoint-url")
        } else if lab && self.profile.is_some() {
            Some("--lab uses no account: leave out --profile")
        } else if lab && self.region.is_some() {
            Some("the region of a lab is its scenario's: leave out --region")
        } else if lab && scenario {
            Some("--lab and --scenario both name a scenario: leave out one")
        } else if self.speed.is_some() && !lab && !serving {
            Some("--speed is the lab's: add --lab (a lab at --endpoint-url tells its own)")
        } else {
            None
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.trim_end_matches('x').parse().map_err(|_| String::from("a number such as 10"))?;
    if (0.1..=1000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err(String::from("a lab runs at 0.1 to 1000 times our time"))
    }
}

fn overriding(text: &str) -> Result<Override, String> {
    let Some((guard, reason)) = text.split_once('=') else {
        return Err(String::from("written GUARD=REASON, such as zone=\"one node per zone here, agreed with on-call\""));
    };
    Ok(Override { guard: guard.trim().parse()?, reason: SafeText::new(reason.trim()) })
}

fn template(text: &str) -> Result<TemplateId, String> {
    let is_id = !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric());
    if is_id {
        Ok(TemplateId::new(text))
    } else {
        Err(String::from("an id such as EXT4tR8x; `spotdrill templates` lists them"))
    }
}

fn role(text: &str) -> Result<String, String> {
    if text.contains(acts) {
        Err(String::from("it has a character in it that cannot be seen: write it anew by hand"))
    } else {
        Ok(text.to_owned())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| String::from("a duration is written 10m, 90s or PT10M"))
}

fn url(text: &str) -> Result<String, String> {
    let url: http::Uri = text.parse().map_err(|_| String::from("a URL such as http://127.0.0.1:4566"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(host)) if !is_loopback(&url) => Err(format!(
            "plain http:// to {host} shows everybody on the way what is asked and answered: use https://, or a server on \
             127.0.0.1"
        )),
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(String::from("a URL begins with http:// or https://")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_subcommand_after_lab_is_no_scenario() {
        let args = Args::try_parse_from(["spotdrill", "--lab", "fleet"]).unwrap();
        assert_eq!(args.global.lab.as_deref(), Some("default"));
        assert!(matches!(args.command, Some(Command::Fleet { .. })));
        let args = Args::try_parse_from(["spotdrill", "--lab", "tiny"]).unwrap();
        assert_eq!(args.global.lab.as_deref(), Some("tiny"));
    }

    #[test]
    fn a_warning_out_of_range_is_wrong_usage() {
        for warn in ["1m", "16m", "soon"] {
            let error = Args::try_parse_from(["spotdrill", "run", "--group", "g", "--warn", warn]).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("2m"), "{error}");
        }
    }
}
