//! The ways in which the chain can hold or break, each told apart.

use std::collections::BTreeMap;

use super::*;

const EVENT: &str = "11111111-2222-3333-4444-555555555555";

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

fn proof() -> Proof {
    let mut names = Names::of("spotdrill", &BTreeMap::new());
    names.secret = Some("spotdrill/slack-webhook".into());
    Proof::begun(EVENT, at(0), at(80), names)
}

fn standing(proof: &Proof, hop: Hop) -> String {
    let (_, standing) = proof.hops().find(|(other, _)| *other == hop).unwrap();
    match standing {
        Standing::Awaited => String::from("awaited"),
        Standing::Passed { after, .. } => format!("passed {}", after.as_millis()),
        Standing::Failed { why, .. } => format!("failed: {why}"),
        Standing::Left { why } => format!("left: {why}"),
    }
}

fn line(message: &str, more: &str) -> String {
    format!(r#"{{"level": "INFO", "message": "{message}", "request": "r-1", "event": "{EVENT}"{more}}}"#)
}

fn matched(proof: &mut Proof) {
    proof.line_of_events(at(700), &format!(r#"{{"id":"{EVENT}","source":"spotdrill.selftest"}}"#));
}

#[test]
fn a_chain_that_holds_tells_when_each_hop_was_seen() {
    let mut proof = proof();
    proof.line_of_events(at(500), r#"{"id":"another"}"#);
    proof.line_of_events(at(500), "no JSON");
    matched(&mut proof);
    matched(&mut proof);
    proof.line_of_function(at(1200), "START RequestId: r-0 Version: $LATEST");
    proof.line_of_function(at(1300), "START RequestId: r-1 Version: $LATEST");
    proof.line_of_function(at(1900), &line("posted to Slack, status 200", r#", "status": 200, "tries": 1"#));
    let seen: Vec<_> = Hop::ALL.into_iter().map(|hop| standing(&proof, hop)).collect();
    assert_eq!(seen, ["passed 80", "passed 700", "passed 1300", "passed 1900", "passed 1900"]);
    assert!(proof.is_over() && proof.holds());
}

#[test]
fn a_start_line_that_comes_late_still_times_the_invocation() {
    let mut proof = proof();
    let said = line("posted to Slack, status 200", r#", "status": 200, "tries": 1"#);
    proof.line_of_function(at(1900), &said);
    proof.line_of_function(at(1300), "START RequestId: r-1 Version: $LATEST");
    proof.line_of_function(at(1900), &said);
    assert_eq!(standing(&proof, Hop::Invoked), "passed 1300");
}

#[test]
fn slack_that_refuses_is_neither_the_rules_nor_the_lambdas_fault() {
    for (more, why) in [
        (r#", "status": 404, "reason": "no_service", "tries": 1"#, "failed: Slack refused: status 404, no_service"),
        (r#", "status": 429, "tries": 2"#, "failed: Slack refused: status 429, too many messages, tried 2 times"),
        (r#", "status": 500, "tries": 1"#, "failed: Slack refused: status 500"),
        (r#", "status": null, "reason": "TimeoutError", "tries": 1"#, "failed: Slack gave no answer (TimeoutError)"),
    ] {
        let mut proof = proof();
        matched(&mut proof);
        proof.line_of_function(at(1900), &line("posted to Slack, whatever", more));
        assert_eq!(standing(&proof, Hop::Slack), why);
        assert_eq!(standing(&proof, Hop::Secret), "passed 1900");
        assert!(proof.is_over() && !proof.holds());
    }
}

#[test]
fn a_secret_that_cannot_be_read_ends_the_way_there() {
    for (message, why) in [
        (
            "secret unreadable, AccessDeniedException",
            "failed: secret unreadable, AccessDeniedException (spotdrill/slack-webhook)",
        ),
        ("secret holds no URL", "failed: spotdrill/slack-webhook holds no URL"),
    ] {
        let mut proof = proof();
        matched(&mut proof);
        proof.line_of_function(at(1), &line(message, ""));
        assert_eq!(standing(&proof, Hop::Secret), why);
        assert!(standing(&proof, Hop::Slack).starts_with("left: "), "{}", standing(&proof, Hop::Slack));
        assert!(!proof.holds());
    }
}

#[test]
fn without_slack_the_way_ends_in_the_log_and_holds() {
    let mut proof = proof();
    matched(&mut proof);
    proof.line_of_function(at(1), &line("no webhook configured, not posted", ""));
    assert_eq!(standing(&proof, Hop::Slack), "left: the stack was set up without Slack");
    assert!(proof.holds());
}

#[test]
fn a_lambda_that_crashes_is_told_from_a_rule_that_does_not_match() {
    let mut crashed = proof();
    matched(&mut crashed);
    crashed.line_of_function(at(900), "2026-11-22T12:00:00Z r-1 Task timed out after 60.00 seconds");
    assert!(standing(&crashed, Hop::Invoked).starts_with("failed: the Lambda failed: "));
    assert!(crashed.is_over());

    let mut unmatched = proof();
    matched(&mut unmatched);
    unmatched.time_is_up(SignedDuration::from_secs(60));
    assert!(standing(&unmatched, Hop::Invoked).starts_with("failed: the rule did not match: within 60 s spot-event"));
    assert!(unmatched.is_over() && !unmatched.holds());
}

#[test]
fn an_earlier_crash_is_not_this_events() {
    let mut proof = proof();
    proof.line_of_function(at(-5_000), "Task timed out");
    assert_eq!(standing(&proof, Hop::Invoked), "awaited");
}

#[test]
fn an_initialisation_that_took_too_long_is_no_crash() {
    let mut proof = proof();
    proof.line_of_function(at(10_100), "INIT_REPORT Init Duration: 10009.36 ms\tPhase: init\tStatus: timeout");
    proof.line_of_function(
        at(10_200),
        "INIT_REPORT Init Duration: 5.10 ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown",
    );
    assert_eq!(standing(&proof, Hop::Invoked), "awaited");
    proof.line_of_function(at(12_000), &line("posted to Slack, status 200", r#", "status": 200, "tries": 1"#));
    matched(&mut proof);
    assert!(proof.holds());
}

#[test]
fn the_rule_is_not_blamed_for_a_log_that_could_not_be_read() {
    let mut proof = proof();
    for hop in [Hop::Matched, Hop::Invoked] {
        proof.log_was(hop, Some("could not read the log: Rate exceeded".into()));
    }
    proof.log_was(Hop::Invoked, None);
    proof.time_is_up(SignedDuration::from_secs(60));
    let said = standing(&proof, Hop::Matched);
    assert!(said.starts_with("failed: its log could not be read within 60 s: could not read the log"), "{said}");
    let said = standing(&proof, Hop::Invoked);
    assert!(said.starts_with("failed: the rule did not match"), "it was read in the end: {said}");
}
