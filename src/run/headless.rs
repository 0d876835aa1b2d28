//! The drill without a screen: the same core, a line for each fact. Knows the lines and when to stop listening.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{conductor::Told, start::Running};
use crate::{
    drill::{
        fact::{Entry, What},
        verdict::Verdict,
    },
    term::plain,
    text::SafeText,
};

/// How facts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    /// One JSON object a line: the lines of the journal without their checksums.
    Ndjson,
}

/// How the listening ended.
#[derive(Debug, PartialEq)]
pub enum Ended {
    Finished(Verdict),
    /// We were told to go, by this signal; the drill goes on at AWS.
    Left(i32),
    /// The output was closed.
    Unheard,
}

/// Prints the drill's facts to its end. The first Ctrl-C asks FIS to stop, and so does every SIGUSR1; the second Ctrl-C, or
/// another signal, leaves. `told` hears each fact as it is printed.
pub async fn follow(
    running: &mut Running,
    format: Format,
    who: &SafeText,
    mut told: impl FnMut(&Entry),
) -> io::Result<Ended> {
    running.stopper.obey_signal()?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut asked = false;
    loop {
        tokio::select! {
            heard = running.told.recv() => match heard {
                Some(Told::Recorded(entry)) => {
                    if print(&entry, format).is_err() {
                        return Ok(Ended::Unheard);
                    }
                    told(&entry);
                    if let What::DrillFinished { verdict } = entry.fact.what {
                        return Ok(Ended::Finished(verdict));
                    }
                }
                Some(Told::Pulse(_) | Told::Asked(_)) => {}
                None => return Err(io::Error::other("the drill's conductor stopped without a verdict")),
            },
            number = caught(&mut interrupt, &mut terminate, &mut hang_up) => {
                if number != SignalKind::interrupt().as_raw_value() || asked {
                    return Ok(Ended::Left(number));
                }
                asked = true;
                running.stopper.stop(who.clone());
            }
        }
    }
}

async fn caught(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) -> i32 {
    let kind = tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt(),
        _ = terminate.recv() => SignalKind::terminate(),
        _ = hang_up.recv() => SignalKind::hangup(),
    };
    kind.as_raw_value()
}

fn print(entry: &Entry, format: Format) -> io::Result<()> {
    match format {
        Format::Ndjson => plain::print_json(&(serde_json::to_string(entry)? + "\n")),
        Format::Text => plain::print(&(line(entry) + "\n")),
    }
}

/// `12:08:02  events     i-0a1f3b21c09c3e  two-minute notice: terminate`
fn line(Entry { fact, .. }: &Entry) -> String {
    format!("{}  {:<9}  {}", fact.at.strftime("%H:%M:%S"), fact.source.as_str(), fact.telling())
}
