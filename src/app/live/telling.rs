//! A fact in one short human line. Knows every kind of fact and decides nothing.

use crate::{
    drill::{
        fact::{Basis, ConfirmedBy, What},
        fleet::Behavior,
    },
    text::SafeText,
};

/// What happened, without its time, its source and its instance.
pub fn told(what: &What) -> String {
    match what {
        What::DrillPlanned { drill, plan, .. } => {
            format!("drill {drill} planned: {} with {} of warning", plan.words(), plan.warning)
        }
        What::DrillConfirmed { words, by, .. } => match by {
            ConfirmedBy::Typed => format!("confirmed: typed `{words}`"),
            ConfirmedBy::Flag => format!("confirmed by --confirm `{words}`"),
            ConfirmedBy::Yes => String::from("confirmed by --yes, in the lab"),
        },
        What::TemplateCreated { template } => format!("template {template} created"),
        What::ExperimentStarted { experiment, .. } => format!("experiment {experiment} started"),
        What::ExperimentStateChanged { status, reason, .. } => {
            format!("experiment {status}{}", because(reason.as_ref()))
        }
        What::ActionStateChanged { action, status, reason } => format!("{action} {status}{}", because(reason.as_ref())),
        What::TargetsResolved { instances } => format!("FIS resolved {} targets", instances.len()),
        What::RebalanceRecommended { basis } => format!("rebalance recommended ({})", by(*basis)),
        What::NoticeIssued { basis, action } => {
            let action = action.map(Behavior::as_str).map(|action| format!(" to {action}")).unwrap_or_default();
            format!("NOTICE{action} ({})", by(*basis))
        }
        What::InstanceStateChanged { state, reason, .. } => format!("{state}{}", because(reason.as_ref())),
        What::SpotRequestChanged { state, status, .. } => format!("spot request {state}: {status}"),
        What::ReplacementLaunched { group, az, instance_type } => {
            format!("launched in {} ({instance_type}, {az})", group.qualified())
        }
        What::StopRequested { by } => format!("stop asked for by {by}"),
        What::StopSent { experiment } => format!("stop sent to {experiment}"),
        What::TemplateDeleted { template } => format!("template {template} deleted"),
        What::OrderRefused { order, code, message } => format!("AWS refused to {}: {code}: {message}", order.as_str()),
        What::OrderUnanswered { order, message } => format!("no answer when asked to {}: {message}", order.as_str()),
        What::ExperimentNotFound { template } => format!("no experiment of template {template} was found"),
        What::SourceLost { watch, message } => format!("{} cannot be read: {message}", watch.as_str()),
        What::SourceFound { watch } => format!("{} can be read again", watch.as_str()),
        What::LogLine { message, .. } | What::Noted { message } => message.to_string(),
        What::SettleTimeEnded => String::from("the time to wait for what is missing is over"),
        What::DrillFinished { verdict } => format!("finished: {}", verdict.verdict.as_str()),
    }
}

fn because(reason: Option<&SafeText>) -> String {
    reason.filter(|reason| !reason.is_empty()).map(|reason| format!(" ({reason})")).unwrap_or_default()
}

fn by(basis: Basis) -> &'static str {
    match basis {
        Basis::Event => "AWS event",
        Basis::LogLine => "log line",
        Basis::SpotRequestStatus => "spot request status",
        Basis::ActionStarted => "inferred: FIS action began",
        Basis::ActionCompleted => "inferred: FIS action completed",
    }
}
