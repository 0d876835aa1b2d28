//! The commands that are printed to be run next, with the options that this run was given: without them they would be about
//! another account, region, server or stack. Knows the options' names and no command's meaning.

use crate::text::SafeText;

/// What was given, each option with its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Again {
    /// Those that `aws` knows by the same names.
    place: Vec<(&'static str, String)>,
    stack: Option<String>,
    /// The lab in this program, and its seed: another has other instances.
    lab: Vec<(&'static str, String)>,
}

/// Our commands that have `--stack`, and those that only have a place.
const OF_STACK: [&str; 4] = ["setup", "teardown", "prove", "doctor"];
const OF_PLACE: [&str; 5] = ["attach", "abort", "gc", "allow", OF_LAB];
/// And the one that is told to be run in a lab, too.
const OF_LAB: &str = "run";
/// What of AWS's command line is printed.
const SERVICES: [&str; 9] =
    ["cloudformation", "cloudwatch", "events", "fis", "iam", "lambda", "logs", "secretsmanager", "sts"];

impl Again {
    pub(super) fn new(place: [(&'static str, Option<&String>); 3], stack: Option<&String>) -> Self {
        let given = place.into_iter().filter_map(|(option, value)| Some((option, value?.clone())));
        Self { place: given.collect(), stack: stack.cloned(), lab: Vec::new() }
    }

    /// Nothing was given but this server, if it was.
    pub(super) fn at(endpoint: Option<&SafeText>) -> Self {
        let place = endpoint.map(|url| ("--endpoint-url", url.to_string())).into_iter().collect();
        Self { place, ..Self::default() }
    }

    pub(super) fn in_lab(self, scenario: Option<&String>, seed: Option<u64>) -> Self {
        let seed = seed.map(|seed| ("--seed", seed.to_string())).filter(|_| scenario.is_some());
        let scenario = scenario.map(|scenario| ("--lab", scenario.clone()));
        Self { lab: scenario.into_iter().chain(seed).collect(), ..self }
    }

    /// The text with what was given in each of its commands that does not say otherwise.
    pub(super) fn fill(&self, text: &str) -> String {
        if self.place.is_empty() && self.stack.is_none() && self.lab.is_empty() {
            return text.to_owned();
        }
        let lines: Vec<_> = text.split('\n').map(|line| self.fill_line(line)).collect();
        lines.join("\n")
    }

    fn fill_line(&self, line: &str) -> String {
        let words: Vec<_> = line.split(' ').collect();
        let mut filled: Vec<String> = Vec::with_capacity(words.len());
        for (at, word) in words.iter().enumerate() {
            filled.push((*word).to_owned());
            let Some(program) = at.checked_sub(1).and_then(|before| words.get(before)) else { continue };
            let name = word.trim_end_matches(|character: char| !character.is_alphanumeric());
            // up to where the next quoted command begins
            let rest = words.get(at + 1..).unwrap_or_default().iter().take_while(|word| !word.starts_with('`'));
            let rest: Vec<_> = rest.copied().collect();
            let is_program = |name: &str| program.trim_start_matches(['`', '(', '"']) == name;
            let (has_place, has_stack) = match (is_program("spotdrill"), is_program("aws")) {
                (true, _) => (OF_STACK.contains(&name) || OF_PLACE.contains(&name), OF_STACK.contains(&name)),
                (_, true) => (SERVICES.contains(&name), false),
                _ => (false, false),
            };
            let is_another = |word: &&str| word.starts_with("--print") || word.starts_with("--lab");
            if !has_place || rest.iter().any(is_another) {
                continue;
            }
            let stack = self.stack.as_ref().filter(|_| has_stack).map(|stack| ("--stack", stack.clone()));
            let lab = self.lab.iter().filter(|_| name == OF_LAB).cloned();
            let options = self.place.iter().cloned().chain(lab).chain(stack);
            let missing = options.filter(|(option, _)| !rest.contains(option));
            let missing: Vec<_> = missing.map(|(option, value)| format!(" {option} {}", quoted(&value))).collect();
            if let Some(last) = filled.last_mut() {
                last.insert_str(name.len(), &missing.concat());
            }
        }
        filled.join(" ")
    }
}

/// As a shell takes it for one word.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._:/@".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again() -> Again {
        let (profile, region, stack) = (String::from("game day"), String::from("eu-west-1"), String::from("second"));
        Again::new([("--profile", Some(&profile)), ("--region", Some(&region)), ("--endpoint-url", None)], Some(&stack))
    }

    #[test]
    fn a_command_has_what_was_given_and_nothing_twice() {
        for (text, filled) in [
            ("spotdrill setup", "spotdrill setup --profile 'game day' --region eu-west-1 --stack second"),
            (
                "Run `spotdrill teardown`, then `spotdrill attach`.",
                "Run `spotdrill teardown --profile 'game day' --region eu-west-1 --stack second`, then `spotdrill attach \
                 --profile 'game day' --region eu-west-1`.",
            ),
            (
                "next: spotdrill prove --stack other, which",
                "next: spotdrill prove --profile 'game day' --region eu-west-1 --stack other, which",
            ),
            (
                "aws lambda get-policy --region us-east-1",
                "aws lambda --profile 'game day' get-policy --region us-east-1",
            ),
            ("`spotdrill setup --print operator`", "`spotdrill setup --print operator`"),
            ("aws sso login", "aws sso login"),
            ("a spotdrill stack; AWS's events; setup", "a spotdrill stack; AWS's events; setup"),
            (
                "one\n  spotdrill doctor\n",
                "one\n  spotdrill doctor --profile 'game day' --region eu-west-1 --stack second\n",
            ),
        ] {
            assert_eq!(again().fill(text), filled);
        }
        assert_eq!(Again::default().fill("spotdrill setup"), "spotdrill setup");
        let in_lab = Again::default().in_lab(Some(&String::from("tiny")), Some(7));
        assert_eq!(in_lab.fill("spotdrill run --instance i-1"), "spotdrill run --lab tiny --seed 7 --instance i-1");
        assert_eq!(in_lab.fill("spotdrill attach d1"), "spotdrill attach d1", "no drill outlives its lab");
        let served = Again::at(Some(&SafeText::new("http://127.0.0.1:9")));
        assert_eq!(
            served.fill("by hand: aws fis stop-experiment --region r --id E"),
            "by hand: aws fis --endpoint-url http://127.0.0.1:9 stop-experiment --region r --id E"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
