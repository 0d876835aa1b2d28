//! Filter patterns of plain terms: all must be in the message. Patterns over JSON or columns are refused, not guessed.

/// Whether a message has every term of the pattern, and none of those with a `-` before them.
pub(in crate::lab) fn matches(pattern: &str, message: &str) -> bool {
    terms(pattern).iter().all(|term| match term {
        Term::With(text) => message.contains(text),
        Term::Without(text) => !message.contains(text),
    })
}

/// Whether it is a pattern of a kind that is not played: `{ $.x = … }`, `[a, b]`, `%regex%`, `?any`.
pub(in crate::lab) fn is_structured(pattern: &str) -> bool {
    pattern.trim_start().starts_with(['{', '[', '%', '?'])
}

#[derive(Debug, PartialEq, Eq)]
enum Term<'a> {
    With(&'a str),
    Without(&'a str),
}

/// Terms are words, or anything in double quotes.
fn terms(pattern: &str) -> Vec<Term<'_>> {
    let mut terms = Vec::new();
    let mut rest = pattern.trim_start();
    while !rest.is_empty() {
        let (without, bare) = rest.strip_prefix('-').map_or((false, rest), |bare| (true, bare));
        let (text, after) = match bare.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => bare.split_once(char::is_whitespace).unwrap_or((bare, "")),
        };
        terms.push(if without { Term::Without(text) } else { Term::With(text) });
        rest = after.trim_start();
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_must_be_there() {
        let message = "[INFO] resource: i-0abc, action: *terminate*";
        for pattern in ["", " ", "INFO", "INFO terminate", "\"resource: i-0abc\"", "INFO -ERROR", "-\"action: stop\""] {
            assert!(matches(pattern, message), "{pattern}");
        }
        for pattern in ["info", "INFO ERROR", "\"resource i-0abc\"", "-INFO"] {
            assert!(!matches(pattern, message), "{pattern}");
        }
    }

    #[test]
    fn an_open_quote_runs_to_the_end() {
        assert_eq!(terms("a \"b c"), [Term::With("a"), Term::With("b c")]);
    }
}
