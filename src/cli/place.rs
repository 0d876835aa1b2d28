//! Where things are on this machine, and who is at it. Knows the XDG folders and the environment.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use etcetera::{BaseStrategy, base_strategy::Xdg};
use jiff::SignedDuration;

use super::{Ending, Exit, args::Global};
use crate::{
    aws::LogGroups,
    config::{self, Config},
    drill::health::Reach,
    journal,
    probe::{Prober, url::parse_all, wire::Wire},
    run::start::Ways,
    stack::names::Usual,
    text::SafeText,
};

fn base() -> anyhow::Result<Xdg> {
    Xdg::new().context("could not find the home folder. Set HOME")
}

/// The folder for what is to outlive the program.
pub(super) fn state() -> anyhow::Result<PathBuf> {
    let base = base()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Ok(state.join("spotdrill"))
}

/// The folder of journals.
pub(super) fn journals() -> anyhow::Result<PathBuf> {
    Ok(journal::folder(&state()?))
}

pub(super) fn config_path() -> anyhow::Result<PathBuf> {
    Ok(base()?.config_dir().join("spotdrill").join("config.toml"))
}

/// Adds an account to those of the settings' file; false if it is there already. A crash leaves the old file or the new one.
pub(super) fn allow(account: &str) -> anyhow::Result<bool> {
    let path = config_path()?;
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("could not read {}", path.display()))?,
    };
    let added = config::with_account(&text, account).map_err(|why| {
        let path = path.display();
        Ending::new(
            Exit::Usage,
            format!("could not add account {account} to {path}: {why}. Add it to `accounts` by hand"),
        )
    })?;
    let Some(added) = added else { return Ok(false) };
    let doing = || format!("could not add account {account} to {}. Add it to `accounts` by hand", path.display());
    replace(&path, &added).with_context(doing)?;
    Ok(true)
}

/// Writes a file anew, for its owner alone. A link stays one: what it leads to is written.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => path.to_owned(),
        led_to => led_to?,
    };
    // a name that nobody can guess and nobody has: a file or link that is there already is not written through
    let new = path.with_extension(format!("toml.{}.new", fastrand::u64(..)));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        let _ = fs::remove_file(&new); // it may not be there; the first error is the one to tell
    }
    written
}

/// The settings: the file's where there is one, or the defaults.
pub(super) fn config() -> anyhow::Result<Config> {
    let path = config_path()?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(error) => {
            let message = format!("could not read {}: {error}. Check its permissions", path.display());
            return Err(Ending::new(Exit::Usage, message).into());
        }
    };
    Config::parse(&text).map_err(|complaints| {
        let lines: Vec<_> = complaints.iter().map(|complaint| format!("  {complaint}")).collect();
        let message = format!("{} has mistakes; correct or remove them:\n{}", path.display(), lines.join("\n"));
        Ending::new(Exit::Usage, message).into()
    })
}

/// What drills look for, by the settings.
pub(super) fn usual(config: &Config) -> Usual {
    let Config { stack, fis_role, lambda_log_group, events_log_group, .. } = config.clone();
    Usual { stack, fis_role, lambda_log_group, events_log_group }
}

/// How drills are run here.
pub(super) fn ways(global: &Global, config: &Config) -> anyhow::Result<Ways> {
    let settle = global.settle.unwrap_or(config.settle);
    Ok(Ways {
        journals: journals()?,
        groups: LogGroups { lambda: config.lambda_log_group.clone(), events: config.events_log_group.clone() },
        fis_role: global.fis_role.clone().unwrap_or_else(|| config.fis_role.clone()),
        settle_seconds: u32::try_from(settle.as_secs()).unwrap_or(u32::MAX),
        prober: prober(global, config)?,
        endpoint: global.endpoint_url.as_ref().map(SafeText::new),
        lab_inside: global.lab.is_some(),
        accounts: config.accounts.iter().map(SafeText::new).collect(),
        stop_alarm: stop_alarm(global, config),
        stack: config.stack.clone(),
        cool_down: SignedDuration::try_from(config.cool_down).unwrap_or(SignedDuration::MAX),
        user: user(),
        host: host(),
        take_over: Vec::new(),
    })
}

/// The settings name an alarm of the account, which no lab has.
fn stop_alarm(global: &Global, config: &Config) -> Option<SafeText> {
    let of_account = Some(&config.stop_alarm).filter(|_| global.lab.is_none());
    let named = global.stop_alarm.as_ref().or(of_account);
    named.filter(|name| !name.is_empty()).map(SafeText::new)
}

/// The health checks: the command line's where there are any, or the settings'; in a lab those of the command line alone,
/// for the settings name real services.
fn prober(global: &Global, config: &Config) -> anyhow::Result<Prober> {
    let reach = match (&global.lab, global.check_local) {
        (Some(_), _) => Reach::ThisMachineAlone,
        (None, true) => Reach::ThisMachineToo,
        (None, false) => Reach::Network,
    };
    let given = parse_all(global.check.iter().map(String::as_str));
    let given = given.map_err(|why| Ending::new(Exit::Usage, format!("--check: {why}")))?;
    let urls = if given.is_empty() && global.lab.is_none() { config.checks.clone() } else { given };
    Ok(Prober::new(urls, reach, Wire::default()))
}

fn user() -> SafeText {
    let user = env::var("USER").or_else(|_| env::var("LOGNAME"));
    SafeText::new(user.as_deref().unwrap_or("unknown"))
}

fn host() -> SafeText {
    SafeText::new(rustix::system::uname().nodename().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_where_it_is_and_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("dotfiles/mine.toml"), home.path().join("config/config.toml"));
        replace(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        fs::create_dir(link.parent().unwrap()).unwrap();
        symlink(&real, &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(link.is_symlink(), "the link is still one");
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&real), mode(real.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_to_nothing_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (nothing, link) = (home.path().join("nothing"), home.path().join("config.toml"));
        symlink(&nothing, &link).unwrap();
        assert!(replace(&link, "new").is_err());
        assert!(!nothing.exists() && link.is_symlink());
    }
}
