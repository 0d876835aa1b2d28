//! The drill without a screen: the same core, a line for each fact. Knows the lines and when to stop listening.

use std::io;

use rustix::{io::Errno, process::Signal};

use super::{conductor::Told, start::Running};
use crate::{
    drill::{
        fact::{Entry, What},
        verdict::Verdict,
    },
    term::{
        panics, plain,
        signals::{Heard, Signals},
    },
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
    /// With its verdict, and whether a stop was asked for here, however late.
    Finished(Verdict, bool),
    /// We were told to go, by this signal, or nobody reads any more; the drill goes on at AWS.
    Left(i32),
    /// A task panicked, so that nobody knows what is still done and seen.
    Mistaken(SafeText),
}

/// Prints the drill's facts to its end. The first Ctrl-C asks FIS to stop; the second Ctrl-C, or
/// another signal, leaves. A line of text is printed as it is `written`; `told` hears each fact as it is printed.
pub async fn follow(
    running: &mut Running,
    (format, written): (Format, &dyn Fn(&str) -> String),
    who: &SafeText,
    mut signals: Option<&mut Signals>,
    mut told: impl FnMut(&Entry),
) -> io::Result<Ended> {
    let (mut asked, mut stopped) = (false, false);
    let mut finished = None;
    loop {
        let heard = async {
            match &mut signals {
                Some(signals) => signals.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = running.told.recv() => match heard {
                Some(Told::Recorded(entry)) => {
                    if let Err(error) = print(&entry, format, written) {
                        return unread(error);
                    }
                    told(&entry);
                    match entry.fact.what {
                        What::DrillFinished { verdict } => finished = Some(verdict),
                        What::Reopened { .. } => finished = None, // that verdict was reached before FIS told
                        _ => {}
                    }
                }
                Some(Told::Pulse(_) | Told::Asked(_)) => {}
                None => {
                    if let Some(verdict) = finished {
                        return Ok(Ended::Finished(verdict, stopped));
                    }
                    let without = || io::Error::other("the drill's conductor stopped without a verdict");
                    return panics::said().map(Ended::Mistaken).ok_or_else(without);
                }
            },
            said = panics::of_some_task() => return Ok(Ended::Mistaken(said)),
            error = plain::unheard() => return unread(error),
            heard = heard => {
                match heard {
                    Heard::End(number) if number != Signal::INT.as_raw() || asked => return Ok(Ended::Left(number)),
                    Heard::End(_) => (asked, stopped) = (true, true),
                    Heard::StopDrill => {
                        stopped = true; // the stopper hears the signal itself
                        continue;
                    }
                    Heard::Redraw => continue,
                }
                running.stopper.stop(who.clone());
            }
        }
    }
}

/// Nobody reads what is printed.
fn unread(error: io::Error) -> io::Result<Ended> {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PIPE) => Ok(Ended::Left(Signal::PIPE.as_raw())),
        // a terminal that is gone; a signal may not come
        Some(Errno::IO) => Ok(Ended::Left(Signal::HUP.as_raw())),
        _ => Err(error),
    }
}

fn print(entry: &Entry, format: Format, written: &dyn Fn(&str) -> String) -> io::Result<()> {
    match format {
        Format::Ndjson => plain::print_json(&(serde_json::to_string(entry)? + "\n")),
        Format::Text => plain::print(&(written(&line(entry)) + "\n")),
    }
}

/// `12:08:02  events     i-0a1f3b21c09c3e  two-minute notice: terminate`
fn line(Entry { fact, .. }: &Entry) -> String {
    format!("{}  {:<9}  {}", fact.at.strftime("%H:%M:%S"), fact.source.as_str(), fact.telling())
}
