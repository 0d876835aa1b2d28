//! The webhook, from wherever it was given: a file, the environment, or a prompt without echo; never from the arguments, which
//! every process of the machine can read. Knows the three ways.

use std::{env, fs, path::Path};

use secrecy::SecretString;

use super::{Ending, Exit};
use crate::{
    stack::webhook::{BadWebhook, Webhook},
    term::ask::{self, Answer, Secretly},
};

const VARIABLE: &str = "SPOTDRILL_SLACK_WEBHOOK";

/// The webhook of the file or of the environment; none if neither gives one.
pub(super) fn given(file: Option<&Path>, any: bool) -> anyhow::Result<Option<Webhook>> {
    let (text, from) = match file {
        Some(file) => (read(file)?, file.display().to_string()),
        None => match env::var(VARIABLE) {
            Ok(text) => (SecretString::from(text), VARIABLE.to_owned()),
            Err(env::VarError::NotPresent) => return Ok(None),
            Err(env::VarError::NotUnicode(_)) => return Err(unusable(VARIABLE, BadWebhook::NoUrl)),
        },
    };
    Webhook::read(&text, any).map(Some).map_err(|why| unusable(&from, why))
}

/// What the environment has, as it is: the screen says what is wrong with it where it is used.
pub(super) fn of_environment() -> Option<SecretString> {
    let text = env::var_os(VARIABLE).filter(|text| !text.is_empty())?;
    Some(SecretString::from(text.to_string_lossy().into_owned()))
}

fn read(file: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(file).map_err(|error| {
        // the error of a file that is not UTF-8 says nothing of what is in it
        let message =
            format!("could not read the webhook from {}: {error}. Check its name and permissions", file.display());
        Ending::new(Exit::Usage, message)
    })?;
    Ok(SecretString::from(text))
}

fn unusable(from: &str, why: BadWebhook) -> anyhow::Error {
    Ending::new(Exit::Usage, format!("could not use what {from} has: {why}")).into()
}

/// Asks for it; a line that is no webhook is said, and asked for once more.
pub(super) async fn asked(any: bool) -> anyhow::Result<Webhook> {
    if !ask::is_possible() {
        let message = format!(
            "no Slack webhook was given. Pass --slack-webhook-file FILE, or set {VARIABLE}; or leave Slack out with --no-slack"
        );
        return Err(Ending::new(Exit::Usage, message).into());
    }
    let secretly = Secretly::begin()?;
    loop {
        match secretly.ask("Slack webhook URL (not shown; Ctrl-C ends): ").await? {
            Answer::Line(line) => match Webhook::read(&line, any) {
                Ok(webhook) => return Ok(webhook),
                Err(why) => super::say(&format!("{why}\n"))?,
            },
            Answer::Ended => return Err(super::confirming::nothing_changed().into()),
            Answer::Gone => return Err(super::leaving::gone().into()),
        }
    }
}
