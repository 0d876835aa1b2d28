//! The address at which Slack takes messages: a secret. It is never shown, neither by an error nor by `Debug`. Knows what such
//! an address looks like, and not where it is kept.

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Where Slack gives out webhooks. Source: Slack, sending messages using incoming webhooks; GovSlack.
const SLACK: [&str; 2] = ["https://hooks.slack.com/", "https://hooks.slack-gov.com/"];

/// A URL that was read from a prompt, a file or the environment.
#[derive(Clone, Debug)]
pub struct Webhook(SecretString);

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadWebhook {
    #[error(
        "the webhook is empty. Slack gives one out under Apps > Incoming Webhooks; or leave Slack out with --no-slack"
    )]
    Empty,
    #[error("the webhook is not one URL that begins with https://: copy it anew from Slack's page")]
    NoUrl,
    #[error(
        "the webhook is not Slack's: theirs begin with https://hooks.slack.com/services/. If another server takes \
         Slack's messages there, say so with --any-webhook"
    )]
    NotSlack,
}

impl PartialEq for Webhook {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Webhook {
    /// Takes a URL that Slack gave out; with `any`, one of another server too, over plain HTTP as well.
    pub fn read(text: &SecretString, any: bool) -> Result<Self, BadWebhook> {
        let url = text.expose_secret().trim();
        if url.is_empty() {
            return Err(BadWebhook::Empty);
        }
        let is_printable = url.bytes().all(|byte| byte.is_ascii_graphic());
        let has_host = |scheme: &str| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        if !is_printable || !(has_host("https://") || has_host("http://")) {
            return Err(BadWebhook::NoUrl);
        }
        let is_slacks = SLACK.iter().any(|start| url.strip_prefix(start).is_some_and(|path| !path.is_empty()));
        if is_slacks || any { Ok(Self(SecretString::from(url))) } else { Err(BadWebhook::NotSlack) }
    }

    /// The URL itself, for the one call that stores it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://hooks.slack.com/services/T0/B0/canary";

    fn read(text: &str, any: bool) -> Result<String, BadWebhook> {
        Webhook::read(&SecretString::from(text), any).map(|webhook| webhook.expose().to_owned())
    }

    #[test]
    fn a_webhook_of_slacks_is_taken_without_the_line_end_of_its_file() {
        assert_eq!(read(&format!("{URL}\n"), false).unwrap(), URL);
        assert_eq!(
            read("https://hooks.slack-gov.com/services/x", false).unwrap(),
            "https://hooks.slack-gov.com/services/x"
        );
    }

    #[test]
    fn what_is_none_is_told_apart() {
        assert_eq!(read(" \n", true), Err(BadWebhook::Empty));
        for none in
            ["hooks.slack.com/services/x", "https://", "https://a b", "https://a\nhttps://b", "ftp://x/y", "x\u{202e}"]
        {
            assert_eq!(read(none, true), Err(BadWebhook::NoUrl), "{none:?}");
        }
        for other in [
            "https://example.com/hook",
            "http://hooks.slack.com/x",
            "https://hooks.slack.com.evil/x",
            "https://hooks.slack.com/",
        ] {
            assert_eq!(read(other, false), Err(BadWebhook::NotSlack), "{other}");
        }
        assert!(read("http://127.0.0.1:9/hook", true).is_ok());
    }

    #[test]
    fn it_never_shows_itself() {
        let webhook = Webhook::read(&SecretString::from(URL), false).unwrap();
        assert!(!format!("{webhook:?}").contains("canary"));
        let errors = [BadWebhook::Empty, BadWebhook::NoUrl, BadWebhook::NotSlack];
        assert!(errors.iter().all(|error| !error.to_string().contains("canary")));
    }
}
