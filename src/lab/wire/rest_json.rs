//! restJson1: the operation is method and path, inputs are labels, query and a JSON body. Knows no service.

use bytes::Bytes;
use http::{HeaderMap, Request};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    error::{ApiError, NOT_PLAYED},
    json::encode,
};

pub(in crate::lab) const CONTENT_TYPE: &str = "application/json";

/// A request that matched a route.
#[derive(Clone, Debug, Default)]
pub(in crate::lab) struct RestCall {
    /// The decoded path segments that stood for `{}` in the route, in order.
    labels: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl RestCall {
    /// The call if the path fits the route, e.g. `/experiments/EXP1/resolvedTargets` fits `/experiments/{}/resolvedTargets`.
    /// The raw path is split before it is decoded, for a label may hold an encoded slash (as ARNs do).
    pub(in crate::lab) fn matching(route: &str, path: &str, query: &str, request: &Request<Bytes>) -> Option<Self> {
        let mut labels = Vec::new();
        let mut segments = path.trim_end_matches('/').split('/');
        for wanted in route.split('/') {
            let segment = segments.next()?;
            match wanted {
                "{}" if segment.is_empty() => return None,
                "{}" => labels.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned()),
                literal if literal == segment => {}
                _ => return None,
            }
        }
        if segments.next().is_some() {
            return None;
        }
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Some(Self { labels, query, headers: request.headers().clone(), body: request.body().clone() })
    }

    /// The first label; empty in a route that has none.
    pub(in crate::lab) fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }

    /// Every label, in the order of the path.
    pub(in crate::lab) fn labels(&self) -> &[String] {
        &self.labels
    }

    pub(in crate::lab) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as it came.
    pub(in crate::lab) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(in crate::lab) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(in crate::lab) fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|(key, _)| key.as_str())
    }

    /// All values of a name that may be given more than once, as `tagKeys` is.
    pub(in crate::lab) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(in crate::lab) fn input<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::bad("ValidationException", error.to_string()))
    }
}

pub(in crate::lab) fn unknown_operation() -> ApiError {
    ApiError::not_found("UnknownOperationException", NOT_PLAYED)
}

/// The body of a refusal; its code travels in the header `x-amzn-ErrorType`.
pub(in crate::lab) fn error(error: &ApiError) -> Bytes {
    encode(json!({ "message": error.message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(route: &str, path: &str) -> Option<RestCall> {
        RestCall::matching(route, path, "tagKeys=a&tagKeys=b%20c&maxResults=5", &Request::default())
    }

    #[test]
    fn labels_are_decoded_after_the_split() {
        let arn = call("/tags/{}", "/tags/arn%3Aaws%3Afis%3Aeu-west-1%3A0%3Aexperiment%2FEXP1").unwrap();
        assert_eq!(arn.label(), "arn:aws:fis:eu-west-1:0:experiment/EXP1");
        assert!(call("/experiments/{}/resolvedTargets", "/experiments/EXP1/resolvedTargets").is_some());
    }

    #[test]
    fn a_path_fits_as_a_whole_or_not_at_all() {
        for path in ["/experiments", "/experiments/", "/experiments/a/b", "/experiment/a"] {
            assert!(call("/experiments/{}", path).is_none(), "{path}");
        }
        assert!(call("/experiments", "/experiments/").is_some());
    }

    #[test]
    fn a_query_name_may_come_twice() {
        let call = call("/experiments", "/experiments").unwrap();
        assert_eq!(call.queries("tagKeys").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(call.query("maxResults"), Some("5"));
    }
}
