//! `spotdrill` without a command: the screen. Knows what it needs of the terminal and the environment.

use std::{env, sync::Arc, time::Duration};

use super::{Ending, Exit, args::Global, leaving::Leaving, machine, place, run::left, webhook};
use crate::{
    app::{Setting, setup::Given},
    config::Config,
    drill::fleet::World,
    run::{
        self,
        screen::{self, Left, Lent, Look},
        start::Running,
        world::open,
    },
    term::{guard::Guard, output::takes_bytes},
    text::SafeText,
    theme::Theme,
    ui::Glyphs,
};

pub(super) async fn run(global: &Global, config: &Config, leaving: &Leaving) -> anyhow::Result<Exit> {
    if let Some(why) = impossible() {
        let message = format!("{why}, and the screen needs one. Without it: `spotdrill fleet`, `spotdrill run`");
        return Err(Ending::new(Exit::Usage, message).into());
    }
    let world = open(&global.door()).await.map_err(Ending::from)?;
    show(global, config, &world, None, leaving).await
}

/// Why no screen can be shown here, if so.
pub(super) fn impossible() -> Option<&'static str> {
    if !Guard::is_possible() {
        return Some("this is not a terminal");
    }
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_dumb.then_some("this terminal cannot move its cursor (TERM is dumb)")
}

/// Shows a world, and the drill that was come back to.
pub(super) async fn show(
    global: &Global,
    config: &Config,
    world: &run::world::World,
    running: Option<Running>,
    leaving: &Leaving,
) -> anyhow::Result<Exit> {
    let look = look(global, config)?;
    let ways = place::ways(global, config)?;
    let setting = Setting {
        world: if world.lab { World::Lab } else { World::Aws },
        region: Some(SafeText::new(&world.aws.region)),
        account: None,
        endpoint: world.endpoint.clone(),
        read_only: global.read_only,
        rate: world.aws.clock.rate(),
        role: ways.fis_role.clone(),
        stack: Given {
            stack: config.stack.clone(),
            fis_role: global.fis_role.clone(),
            webhook: webhook::of_environment(),
            usual: place::usual(config),
        },
    };
    let (state, ascii) = (place::state()?, look.glyphs == Glyphs::Ascii);
    let theme = config.theme.clone();
    let machine = Arc::new(move || machine::findings(&state, ascii, &theme));
    let lent = Lent { stack: config.stack.clone(), allow, machine };
    let mut signals = leaving.take();
    let (left_by, said) = screen::run(world, &ways, &lent, setting, &look, running, signals.as_mut()).await?;
    leaving.give(signals);
    let (exit, unfinished) = match left_by {
        Left::Quit(unfinished) => (Exit::Held, unfinished),
        Left::Signal(number, unfinished) => (Exit::Signal(number), unfinished),
        Left::Failed(error) => return Err(Ending::from(error).into()),
        Left::Mistaken(unfinished) => (Exit::Mistaken, unfinished),
        Left::Gone => (Exit::Signal(rustix::process::Signal::HUP.as_raw()), None),
    };
    let mut text = said.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    if let Some((drill, journal)) = unfinished {
        text += &left(&drill, &journal, world);
    }
    if !text.is_empty() && takes_bytes() {
        let _ = super::say(&text); // the terminal is gone: the journal is there all the same
    }
    Ok(exit)
}

/// Notes in the settings that an account was set up from here.
fn allow(account: &str) -> Result<Option<String>, String> {
    let added = place::allow(account).map_err(|error| format!("{error:#}"))?;
    let path = place::config_path().map_err(|error| format!("{error:#}"))?;
    Ok(added.then(|| format!("account {account} was added to the accounts of {}", path.display())))
}

fn look(global: &Global, config: &Config) -> anyhow::Result<Look> {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let name = if no_color { "mono" } else { &config.theme };
    let theme = Theme::named(name).map_err(|error| Ending::new(Exit::Usage, format!("config.toml: {error}")))?;
    let ascii = global.ascii || config.ascii || !speaks_unicode();
    let glyphs = if ascii { Glyphs::Ascii } else { Glyphs::Unicode };
    // over ssh each frame is paid for by the link; ten a second are smooth anywhere else
    let remote = env::var_os("SSH_CONNECTION").is_some();
    Ok(Look { theme, glyphs, frame: Duration::from_millis(if remote { 250 } else { 100 }) })
}

/// Whether the locale says that the terminal shows more than ASCII; the first variable that is set decides.
pub(super) fn speaks_unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let dumb = env::var("TERM").is_ok_and(|term| term == "linux" || term == "dumb");
    let utf8 = locale.is_some_and(|locale| locale.to_lowercase().replace('-', "").contains("utf8"));
    utf8 && !dumb
}
