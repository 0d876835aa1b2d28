//! Patterns in which `*` is anything and `?` any one character, as EC2's filters and IAM's policies have them.
//! Knows not what they are for.

/// Whether a text fits a pattern. Goes back to the last `*` only, so that no pattern takes long.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_star = None;
    loop {
        let mut ahead = pattern.clone();
        let wanted = ahead.next();
        if wanted == Some('*') {
            pattern = ahead;
            last_star = Some((pattern.clone(), text.clone()));
            continue;
        }
        let mut rest = text.clone();
        match (wanted, rest.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => (pattern, text) = (ahead, rest),
            _ => {
                // The star takes one character more.
                let Some((after_star, taken)) = &mut last_star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text) in
            [("*", ""), ("web-*", "web-spot"), ("w?b*t", "web-spot"), ("*spot*", "a-spot-b"), ("é?", "éa")]
        {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("web", "web-spot"), ("*x", "web"), ("WEB*", "web")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        assert!(!like(&"*a".repeat(100), &"a".repeat(99)));
        assert!(like(&"*a".repeat(99), &"a".repeat(99)));
    }

    proptest! {
        #[test]
        fn a_text_is_like_itself_and_like_its_beginning(text in "[a-z0-9-]{0,12}", rest in "[a-z]{0,4}") {
            let (longer, beginning) = (format!("{text}{rest}"), format!("{text}*"));
            prop_assert!(like(&text, &text));
            prop_assert!(like(&beginning, &longer));
        }
    }
}
