//! `spotdrill setup`: previewed, confirmed, made, and told in the end. Knows what is asked of a person and what is printed.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use super::{
    Ending, Exit,
    args::{
        Global,
        stack::{Format, Setup},
    },
    confirming::goes_on,
    leaving::Leaving,
    place,
    progress::Lines,
    webhook,
};
use crate::{
    aws::Aws,
    config::Config,
    drill::fleet::World,
    run::{
        setup::{self, Looked, NotSetUp, SetUp},
        world::open,
    },
    stack::{
        change::{Preview, SecretChange},
        wanted::{Slack, Wanted},
        webhook::Webhook,
    },
    text::SafeText,
};

impl From<NotSetUp> for Ending {
    fn from(error: NotSetUp) -> Self {
        match error {
            // a value of an option that the template does not take
            NotSetUp::Aws(error) if error.code.as_str() == "ValidationError" => {
                Self::new(Exit::Usage, error.to_string())
            }
            NotSetUp::BadValues(_) => Self::new(Exit::Usage, error.to_string()),
            NotSetUp::Aws(error) => error.into(),
            NotSetUp::NotBegun { .. } | NotSetUp::TooSlow { .. } | NotSetUp::LostSight { .. } => {
                Self::new(Exit::Aws, error.to_string())
            }
            NotSetUp::Failed { .. } => Self::new(Exit::Failed, error.to_string()),
            _ => Self::new(Exit::Guarded, error.to_string()),
        }
    }
}

pub(super) async fn run(global: &Global, config: &Config, args: Setup, leaving: &Leaving) -> anyhow::Result<Exit> {
    let stack = args.stack.stack.as_deref().unwrap_or(&config.stack);
    if let Some(arn) = global.fis_role.as_ref().filter(|role| role.starts_with("arn:")) {
        let message = format!("setup makes the FIS role, so --fis-role wants a name, not {arn}");
        return Err(Ending::new(Exit::Usage, message).into());
    }
    let mut webhook =
        if args.no_slack { None } else { webhook::given(args.slack_webhook_file.as_deref(), args.any_webhook)? };
    let wanted = args.wanted(stack, global.fis_role.as_deref(), webhook.is_some());
    let world = open(&global.door()).await.map_err(Ending::from)?;
    let preview = looked(&world.aws, wanted, &args, &mut webhook, leaving).await?;
    // whatever keeps it from a yes: what AWS made for the preview goes
    if let Err(no) = confirmed(&preview, args.yes, leaving).await {
        leaving.leaves(preview_left(stack));
        setup::decline(&world.aws, &preview).await.map_err(Ending::from)?;
        return Err(no);
    }
    let again = global.again(args.stack.stack.as_ref());
    let lines = Lines::default();
    let tell = |told| lines.tell(told);
    let left = format!("left: the work on {stack} goes on at AWS. `spotdrill setup` comes back to it\n");
    leaving.leaves(again.fill(&left));
    let done = leaving.unless_told(setup::carry_out(&world.aws, &preview, webhook.as_ref(), &tell)).await;
    let set_up = match done {
        Ok(set_up) => set_up.map_err(Ending::from)?,
        Err(told) if lines.begun() => return Err(told.into()),
        Err(told) => {
            leaving.leaves(preview_left(stack));
            setup::decline(&world.aws, &preview).await.map_err(Ending::from)?;
            return Err(Ending::new(told.exit, left_before(&preview)).into());
        }
    };
    leaving.leaves("");
    if preview.world == World::Aws
        && let Some(said) = allowed(&preview.account, place::allow(&preview.account))
    {
        super::say(&said)?;
    }
    if world.lab {
        super::say(
            "this lab ends with the command, and the stack in it. One that stays: spotdrill lab serve --scenario bare\n",
        )?;
    }
    match args.format {
        Format::Text => super::print(&again.fill(&result(&set_up, &preview, config)))?,
        Format::Json => super::print_json(&ResultJson::of(&set_up, &preview))?,
    }
    Ok(Exit::Held)
}

/// What became of the list of accounts: the stack is set up, whatever it is.
fn allowed(account: &str, added: anyhow::Result<bool>) -> Option<String> {
    match added {
        Ok(true) => {
            let path = place::config_path().map(|path| path.display().to_string()).unwrap_or_default();
            Some(format!("account {account} was added to the accounts of {path}\n"))
        }
        Ok(false) => None,
        Err(error) => Some(format!("the stack is set up, but drills need this too: {error:#}\n")),
    }
}

