//! Settings as plain data: what the file says over the defaults, or every complaint about it with its line. Knows no
//! environment and no command line.

use std::{fmt, time::Duration};

use toml::de::{DeTable, DeValue};
use toml_edit::{Array, DocumentMut, Item, TomlError, Value};

use crate::{
    drill::warning::parse_duration,
    probe::url::{Url, parse_all},
    text::acts,
};

/// What can be set in `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The role that FIS runs experiments with: a name in the account, or an ARN.
    pub fis_role: String,
    /// The log group of the Lambda that tells Slack.
    pub lambda_log_group: String,
    /// The log group that AWS's own events are written to by an EventBridge rule.
    pub events_log_group: String,
    /// How long past the expected interruption a drill waits for targets to go and to be replaced.
    pub settle: Duration,
    /// The CloudFormation stack that `setup` makes.
    pub stack: String,
    /// The accounts that drills may run in, and that anything may be changed in.
    pub accounts: Vec<String>,
    /// The alarm that stops experiments, by name or ARN; empty for the one that setup was given.
    pub stop_alarm: String,
    /// How long a group rests between two drills.
    pub cool_down: Duration,
    /// Health URLs that are asked while a drill runs.
    pub checks: Vec<Url>,
    pub theme: String,
    /// Draw with ASCII characters alone.
    pub ascii: bool,
}

/// The defaults with a comment each; printed by `spotdrill config`, and a test keeps them the same.
pub const SAMPLE: &str = include_str!("../assets/config.toml");

impl Default for Config {
    fn default() -> Self {
        Self {
            fis_role: String::from("spot-fis-test"),
            lambda_log_group: String::from("/aws/lambda/send-slack-spot-event"),
            events_log_group: String::from("/aws/events/spotdrill"),
            settle: Duration::from_mins(10),
            stack: String::from("spotdrill"),
            accounts: Vec::new(),
            stop_alarm: String::new(),
            cool_down: Duration::from_mins(5),
            checks: Vec::new(),
            theme: String::from("default"),
            ascii: false,
        }
    }
}

/// One thing wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// From 1.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Config {
    /// The settings of a file's text, or everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Complaint>> {
        let line_at = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut complaints: Vec<_> = errors
            .iter()
            .map(|error| Complaint {
                line: line_at(error.span().map_or(0, |span| span.start)),
                what: error.message().to_owned(),
            })
            .collect();
        let mut config = Self::default();
        for (key, value) in table.get_ref() {
            if let Err(what) = config.set(key.get_ref(), value.get_ref()) {
                complaints.push(Complaint { line: line_at(key.span().start), what });
            }
        }
        complaints.sort_by_key(|complaint| complaint.line);
        if complaints.is_empty() { Ok(config) } else { Err(complaints) }
    }

    fn set(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        let text = || match value {
            DeValue::String(text) if text.contains(acts) => {
                Err(format!("`{key}` has a character in it that cannot be seen: write it anew by hand"))
            }
            DeValue::String(text) if !text.trim().is_empty() => Ok(text.to_string()),
            _ => Err(format!("`{key}` wants a text in quotes")),
        };
        match key {
            "fis_role" => self.fis_role = text()?,
            "lambda_log_group" => self.lambda_log_group = text()?,
            "events_log_group" => self.events_log_group = text()?,
            "theme" => self.theme = text()?,
            "stack" => self.stack = text()?,
            "accounts" => self.accounts = accounts(value)?,
            "settle" => self.settle = duration(key, value)?,
            "cool_down" => self.cool_down = duration(key, value)?,
            "stop_alarm" => match value {
                DeValue::String(named) => named.trim().clone_into(&mut self.stop_alarm),
                _ => return Err(format!("`{key}` wants an alarm's name or ARN in quotes")),
            },
            "checks" => self.checks = checks(value)?,
            "ascii" => {
                let DeValue::Boolean(ascii) = value else { return Err(format!("`{key}` wants true or false")) };
                self.ascii = *ascii;
            }
            unknown => return Err(format!("there is no setting `{unknown}`; `spotdrill config` prints them all")),
        }
        Ok(())
    }
}

