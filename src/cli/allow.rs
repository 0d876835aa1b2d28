//! `spotdrill allow`: an account is put on the list of those that drills may run in. Knows what has to be typed for it.

use secrecy::ExposeSecret;

use super::{Ending, Exit, args::Global, place, say};
use crate::{
    config::Config,
    drill::fleet::LAB_ACCOUNT,
    run::world::open,
    term::ask::{self, Answer},
};

pub(super) async fn run(global: &Global, config: &Config, confirm: Option<String>) -> anyhow::Result<Exit> {
    let world = open(&global.door()).await.map_err(Ending::from)?;
    let identity = world.aws.identity().await.map_err(Ending::from)?;
    let account = identity.account.as_str();
    if account == LAB_ACCOUNT {
        say("a lab's account needs no leave: drills may run in it\n")?;
        return Ok(Exit::Held);
    }
    let path = place::config_path()?;
    if config.accounts.iter().any(|allowed| allowed == account) {
        say(&format!("drills may run in account {account} already, by {}\n", path.display()))?;
        return Ok(Exit::Held);
    }
    let alias = world.aws.account_alias().await.unwrap_or_default(); // without the right to ask, the id has to do
    let named = alias.as_ref().map(|alias| format!(" ({alias})")).unwrap_or_default();
    say(&format!(
        "account {account}{named}, as {}\nDrills may interrupt spot instances in it from then on.\n",
        identity.arn
    ))?;
    let typed = match confirm {
        Some(typed) => typed,
        None if !ask::is_possible() => {
            let message = format!("nothing was allowed: nobody is here to be asked, so pass --confirm {account}");
            return Err(Ending::new(Exit::Guarded, message).into());
        }
        None => match ask::ask("Type the account's alias or id to allow it: ").await? {
            Answer::Line(line) => line.expose_secret().trim().to_owned(),
            Answer::Ended | Answer::Gone => String::new(),
        },
    };
    let is_alias = alias.as_ref().is_some_and(|alias| alias.as_str() == typed);
    if typed != account && !is_alias {
        return Err(Ending::new(Exit::Guarded, "nothing was allowed: that is not the account's alias or id").into());
    }
    place::allow(account)?;
    say(&format!("drills may run in account {account}, by {}\n", path.display()))?;
    Ok(Exit::Held)
}
