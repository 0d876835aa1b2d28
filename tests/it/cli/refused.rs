//! What is refused on the command line: by a guard, or because what was asked for is not there. Knows the codes of both.

use super::{GUARDED, USAGE, complaint, served};
use crate::program::{Home, run};

#[test]
fn a_guard_refuses_before_anything_is_started_and_says_what_to_do() {
    let home = Home::new();
    for (wanted, code, said) in [
        ("--group web-spto --yes", USAGE, "Did you mean `web-spot`?"),
        ("--group web-spot --count 0 --yes", USAGE, "nothing is chosen"),
        ("--group web-spot --count 99 --yes", GUARDED, "ask for at most 8"),
        ("--group system --yes", GUARDED, "`shop/system` has no running spot instance"),
        ("--instance i-0123456789abcdef0 --yes", USAGE, "there is no instance i-0123456789abcdef0 in eu-west-1"),
        ("--group web-spot", GUARDED, "pass --yes"),
        ("--group web-spot --read-only --yes", GUARDED, "this is --read-only"),
        (
            "--group web-spot --yes --fis-role nobody",
            GUARDED,
            "role/nobody that FIS could interrupt with: `spotdrill setup`",
        ),
        ("--group web-spot --yes --check http://shop.example/", USAGE, "not asked: a lab asks this machine alone"),
    ] {
        let complaint = complaint(&mut home.spotdrill(&format!("run --lab {wanted}")), code);
        assert!(complaint.contains("nothing was started") && complaint.contains(said), "{wanted}: {complaint}");
        assert!(!complaint.contains("failing since"), "{wanted}: {complaint}");
    }
    assert_eq!(home.journals().len(), 0);
}

#[test]
fn a_run_of_nothing_says_what_it_takes() {
    let home = Home::new();
    let said = complaint(&mut home.spotdrill("run --lab --yes"), USAGE);
    for option in ["--group", "--instance", "--template"] {
        assert!(said.contains(option), "{option} is not in: {said}");
    }
}

#[test]
fn options_that_do_not_go_together_are_wrong_usage() {
    let home = Home::new();
    for (words, said) in [
        ("--speed 5", "--speed is the lab's: add --lab"),
        ("fleet --speed 5", "--speed is the lab's: add --lab"),
        ("fleet --lab --region eu-west-1", "leave out --region"),
        ("fleet --lab --profile x", "leave out --profile"),
        ("fleet --lab --endpoint-url http://127.0.0.1:9", "leave out --endpoint-url"),
        ("fleet --lab --speed 0", "0.1 to 1000"),
        ("lab serve --region us-east-1", "a lab is as its scenario says"),
        ("--lab tiny lab serve --scenario tiny", "--lab and --scenario both name a scenario"),
    ] {
        let complaint = complaint(&mut home.spotdrill(words), USAGE);
        assert!(complaint.contains(said) && complaint.starts_with("spotdrill: "), "{words}: {complaint}");
    }
}

/// The same thing is missing, so the code is the same.
#[test]
fn a_drill_that_is_not_there_is_wrong_usage_whoever_looks_for_it() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "");
    for words in ["abort", "abort nosuch", "attach", "attach nosuch"] {
        let ended = run(home.spotdrill(&format!("{words} --endpoint-url {url}")).envs(exports.clone()));
        assert_eq!(ended.code, Some(USAGE), "{words}: {}", ended.err);
    }
}