fn duration(key: &str, value: &DeValue<'_>) -> Result<Duration, String> {
    let wanted = || format!("`{key}` wants a duration such as \"10m\"");
    let DeValue::String(text) = value else { return Err(wanted()) };
    parse_duration(text).ok_or_else(wanted)
}

fn accounts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wanted = || String::from("`accounts` wants account ids of twelve digits in quotes, such as [\"123456789012\"]");
    let DeValue::Array(ids) = value else { return Err(wanted()) };
    let id = |id: &DeValue<'_>| match id {
        DeValue::String(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => Ok(id.to_string()),
        _ => Err(wanted()),
    };
    ids.iter().map(|value| id(value.get_ref())).collect()
}

fn checks(value: &DeValue<'_>) -> Result<Vec<Url>, String> {
    let wanted = || String::from("`checks` wants URLs in quotes, such as [\"https://shop.example.com/health\"]");
    let DeValue::Array(urls) = value else { return Err(wanted()) };
    let text = |url: &'_ DeValue<'_>| match url {
        DeValue::String(url) => Ok(url.to_string()),
        _ => Err(wanted()),
    };
    let texts: Vec<_> = urls.iter().map(|value| text(value.get_ref())).collect::<Result<_, _>>()?;
    parse_all(texts.iter().map(String::as_str)).map_err(|why| format!("`checks`: {why}"))
}

/// The text of a settings file with one more account; none if it is there already. What else is in the file stays as it is.
pub fn with_account(text: &str, account: &str) -> Result<Option<String>, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: TomlError| error.to_string())?;
    let accounts = document.entry("accounts").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let accounts = accounts.as_array_mut().ok_or("`accounts` is no list")?;
    if accounts.iter().any(|known| known.as_str() == Some(account)) {
        return Ok(None);
    }
    accounts.push(account);
    Ok(Some(document.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_says_the_defaults_and_nothing_else() {
        assert_eq!(Config::parse(SAMPLE), Ok(Config::default()));
    }

    #[test]
    fn every_complaint_comes_at_once_with_its_line() {
        let complaints =
            Config::parse("ascii = 1\nsettle = \"soon\"\n\ncolour = \"red\"\nfis_role = \"\"\n").unwrap_err();
        let lines: Vec<_> = complaints.iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, [1, 2, 4, 5], "{complaints:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_no_setting() {
        for hidden in ["\\u001b[2J", "web\\u200b", "\\u202ebew", "a\\u0000"] {
            let complaints = Config::parse(&format!("fis_role = \"{hidden}\"")).unwrap_err();
            assert!(complaints[0].what.contains("cannot be seen"), "{complaints:?}");
        }
    }

    #[test]
    fn an_account_is_added_once_and_nothing_else_changes() {
        let text = "# mine\ntheme = \"mono\" # dark room\naccounts = [\"111111111111\"] # test\n\n# end\n";
        let added = with_account(text, "222222222222").unwrap().unwrap();
        assert_eq!(added, text.replace("1\"]", "1\", \"222222222222\"]"));
        assert_eq!(with_account(&added, "222222222222"), Ok(None));
        assert_eq!(Config::parse(&added).unwrap().accounts, ["111111111111", "222222222222"]);
        let first = with_account("", "222222222222").unwrap().unwrap();
        assert_eq!(first, "accounts = [\"222222222222\"]\n");
        assert!(with_account("accounts = 1", "2").is_err());
        assert!(Config::parse("accounts = [\"12\"]").is_err());
    }

    #[test]
    fn checks_are_urls_and_what_may_be_secret_in_them_is_not_repeated() {
        let config = Config::parse("checks = [\"https://shop/health?key=1\", \"http://10.0.0.1:8080\"]\n").unwrap();
        let shown: Vec<_> = config.checks.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["https://shop/health", "http://10.0.0.1:8080/"]);
        for text in [
            "checks = \"http://CANARY\"",
            "checks = [1]",
            "checks = [\"http://u:CANARY@shop/\"]",
            "checks = [\"CANARY\"]",
        ] {
            let complaints = Config::parse(text).unwrap_err();
            assert!(complaints.len() == 1 && !complaints[0].to_string().contains("CANARY"), "{complaints:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        let complaints = Config::parse("theme = \"mono\"\nascii = = true\n").unwrap_err();
        assert_eq!(complaints[0].line, 2, "{complaints:?}");
    }
}