/// The preview; what stands before it is asked for.
async fn looked(
    aws: &Aws,
    mut wanted: Wanted,
    args: &Setup,
    webhook: &mut Option<Webhook>,
    leaving: &Leaving,
) -> anyhow::Result<Preview> {
    let lines = Lines::default();
    let tell = |told| lines.tell(told);
    loop {
        leaving.leaves(preview_left(&wanted.stack));
        match setup::look(aws, &wanted, &tell).await.map_err(Ending::from)? {
            Looked::Preview(preview) => return Ok(*preview),
            Looked::WebhookMissing { secret } => {
                leaving.leaves("\nnothing was changed\n");
                super::say(&format!("the webhook will be stored in the secret {secret}\n"))?;
                *webhook = Some(webhook::asked(args.any_webhook).await?);
                wanted.slack = Slack::Post;
            }
            Looked::Leftover { stack, parts } => {
                let mut text = format!("The stack {} is {}: an earlier attempt left it", stack.name, stack.status);
                text += if parts.is_empty() { ", empty.\n" } else { ". In it:\n" };
                for part in &parts {
                    let _ = writeln!(text, "  {} {}", part.kind, part.name); // a String takes all
                }
                super::say(&text)?;
                leaving.leaves("\nnothing was changed\n");
                goes_on("It must go first. Remove it?", args.yes).await??;
                leaving.leaves(format!(
                    "left: the removal of {} goes on at AWS. `spotdrill setup` comes back to it\n",
                    stack.name
                ));
                setup::remove_leftover(aws, &stack, &tell).await.map_err(Ending::from)?;
            }
        }
    }
}

/// Shows the preview, and asks for the yes to it where it changes anything. A signal is a no.
async fn confirmed(preview: &Preview, yes: bool, leaving: &Leaving) -> anyhow::Result<()> {
    super::say(&described(preview))?;
    if !preview.changes_nothing() {
        leaving.leaves("\nnothing was changed\n");
        leaving.unless_told(goes_on("Make these changes?", yes)).await???;
    }
    Ok(())
}

fn preview_left(stack: &str) -> String {
    format!(
        "left: nothing was changed, but a preview of {stack} may be there still. `spotdrill teardown` takes it away\n"
    )
}

/// Everything that one `yes` would do.
fn described(preview: &Preview) -> String {
    let world = match preview.world {
        World::Lab => "LAB account",
        World::Aws => "AWS account",
    };
    let Preview { account, region, names, .. } = preview;
    let state = if preview.is_new { "a new stack" } else { "an update" };
    let mut text =
        format!("\n{world} {account}  region {region}\nstack {}, {state}: {}\n", names.stack, preview.counts());
    for change in &preview.changes {
        let line = format!("  {} {:<11} {}", change.action.sign(), change.action.as_str(), change.telling());
        let _ = writeln!(text, "{line}"); // a String takes all, here and below
    }
    let _ = writeln!(text, "secret  {}", preview.secret_in_words());
    let _ = writeln!(text, "price   {}", preview.cost());
    for note in &preview.notes {
        let _ = writeln!(text, "note    {note}");
    }
    text + "\n"
}

/// What is said to whoever leaves while the webhook is stored.
fn left_before(preview: &Preview) -> String {
    let stored = match &preview.names.secret {
        Some(secret) if preview.secret != SecretChange::None => {
            format!("; perhaps the webhook is in the secret {secret}, which the next setup uses")
        }
        _ => String::new(),
    };
    format!("left: nothing of the stack {} was changed{stored}\n", preview.names.stack)
}

fn result(set_up: &SetUp, preview: &Preview, config: &Config) -> String {
    let names = &set_up.names;
    let mut text = match set_up.took {
        Some(took) => format!("set up in {} s\n", took.as_secs()),
        None => String::from("nothing to change: it is set up\n"),
    };
    for (name, value) in &set_up.outputs {
        let _ = writeln!(text, "  {name:<22} {value}"); // a String takes all, here and below
    }
    let lines = names.settings(&place::usual(config)).into_iter().map(|line| format!("  {line}")).collect::<Vec<_>>();
    if !lines.is_empty() {
        let _ = writeln!(
            text,
            "\nThese names are not the usual ones. For drills to find them, config.toml needs:\n{}",
            lines.join("\n")
        );
    }
    let stack = if names.stack == config.stack { String::new() } else { format!(" --stack {}", names.stack) };
    let _ = writeln!(text, "\nnext: spotdrill prove{stack}, which sends an event through all of it");
    if preview.names.secret.is_none() {
        let _ = writeln!(text, "Slack is not told. To tell it: spotdrill setup{stack} --slack-webhook-file FILE");
    }
    text
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct ResultJson<'a> {
    account: &'a str,
    region: &'a str,
    stack: &'a str,
    /// Whether anything was changed.
    changed: bool,
    seconds: Option<i64>,
    outputs: &'a BTreeMap<String, SafeText>,
}

impl<'a> ResultJson<'a> {
    fn of(set_up: &'a SetUp, preview: &'a Preview) -> Self {
        Self {
            account: &preview.account,
            region: &preview.region,
            stack: &set_up.names.stack,
            changed: set_up.took.is_some(),
            seconds: set_up.took.map(|took| took.as_secs()),
            outputs: &set_up.outputs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_set_up_whatever_becomes_of_the_list_of_accounts() {
        assert_eq!(allowed("123456789012", Ok(false)), None);
        let failed = anyhow::anyhow!("disk full").context("could not add account 123456789012 to config.toml");
        let said = allowed("123456789012", Err(failed)).unwrap();
        assert!(said.starts_with("the stack is set up, but") && said.ends_with("config.toml: disk full\n"), "{said}");
    }
}
