//! A yes before the account is changed: typed on a terminal, or `--yes`. Knows nothing of what it is a yes to.

use secrecy::ExposeSecret;

use super::{Ending, Exit, leaving::gone};
use crate::term::ask::{self, Answer};

/// What is said where nobody said yes.
pub(super) fn nothing_changed() -> Ending {
    Ending::new(Exit::Aborted, "nothing was changed")
}

/// Whether to go on, or the end where not. Without a person to ask, only `--yes` is a yes.
pub(super) async fn goes_on(question: &str, yes: bool) -> anyhow::Result<Result<(), Ending>> {
    if yes {
        return Ok(Ok(()));
    }
    if !ask::is_possible() {
        let message = "nothing was changed: nobody is here to be asked, so pass --yes to go on";
        return Ok(Err(Ending::new(Exit::Guarded, message)));
    }
    let answer = ask::ask(&format!("{question} Type yes to go on: ")).await?;
    Ok(match answer {
        Answer::Line(line) if line.expose_secret().trim() == "yes" => Ok(()),
        Answer::Line(_) | Answer::Ended => Err(nothing_changed()),
        Answer::Gone => Err(gone()),
    })
}
