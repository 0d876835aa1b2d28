//! A yes before the account is changed: typed on a terminal, or `--yes`. Knows nothing of what it is a yes to.

use secrecy::ExposeSecret;

use super::{Ending, Exit};
use crate::term::ask::{self, Answer};

/// What is said where nobody said yes.
pub(super) fn nothing_changed() -> Ending {
    Ending::new(Exit::Aborted, "nothing was changed")
}

/// Whether to go on. Without a person to ask, only `--yes` is one.
pub(super) async fn goes_on(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !ask::is_possible() {
        super::say("nobody is here to be asked: pass --yes to go on without\n")?;
        return Ok(false);
    }
    let answer = ask::ask(&format!("{question} Type yes to go on: "), false).await?;
    Ok(matches!(answer, Answer::Line(line) if line.expose_secret().trim() == "yes"))
}
