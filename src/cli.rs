//! The command line: what is asked for, and what is said and returned in the end. Knows every room; nothing knows it.

mod abort;
mod again;
mod allow;
mod args;
mod attach;
mod confirming;
mod doctor;
mod drills;
mod fleet;
mod gc;
mod lab;
mod leaving;
mod machine;
mod place;
mod progress;
mod prove;
mod run;
mod screen;
mod setup;
mod teardown;
mod templates;
mod waves;
mod webhook;

use std::{env, io, process::ExitCode, time::Duration};

use clap::{CommandFactory, Parser};
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};
use serde::Serialize;
use thiserror::Error;

pub use args::Args;
use args::{Command, LabCommand};

use crate::{
    aws,
    config::{self, Config},
    run::{engine, world::NotOpened},
    term::{panics, plain, signals::Signals},
};
use leaving::Leaving;

/// How a run of the program ended; the numbers are a promise, listed in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Finished, and held where there was something to hold.
    Held,
    Failed,
    Usage,
    /// A guard refused.
    Guarded,
    Aborted,
    /// AWS refused or cannot be reached.
    Aws,
    /// Ended by this signal.
    Signal(i32),
    /// By a mistake of the program's own.
    Mistaken,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Guarded => 3,
            Self::Aborted => 4,
            Self::Aws => 5,
            Self::Mistaken => u8::try_from(panics::EXIT).unwrap_or(u8::MAX),
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }
}

/// A message to end with, and the code that goes with it.
#[derive(Debug, Error)]
#[error("{message}")]
pub(crate) struct Ending {
    exit: Exit,
    message: String,
}

impl Ending {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl From<aws::Error> for Ending {
    fn from(error: aws::Error) -> Self {
        let is_ours = matches!(error.kind, aws::Kind::OtherEndpoint | aws::Kind::ReadOnly);
        let exit = if is_ours { Exit::Guarded } else { Exit::Aws };
        Self::new(exit, error.to_string())
    }
}

impl From<NotOpened> for Ending {
    fn from(error: NotOpened) -> Self {
        match error {
            NotOpened::Aws(error) => error.into(),
            other => Self::new(Exit::Usage, other.to_string()),
        }
    }
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    panics::tame();
    machine::leave_no_core();
    let args = parsed();
    let wants_json = args.as_ref().is_ok_and(|args| args.command.as_ref().is_some_and(Command::wants_json));
    let again =
        args.as_ref().map(|args| args.global.again(args.command.as_ref().and_then(Command::stack))).unwrap_or_default();
    let exit = args.and_then(carry_out).unwrap_or_else(|error| {
        let exit = exit_of(&error);
        let message = again.fill(&format!("{error:#}"));
        let said = match exit {
            Exit::Signal(_) | Exit::Mistaken => message, // what is left, if anything
            _ => {
                if wants_json {
                    let refused = Refused { error: message.clone(), code: exit.code() };
                    let _ = print_json(&refused); // stdout is closed: nobody reads it
                }
                format!("spotdrill: {message}\n")
            }
        };
        let _ = say(&said); // stderr is closed: nothing is left to tell it to
        exit
    });
    plain::finish(plain::PATIENCE);
    ExitCode::from(exit.code())
}

/// What a program that asked for JSON reads where there is no result; a promise, as the results are.
#[derive(Serialize)]
struct Refused {
    error: String,
    /// The exit code.
    code: u8,
}

fn exit_of(error: &anyhow::Error) -> Exit {
    let of_stream = || error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    match error.downcast_ref::<Ending>() {
        Some(ending) => ending.exit,
        // that is what a terminal says that is gone
        None if of_stream() == Some(Errno::IO.raw_os_error()) => leaving::gone().exit,
        None => Exit::Failed,
    }
}

/// The arguments. A complaint about them quotes them, so it goes the way of all text; help is our own, and has its colours.
fn parsed() -> anyhow::Result<Args> {
    Args::try_parse_from(env::args_os()).map_err(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        misused(&error).into()
    })
}

fn misused(error: &clap::Error) -> Ending {
    let text = error.render().to_string();
    Ending::new(Exit::Usage, text.trim_start_matches("error: ").trim_end())
}

