//! The lab's own Slack: it answers as the scenario says, and keeps what it was sent. Knows not who sends.

use std::{collections::VecDeque, net::IpAddr};

use http::Uri;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::World;

/// How many messages are kept; older ones are forgotten.
const KEPT: usize = 1_000;

#[derive(Debug, Default)]
pub(in crate::lab) struct Slack {
    pub(in crate::lab) messages: VecDeque<Message>,
    posts: u32,
}

/// One post, as it can be read back.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Message {
    pub(in crate::lab) time: Timestamp,
    /// What it was answered with; none if it was not answered.
    pub(in crate::lab) status: Option<u16>,
    /// Which webhook it came to, without what is secret of its URL.
    pub(in crate::lab) webhook: String,
    pub(in crate::lab) payload: Value,
}

/// What a post is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Answer {
    /// None if no answer came in time.
    pub(in crate::lab) status: Option<u16>,
    /// From the header `Retry-After`; a second where it says nothing.
    pub(in crate::lab) retry_after: SignedDuration,
    /// The word that Slack gives, such as `invalid_token`; without an answer what Python calls the error.
    pub(in crate::lab) reason: Option<String>,
}

impl Answer {
    pub(in crate::lab) fn none(error: &str) -> Self {
        Self { status: None, retry_after: SignedDuration::ZERO, reason: Some(error.to_owned()) }
    }
}

/// A post that is to leave the lab, for a URL on this machine.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::lab) struct Post {
    pub(in crate::lab) invocation: u64,
    /// Which try of the invocation, from 1.
    pub(in crate::lab) nth: u32,
    pub(in crate::lab) url: String,
    pub(in crate::lab) body: String,
}

/// The URL is a secret.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("invocation", &self.invocation).finish_non_exhaustive()
    }
}

impl World {
    /// Takes a message, and says what it is answered with and after how long; `usual` is how long that takes when the
    /// scenario does not say.
    pub(super) fn post_to_sink(
        &mut self,
        url: &str,
        payload: Value,
        usual: SignedDuration,
    ) -> (Answer, SignedDuration) {
        let setup = &self.scenario.slack;
        self.slack.posts = self.slack.posts.saturating_add(1);
        let ails = setup.times.is_none_or(|times| self.slack.posts <= times);
        let status = if ails { Some(setup.status).filter(|_| !setup.silent) } else { Some(200) };
        let retry_after = setup.retry_after;
        let latency = setup.latency.unwrap_or(usual);
        self.slack.messages.push_back(Message { time: self.now, status, webhook: webhook(url), payload });
        if self.slack.messages.len() > KEPT {
            self.slack.messages.pop_front();
        }
        (Answer { status, retry_after, reason: None }, latency)
    }

    /// The posts that are to leave the lab, each once.
    pub(in crate::lab) fn take_posts(&mut self) -> Vec<Post> {
        std::mem::take(&mut self.outbox)
    }
}

/// Whether a URL is on this machine. Slack's own and every other are played by the lab, so that nothing leaves it.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    uri.scheme_str() == Some("http") && is_loopback
}

/// `T…/B…` of Slack's URL; of another, its host.
fn webhook(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else { return "?".to_owned() };
    let mut parts = uri.path().strip_prefix("/services/").unwrap_or_default().split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(team), Some(app), Some(_)) => format!("{team}/{app}"),
        _ => uri.host().unwrap_or("?").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_leaves_the_lab() {
        for url in ["http://127.0.0.1:8080/hook", "http://localhost/x", "http://[::1]:9/"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in
            ["https://127.0.0.1/", "http://127.0.0.1.example.com/", "http://10.0.0.1/", "https://hooks.slack.com/x", ""]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn a_webhook_is_named_without_its_secret() {
        assert_eq!(webhook("https://hooks.slack.com/services/T1/B2/secret"), "T1/B2");
        assert_eq!(webhook("https://example.com/secret"), "example.com");
    }
}
