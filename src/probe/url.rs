//! A health URL: taken apart once, shown without what may be secret in it. Knows what can be asked of a URL before anyone is
//! asked, and no address.

use std::fmt;

use http::{
    Uri,
    uri::{PathAndQuery, Scheme},
};
use thiserror::Error;

use crate::drill::id::CheckUrl;

/// `http` or `https`, a host, a port and a path; a query is sent and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    shown: CheckUrl,
    pub(super) is_tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// What the server is told that it was asked by.
    pub(super) host_header: String,
    pub(super) target: PathAndQuery,
}

/// What is wrong with a URL; says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    #[error("a check is a URL such as https://shop.example.com/health")]
    NoUrl,
    #[error("a check's URL begins with http:// or https://")]
    OtherScheme,
    #[error("a check's URL has no user and no password: whoever lists processes would see them")]
    WithUser,
    #[error("a check's URL is too long: at most {MOST_BYTES} bytes")]
    TooLong,
}

/// Long enough for any health URL, short enough to be told in a line.
const MOST_BYTES: usize = 500;

impl Url {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(Unfit::TooLong);
        }
        let uri: Uri = text.parse().map_err(|_| Unfit::NoUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(Unfit::NoUrl) };
        let is_tls = match scheme {
            scheme if *scheme == Scheme::HTTPS => true,
            scheme if *scheme == Scheme::HTTP => false,
            _ => return Err(Unfit::OtherScheme),
        };
        if authority.as_str().contains('@') {
            return Err(Unfit::WithUser);
        }
        let usual_port = if is_tls { 443 } else { 80 };
        let port = match authority.port() {
            Some(_) => authority.port_u16().filter(|port| *port > 0).ok_or(Unfit::NoUrl)?,
            // a colon with no port, or with one that is no number, is not taken for the usual one
            None if authority.as_str() == authority.host() => usual_port,
            None => return Err(Unfit::NoUrl),
        };
        let host = authority.host().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if bare.trim_matches('.').is_empty() {
            return Err(Unfit::NoUrl);
        }
        let host_header = if port == usual_port { host } else { format!("{host}:{port}") };
        let target = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let shown = CheckUrl::new(format!("{scheme}://{host_header}{}", target.path()));
        Ok(Self { shown, is_tls, host: bare, port, host_header, target })
    }

    /// Scheme, host, port and path.
    pub fn shown(&self) -> &CheckUrl {
        &self.shown
    }

    pub(super) fn has_query(&self) -> bool {
        self.target.query().is_some()
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.shown.as_str()).finish()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(f)
    }
}

/// What is wrong with these checks together, or each of them, by its place from 1.
pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Url>, String> {
    let mut urls: Vec<Url> = Vec::new();
    for (text, number) in texts.into_iter().zip(1..) {
        let url = Url::parse(text).map_err(|unfit| format!("check {number}: {unfit}"))?;
        if urls.iter().any(|known| known.shown == url.shown) {
            return Err(format!("check {number}: {url} is there twice (a query does not make it another)"));
        }
        urls.push(url);
    }
    if urls.len() > super::MOST_CHECKS {
        return Err(format!("{} checks: a drill has at most {}", urls.len(), super::MOST_CHECKS));
    }
    Ok(urls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, u16, String) {
        let url = Url::parse(text).unwrap();
        (url.to_string(), url.host, url.port, url.host_header)
    }

    #[test]
    fn a_url_is_taken_apart() {
        let is = |shown: &str, host: &str, port, header: &str| (shown.into(), host.into(), port, header.into());
        for (text, wanted) in [
            ("https://Shop.example.com", is("https://shop.example.com/", "shop.example.com", 443, "shop.example.com")),
            ("http://shop:8080/a/b?token=T", is("http://shop:8080/a/b", "shop", 8080, "shop:8080")),
            ("http://shop:80/", is("http://shop/", "shop", 80, "shop")),
            (
                "https://[2a00:1450::1]:8443/x",
                is("https://[2a00:1450::1]:8443/x", "2a00:1450::1", 8443, "[2a00:1450::1]:8443"),
            ),
            ("http://shop.", is("http://shop./", "shop.", 80, "shop.")),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
        let asked = Url::parse("http://shop/a?token=T#part").unwrap();
        assert_eq!((asked.target.as_str(), asked.has_query()), ("/a?token=T", true));
    }

    #[test]
    fn what_may_be_secret_is_never_shown() {
        let url = Url::parse("https://shop/health?token=CANARY").unwrap();
        assert!(!format!("{url} {url:?} {}", url.shown()).contains("CANARY"));
        for text in ["https://user:CANARY@shop/", "https://CANARY@169.254.169.254/", "CANARY", "ftp://CANARY/"] {
            let unfit = Url::parse(text).unwrap_err();
            assert!(!format!("{unfit} {unfit:?}").contains("CANARY"), "{unfit}");
        }
        assert!(!parse_all(["http://CANARY@x/"]).unwrap_err().contains("CANARY"));
    }

    #[test]
    fn what_is_no_health_url_is_refused() {
        for (text, unfit) in [
            ("", Unfit::NoUrl),
            ("shop.example.com/health", Unfit::NoUrl),
            ("/health", Unfit::NoUrl),
            ("http://", Unfit::NoUrl),
            ("http://./", Unfit::NoUrl),
            ("http://shop:/", Unfit::NoUrl),
            ("http://shop:0/", Unfit::NoUrl),
            ("http://shop:99999/", Unfit::NoUrl),
            ("http://shop:x/", Unfit::NoUrl),
            ("http://sh op/", Unfit::NoUrl),
            ("http://shop/\r\nX: y", Unfit::NoUrl),
            ("http://shöp/", Unfit::NoUrl),
            ("file:///etc/passwd", Unfit::NoUrl),
            ("gopher://shop/", Unfit::OtherScheme),
            ("http://user@shop/", Unfit::WithUser),
            ("http://user:pass@shop/", Unfit::WithUser),
            (&format!("http://shop/{}", "x".repeat(500)), Unfit::TooLong),
        ] {
            assert_eq!(Url::parse(text), Err(unfit), "{text}");
        }
    }

    #[test]
    fn checks_are_few_and_none_is_there_twice() {
        let many: Vec<_> = (0..6).map(|number| format!("http://shop/{number}")).collect();
        let texts = |count: usize| many.iter().take(count).map(String::as_str);
        assert_eq!(parse_all(texts(5)).unwrap().len(), 5);
        assert_eq!(parse_all(texts(6)).unwrap_err(), "6 checks: a drill has at most 5");
        let twice = parse_all(["http://shop/a?x=CANARY", "http://SHOP:80/a?x=2"]).unwrap_err();
        assert!(twice.starts_with("check 2: http://shop/a is there twice") && !twice.contains("CANARY"), "{twice}");
    }
}
