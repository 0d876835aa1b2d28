//! Answers that AWS may give and seldom does: values that nobody knows yet, reasons left out, refusals of every sort, an
//! experiment that is not known yet, one that did nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use spotdrill::drill::{
    fact::What,
    order::{OrderName, WatchName},
    plan::Selection,
    verdict::Outcome,
};

use super::{losses, second, stage_otherwise};
use crate::stage::{Bend, Drilled, Exchange, Otherwise, Stage, scenario};

fn is_get_experiment(call: &str) -> bool {
    call.starts_with("GET ") && call.contains("/experiments/") && !call.contains("resolvedTargets")
}

async fn bent(bend: impl Fn(&mut Exchange<'_>) + Send + Sync + 'static) -> Stage {
    let bend: Bend = Arc::new(bend);
    stage_otherwise(scenario(4, ""), |_, _| Otherwise { bend: Some(bend), ..Otherwise::default() }).await
}

/// What FIS says of the experiment is changed on its way.
async fn told_otherwise(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Stage {
    bent(move |exchange| {
        if is_get_experiment(exchange.call) {
            let mut answer: Value = serde_json::from_str(&exchange.body).unwrap();
            change(&mut answer["experiment"]);
            exchange.body = answer.to_string();
        }
    })
    .await
}

fn said(drilled: &Drilled) -> String {
    drilled.entries.iter().map(|entry| entry.fact.what.telling()).collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_status_that_nobody_knows_is_said_and_asked_on() {
    for strange in ["xyz", "stopping", "pending"] {
        let stage = told_otherwise(move |experiment| {
            if experiment["state"]["status"] == "running" {
                experiment["state"] = json!({ "status": strange, "reason": null });
                for action in experiment["actions"].as_object_mut().unwrap().values_mut() {
                    action["state"] = json!({ "status": "half-way", "reason": null });
                }
            }
        })
        .await;
        let drilled = stage.drill("web", Selection::Count(1), "2m").await;
        let said = said(&drilled);
        assert!(said.contains(&format!("experiment {strange}")), "{said}");
        assert_eq!(said.contains("a status that this version does not know"), strange == "xyz", "{said}");
        let wanted = if strange == "stopping" { Outcome::Aborted } else { Outcome::Held };
        let outcome = drilled.verdict.verdict;
        // somebody else's stop may be told as one, or as what was seen of it
        assert!(outcome == wanted || outcome == Outcome::Held, "{strange}: {:?}", drilled.verdict);
        assert_eq!(drilled.verdict.interrupted.len(), 1, "{strange}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_a_state_that_nobody_knows_is_watched_on() {
    let stage = bent(|exchange| {
        if exchange.call.ends_with("DescribeInstances") {
            exchange.body = exchange.body.replace("<name>shutting-down</name>", "<name>evaporating</name>");
        }
    })
    .await;
    let drilled = stage.drill("web", Selection::Count(1), "2m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    assert!(said(&drilled).contains("evaporating"), "{}", said(&drilled));
}

#[tokio::test(start_paused = true)]
async fn an_experiment_that_is_cancelled_or_fails_is_over_soon_and_says_why() {
    for (status, reason, why) in [
        ("cancelled", Value::Null, "the experiment ended as cancelled"),
        ("failed", json!("Action failed"), "the experiment ended as failed: Action failed"),
    ] {
        let stage = told_otherwise(move |experiment| {
            let state = json!({ "status": status, "reason": reason });
            experiment["state"] = state.clone();
            for action in experiment["actions"].as_object_mut().unwrap().values_mut() {
                action["state"] = state.clone();
            }
        })
        .await;
        let drilled = stage.drill("web", Selection::Count(1), "10m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Failed, "{status}");
        assert!(drilled.verdict.reasons[0].contains(why), "{status}: {:?}", drilled.verdict);
        let over = second(drilled.entries.last().unwrap().fact.at);
        assert!(over < 120, "{status}: nothing more is to come, and it was over after {over} s");
        assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_experiment_that_did_nothing_is_no_success() {
    let stage = told_otherwise(|experiment| {
        experiment["state"] = json!({ "status": "completed", "reason": "Experiment completed" });
        for action in experiment["actions"].as_object_mut().unwrap().values_mut() {
            let action = action.as_object_mut().unwrap();
            action.insert(String::from("state"), json!({ "status": "skipped", "reason": "No targets resolved" }));
            action.remove("startTime");
            action.remove("endTime");
        }
    })
    .await;
    let drilled = stage.drill("web", Selection::Count(1), "10m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::NoOp, "{:?}", drilled.verdict);
    let reason = &drilled.verdict.reasons[0];
    assert!(reason.contains("no action was carried out: No targets resolved"), "{reason}");
    assert!(drilled.verdict.telling().starts_with("no-op: 0 interrupted"), "{}", drilled.verdict.telling());
    assert!(second(drilled.entries.last().unwrap().fact.at) < 60);
}

#[tokio::test(start_paused = true)]
async fn an_experiment_that_is_not_known_yet_is_asked_for_again() {
    for (times, is_told) in [(2, false), (6, true)] {
        let left = AtomicU32::new(times);
        let one_less =
            move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let stage = bent(move |exchange| {
            if is_get_experiment(exchange.call) && one_less() {
                exchange.status = 404;
                exchange.body = json!({ "__type": "ResourceNotFoundException", "message": "not found" }).to_string();
            }
        })
        .await;
        let drilled = stage.drill("web", Selection::Count(1), "3m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
        let lost: Vec<_> = losses(&drilled).into_iter().map(|(watch, ..)| watch).collect();
        let wanted = if is_told { vec![WatchName::Experiment] } else { Vec::new() };
        assert_eq!(lost, wanted, "{times} times");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_start_is_not_repeated_names_its_cause_and_leaves_nothing() {
    for (status, code, message) in [
        (402, "ServiceQuotaExceededException", "You have reached the limit of active experiments"),
        (409, "ConflictException", "The token was used with other parameters"),
        (400, "ValidationException", "roleArn is not valid"),
    ] {
        let stage = bent(move |exchange| {
            if exchange.call.starts_with("POST") && exchange.call.contains("/experiments") {
                exchange.status = status;
                exchange.body = json!({ "__type": code, "message": message }).to_string();
            }
        })
        .await;
        let drilled = stage.drill("web", Selection::Count(1), "3m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Refused, "{code}: {:?}", drilled.verdict);
        let reason = &drilled.verdict.reasons[0];
        assert!(reason.contains(code) && reason.contains(message), "{reason}");
        let starts =
            stage.calls().iter().filter(|(_, call)| call.starts_with("POST") && call.contains("/experiments")).count();
        assert_eq!(starts, 1, "{code}");
        assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_carried_out_and_refused_when_it_was_asked_for_again_is_found() {
    // the answer is lost, and the same call is throttled from then on
    let asked = AtomicU32::new(0);
    let stage = bent(move |exchange| {
        if exchange.call.starts_with("POST") && exchange.call.contains("/experiments") {
            let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            (exchange.status, exchange.body) = if first {
                (500, json!({ "__type": "InternalServerException", "message": "?" }).to_string())
            } else {
                (429, json!({ "__type": "ThrottlingException", "message": "Rate exceeded" }).to_string())
            };
        }
    })
    .await;
    let drilled = stage.drill("web", Selection::Count(1), "3m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}\n{}", drilled.verdict, said(&drilled));
    assert!(drilled.has(|what| matches!(what, What::OrderUnanswered { order: OrderName::StartExperiment, .. })));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_name_is_looked_for() {
    for (path, made, part) in [
        ("/experimentTemplates", "experimentTemplate", OrderName::CreateTemplate),
        ("/experiments", "experiment", OrderName::StartExperiment),
    ] {
        let stage = bent(move |exchange| {
            if exchange.call.starts_with("POST ") && exchange.call.contains(path) {
                let mut answer: Value = serde_json::from_str(&exchange.body).unwrap();
                answer[made].as_object_mut().unwrap().remove("id");
                exchange.body = answer.to_string();
            }
        })
        .await;
        let drilled = stage.drill("web", Selection::Count(1), "2m").await;
        assert!(drilled.has(|what| matches!(what, What::OrderUnanswered { order, .. } if *order == part)), "{made}");
        assert!(!said(&drilled).contains("experiment  "), "none is taken for one without a name");
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{made}: {:?}", drilled.verdict.reasons);
    }
}
