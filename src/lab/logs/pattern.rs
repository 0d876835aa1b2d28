//! Filter patterns: terms that must, may or must not be in a message, or a pattern over JSON. Patterns over columns and
//! regular expressions are refused, not guessed.

use super::json_pattern::JsonPattern;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Pattern {
    with: Vec<String>,
    without: Vec<String>,
    /// Any of them, as long as nothing is demanded or excluded: beside such terms they count for nothing, as AWS has it.
    any: Vec<String>,
    json: Option<JsonPattern>,
}

/// AWS takes no longer pattern, in characters; this also bounds how deep its brackets go.
const LONGEST: usize = 1_024;

impl Pattern {
    /// None if it is wrong, too long, or of a kind that is not played: `[a, b]`, `%regex%`.
    pub(in crate::lab) fn parse(text: &str) -> Option<Self> {
        if text.chars().count() > LONGEST {
            return None;
        }
        let mut rest = text.trim_start();
        let mut pattern = Self::default();
        if rest.starts_with('{') {
            return Some(Self { json: Some(JsonPattern::parse(rest)?), ..pattern });
        }
        if rest.starts_with(['[', '%']) {
            return None;
        }
        while !rest.is_empty() {
            let (terms, bare) = match (rest.strip_prefix('-'), rest.strip_prefix('?')) {
                (Some(bare), _) => (&mut pattern.without, bare),
                (_, Some(bare)) => (&mut pattern.any, bare),
                _ => (&mut pattern.with, rest),
            };
            let (term, after) = match bare.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => bare.split_once(char::is_whitespace).unwrap_or((bare, "")),
            };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Some(pattern)
    }

    pub(in crate::lab) fn matches(&self, message: &str) -> bool {
        let Self { with, without, any, json } = self;
        let has = |term: &String| message.contains(term);
        let alone = with.is_empty() && without.is_empty() && !any.is_empty();
        json.as_ref().is_none_or(|json| json.matches(message))
            && with.iter().all(has)
            && !without.iter().any(has)
            && (!alone || any.iter().any(has))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
    }

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
    fn any_of_the_alternatives_must_be_there() {
        assert!(matches("?ERROR ?INFO", "[INFO]") && !matches("?ERROR ?\"a b\"", "[INFO] ab"));
        assert!(matches("INFO ?ERROR", "[INFO]"), "beside a term that is demanded they count for nothing");
    }

    #[test]
    fn an_open_quote_runs_to_the_end() {
        assert!(matches("a \"b c", "b c a") && !matches("a \"b c", "b a c"));
    }

    #[test]
    fn what_is_not_played_is_no_pattern() {
        for pattern in ["[a, b]", "%x%", "{ $.a"] {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
        assert!(Pattern::parse(&"a".repeat(1_024)).is_some() && Pattern::parse(&"a".repeat(1_025)).is_none());
    }
}
