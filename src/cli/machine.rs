//! What this machine has to offer: its terminal, and the folder for journals. Knows the environment, and nothing of AWS.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    doctor::{Area, Finding},
    term::{guard::Guard, output},
    theme::Theme,
    ui,
};

const AREA: Area = Area::Machine;

/// A core would hold what is in memory: a webhook, credentials. The limit is this program's own.
pub(super) fn leave_no_core() {
    let mut limit = getrlimit(Resource::Core);
    limit.current = Some(0);
    let _ = setrlimit(Resource::Core, limit); // to lower a limit is always allowed
}

pub(super) fn findings(state: &Path, ascii: bool, theme: &str) -> Vec<Finding> {
    let mut findings = vec![terminal(ascii), state_folder(state)];
    findings.extend(wrong_theme(theme));
    findings
}

/// The screen does not open without its theme.
fn wrong_theme(name: &str) -> Option<Finding> {
    let error = Theme::named(name).err()?;
    Some(Finding::fail(AREA, "theme", error.to_string(), "In config.toml:\ntheme = \"default\""))
}

fn terminal(ascii: bool) -> Finding {
    const NAME: &str = "terminal";
    if !Guard::is_possible() {
        return Finding::ok(AREA, NAME, "none here: commands work, the screen does not");
    }
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let mut says = vec![env::var("TERM").unwrap_or_else(|_| String::from("TERM is not set"))];
    says.push(String::from(if ascii || !super::screen::speaks_unicode() { "ASCII" } else { "UTF-8" }));
    says.push(String::from(match (is_set("NO_COLOR"), env::var("COLORTERM").as_deref()) {
        (true, _) => "no colours, as NO_COLOR asks",
        (false, Ok("truecolor" | "24bit")) => "24-bit colours",
        (false, _) => "16 colours or more",
    }));
    let around = [("TMUX", "tmux"), ("STY", "screen"), ("SSH_CONNECTION", "ssh")];
    says.extend(around.iter().filter(|(name, _)| is_set(name)).map(|(_, word)| (*word).to_owned()));
    let Ok((width, height)) = output::size() else {
        return Finding::warn(
            AREA,
            NAME,
            format!("its size is not known; {}", says.join(", ")),
            "Try another terminal",
        );
    };
    let says = format!("{width}x{height}, {}", says.join(", "));
    let (least_width, least_height) = ui::LEAST;
    if width < least_width || height < least_height {
        return Finding::warn(
            AREA,
            NAME,
            says,
            format!("Make it larger: the screen needs {least_width}x{least_height}"),
        );
    }
    Finding::ok(AREA, NAME, says)
}

/// Seen by writing to it: a drill does not start without its journal.
fn state_folder(state: &Path) -> Finding {
    const NAME: &str = "state folder";
    let probe = state.join(format!("doctor-{}", std::process::id()));
    let written = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe))
        .and_then(|mut file| file.write_all(b"x"))
        .and_then(|()| fs::remove_file(&probe))
        .and_then(|()| mode(state));
    let shown = state.display();
    match written {
        Ok(mode) if mode & 0o077 != 0 => {
            let says = format!("{shown} is writable, and others may look into it ({mode:03o})");
            Finding::warn(AREA, NAME, says, format!("chmod 700 {shown}"))
        }
        Ok(_) => Finding::ok(AREA, NAME, format!("{shown} is writable, for you alone")),
        Err(error) => {
            let says = format!("{shown} cannot be written to, so no drill starts: {error}");
            Finding::fail(AREA, NAME, says, format!("mkdir -p -m 700 {shown}"))
        }
    }
}

fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Standing;

    #[test]
    fn a_theme_that_there_is_not_is_told_before_the_screen_does_not_open() {
        assert_eq!(wrong_theme("mono"), None);
        let found = wrong_theme("pink").unwrap();
        assert!(
            found.standing == Standing::Fail && found.says.contains("`pink`: choose default, mono, contrast"),
            "{found:?}"
        );
    }

    #[test]
    fn a_folder_is_judged_by_writing_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("spotdrill");
        assert_eq!(state_folder(&state).standing, Standing::Ok);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "the probe is gone");
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(state_folder(&state).standing, Standing::Warn);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(state_folder(&file.join("below")).standing, Standing::Fail);
    }
}
