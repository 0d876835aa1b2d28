//! Access keys, other ones in each run, and what a request says of whose it is. Knows no service.

use std::hash::{BuildHasher, RandomState};

use http::{HeaderMap, header::AUTHORIZATION};

#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) access_key: String,
    pub(super) secret: String,
}

impl Credentials {
    /// Random ones; they need not follow from the seed.
    pub(super) fn random() -> Self {
        Self { access_key: key("AKIALAB0"), secret: letters("secret", 40) }
    }

    /// Those of a role's session, with its token.
    pub(super) fn temporary() -> (Self, String) {
        (Self { access_key: key("ASIALAB0"), secret: letters("secret", 40) }, letters("token", 356))
    }
}

/// The standard library keys its hashers from the system's random source.
fn chance(what: &str) -> fastrand::Rng {
    fastrand::Rng::with_seed(RandomState::new().hash_one(what))
}

fn key(prefix: &str) -> String {
    let mut chance = chance("access key");
    let mut letter = || chance.choice(*b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").map_or('A', char::from);
    prefix.chars().chain((0..12).map(|_| letter())).collect()
}

fn letters(what: &str, length: usize) -> String {
    let mut chance = chance(what);
    (0..length).map(|_| chance.alphanumeric()).collect()
}

/// The credential scope that a request was signed with: `AKID/20261122/eu-west-1/ec2/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Scope {
    /// From the header `Authorization`; none if there is none or it is not of Signature Version 4.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let parameters = value.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let credential = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
        let mut parts = credential.split('/');
        let (access_key, _date, region) = (parts.next()?, parts.next()?, parts.next()?);
        let service = parts.next()?;
        Some(Self { access_key: access_key.to_owned(), region: region.to_owned(), service: service.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(value: &str) -> Option<Scope> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        Scope::of(&headers)
    }

    #[test]
    fn the_scope_names_key_region_and_service() {
        let header =
            "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/logs/aws4_request, SignedHeaders=host, Signature=0";
        let found = scope(header).unwrap();
        assert_eq!((&*found.access_key, &*found.region, &*found.service), ("AKID", "eu-west-1", "logs"));
    }

    #[test]
    fn another_scheme_is_no_scope() {
        for value in ["Bearer x", "AWS4-HMAC-SHA256 SignedHeaders=host", "AWS4-HMAC-SHA256 Credential=AKID/1/eu"] {
            assert_eq!(scope(value), None, "{value}");
        }
    }

    #[test]
    fn keys_differ_from_run_to_run() {
        let (one, other) = (Credentials::random(), Credentials::random());
        assert_ne!(one.access_key, other.access_key);
        assert_eq!((one.access_key.len(), one.secret.len()), (20, 40));
    }
}