fn carry_out(args: Args) -> anyhow::Result<Exit> {
    if let Some(complaint) = args.global.complaint(args.command.as_ref()) {
        return Err(misused(&Args::command().error(clap::error::ErrorKind::ArgumentConflict, complaint)).into());
    }
    match &args.command {
        Some(Command::Config) => return printed(config::SAMPLE),
        Some(Command::Drills { account: false }) => {
            let table = drills::table(&place::journals()?)?;
            return printed(&args.global.again(None).fill(&table));
        }
        Some(Command::Lab { command: LabCommand::Scenarios { name } }) => {
            return printed(&lab::scenarios(name.as_deref())?);
        }
        Some(Command::Lab { command: LabCommand::Check { file } }) => return printed(&lab::check(file)?),
        Some(Command::Lab { command: LabCommand::Promises { format } }) => return printed(&lab::promised(*format)),
        Some(Command::Setup(setup)) if setup.print.is_some() => {
            return printed(setup.print.map(args::stack::Printed::text).unwrap_or_default());
        }
        _ => {}
    }
    let config = place::config()?;
    enough_files()?;
    engine::run(async {
        let leaving = Leaving::new(Signals::caught()?);
        leaving
            .unless_over(async {
                let exit = Box::pin(command(args, &config, &leaving)).await?;
                heard(plain::all_written().await)?;
                Ok(exit)
            })
            .await
    })?
}

async fn command(args: Args, config: &Config, leaving: &Leaving) -> anyhow::Result<Exit> {
    let Args { global, command } = args;
    match command {
        None => screen::run(&global, config, leaving).await,
        Some(Command::Fleet { format }) => fleet::run(&global, format).await,
        Some(Command::Templates { format }) => templates::run(&global, format).await,
        Some(Command::Run(wanted)) => run::run(&global, config, wanted, leaving).await,
        Some(Command::Allow { confirm }) => allow::run(&global, config, confirm).await,
        Some(Command::Attach { drill, format, go_on }) => {
            attach::run(&global, config, drill.as_deref(), format, go_on.as_deref(), leaving).await
        }
        Some(Command::Abort { drill }) => abort::run(&global, config, drill.as_deref()).await,
        Some(Command::Gc { yes }) => gc::run(&global, config, yes, leaving).await,
        Some(Command::Drills { .. }) => drills::of_account(&global, config).await,
        Some(Command::Setup(wanted)) => Box::pin(setup::run(&global, config, *wanted, leaving)).await,
        Some(Command::Prove(wanted)) => Box::pin(prove::run(&global, config, wanted, leaving)).await,
        Some(Command::Doctor(wanted)) => doctor::run(&global, config, wanted, leaving).await,
        Some(Command::Teardown(wanted)) => teardown::run(&global, config, wanted, leaving).await,
        Some(Command::Lab { command: LabCommand::Serve { scenario, port } }) => {
            lab::serve(&global, scenario.as_deref(), port, leaving).await
        }
        Some(Command::Config | Command::Lab { .. }) => Ok(Exit::Held),
    }
}

/// What is opened at once: the runtime, the lab's connections, the journal.
const FILES: u64 = 32;

/// Said before anything is begun, for want of a file would be noticed anywhere.
fn enough_files() -> Result<(), Ending> {
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < FILES => {
            let message = format!(
                "only {most} files may be open at once here, and it takes {FILES}. Raise the limit: ulimit -n {FILES}"
            );
            Err(Ending::new(Exit::Usage, message))
        }
        _ => Ok(()),
    }
}

fn printed(text: &str) -> anyhow::Result<Exit> {
    print(text)?;
    plain::finish(Duration::MAX); // no signal is caught here
    print("")?;
    Ok(Exit::Held)
}

/// What is not the result goes to standard error, so that standard output is the result alone.
fn say(text: &str) -> io::Result<()> {
    plain::say(text)
}

/// Writes to standard output.
fn print(text: &str) -> io::Result<()> {
    heard(plain::print(text))
}

/// Writes a result to standard output as JSON.
fn print_json(result: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(result)? + "\n";
    Ok(heard(plain::print_json(&json))?)
}

/// A reader that left early is no error.
fn heard(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
