//! Page tokens: opaque to the client, checked on their way back. Knows not what is being paged through.

use aws_smithy_types::base64;

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
