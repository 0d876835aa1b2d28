//! Page tokens: opaque to the client, checked on their way back. Knows not what is being paged through.

use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::error::ApiError;

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct PageToken {
    /// The operation that gave it out, and the only one that takes it back.
    pub(in crate::lab) operation: String,
    /// Which page it asks for, from 2.
    pub(in crate::lab) page: u32,
    /// The place of the last item that was given out.
    pub(in crate::lab) after: u64,
}

impl PageToken {
    pub(in crate::lab) fn encode(&self) -> String {
        base64::encode(format!("spotdrill-lab {} {} {}", self.operation, self.page, self.after))
    }

    /// The token of a request for another page; one that this operation never gave out is a wrong one.
    pub(in crate::lab) fn given(operation: &str, text: Option<&str>) -> Result<Option<Self>, WrongToken> {
        let fits = |text| Self::decode(text).filter(|token| token.operation == operation).ok_or(WrongToken);
        text.filter(|text| !text.is_empty()).map(fits).transpose()
    }

    /// The token as it was given out; none if it never was.
    pub(in crate::lab) fn decode(text: &str) -> Option<Self> {
        let plain = String::from_utf8(base64::decode(text).ok()?).ok()?;
        let mut words = plain.strip_prefix("spotdrill-lab ")?.split(' ');
        let token = Self {
            operation: words.next()?.to_owned(),
            page: words.next()?.parse().ok()?,
            after: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(token)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) struct WrongToken;

/// How a service gives its listings out in pages.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Paging {
    /// The input that says how many items a page is to have, e.g. `MaxResults`, and the one that has the token.
    pub(in crate::lab) names: (&'static str, &'static str),
    /// How many items a page has if none is said, and at most.
    pub(in crate::lab) sizes: (usize, usize),
    /// The code of the refusal of another size.
    pub(in crate::lab) wrong_size: &'static str,
    /// Code and sentence of the refusal of a token.
    pub(in crate::lab) wrong_token: (&'static str, &'static str),
}

/// What a request says of the page: its size, as text or number, and its token.
pub(in crate::lab) type Asked<'a, S> = (Option<S>, Option<&'a str>);

impl Paging {
    /// The page that is asked for of `items`, each with its place, in rising order.
    pub(in crate::lab) fn page<T>(
        &self,
        operation: &str,
        (size, token): Asked<'_, impl ToString>,
        items: impl IntoIterator<Item = (u64, T)>,
    ) -> Result<Page<T>, ApiError> {
        let size = self.size(size)?;
        let (code, sentence) = self.wrong_token;
        let token = PageToken::given(operation, token).map_err(|WrongToken| ApiError::bad(code, sentence))?;
        Ok(page(operation, items, token.as_ref(), size))
    }

    /// How many items the page is to have.
    pub(in crate::lab) fn size(&self, size: Option<impl ToString>) -> Result<usize, ApiError> {
        let (usual, most) = self.sizes;
        let size = size.map_or(Some(usual), |size| size.to_string().parse().ok());
        let wrong = || ApiError::bad(self.wrong_size, format!("{} must be from 1 to {most}.", self.names.0));
        size.filter(|size| (1..=most).contains(size)).ok_or_else(wrong)
    }

    /// The same as an answer in JSON: the items under a name, and the next page's token.
    pub(in crate::lab) fn listing(
        &self,
        operation: &str,
        asked: Asked<'_, impl ToString>,
        name: &str,
        items: impl IntoIterator<Item = (u64, Value)>,
    ) -> Result<Value, ApiError> {
        let page = self.page(operation, asked, items)?;
        Ok(json!({ name: page.items, self.names.1: page.next }))
    }
}

/// One page of a listing.
#[derive(Debug)]
pub(in crate::lab) struct Page<T> {
    pub(in crate::lab) items: Vec<T>,
    pub(in crate::lab) next: Option<String>,
}

/// The page of `items` (each with its place, in rising order) that comes after `token`, of at most `size` items.
pub(in crate::lab) fn page<T>(
    operation: &str,
    items: impl IntoIterator<Item = (u64, T)>,
    token: Option<&PageToken>,
    size: usize,
) -> Page<T> {
    let after = token.map_or(0, |token| token.after);
    let mut rest = items.into_iter().filter(|(place, _)| token.is_none() || *place > after);
    let mut last = after;
    let items = rest.by_ref().take(size).map(|(place, item)| {
        last = place;
        item
    });
    let items = items.collect();
    let next = rest.next().map(|_| {
        let page = token.map_or(1, |token| token.page).saturating_add(1);
        PageToken { operation: operation.to_owned(), page, after: last }.encode()
    });
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_item_once() {
        let items = || (0..7).map(|n| (n, n));
        let (mut seen, mut token, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = page("List", items(), token.as_ref(), 3);
            seen.extend(page.items);
            pages += 1;
            match page.next {
                Some(next) => token = PageToken::decode(&next),
                None => break,
            }
        }
        assert_eq!((seen, pages), ((0..7).collect(), 3));
    }

    #[test]
    fn a_last_page_that_is_full_has_no_next() {
        assert_eq!(page("List", (0..3).map(|n| (n, n)), None, 3).next, None);
    }

    #[test]
    fn what_was_never_given_out_is_no_token() {
        for text in ["", "abc", "!!", &base64::encode("spotdrill-lab List 2"), &base64::encode("spotdrill-lab A 2 3 4")]
        {
            assert_eq!(PageToken::decode(text), None, "{text}");
        }
    }
}
