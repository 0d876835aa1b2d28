//! A fact in a few words, for people: the same on the screen, in plain output and in a report. Knows no width and no colour.

use serde_json::Value;

use super::{
    fact::{Basis, ConfirmedBy, Fact, What},
    id::DrillId,
    plan::Target,
    stopping::NO_RECALL,
    verdict::Verdict,
};
use crate::text::SafeText;

impl Fact {
    /// What happened to which instance, without when and by whose word.
    pub fn telling(&self) -> String {
        match &self.instance {
            // a log line names the instance itself
            Some(id) if !matches!(self.what, What::LogLine { .. }) => format!("{id}  {}", self.what.telling()),
            _ => self.what.telling(),
        }
    }
}

impl What {
    /// What happened, without when, to which instance and by whose word.
    pub fn telling(&self) -> String {
        match self {
            Self::DrillPlanned { plan, .. } => {
                let as_is = plan.as_is.as_ref().map(|existing| format!(", template {} as it is", existing.id));
                format!("planned: {}, warning {}{}", plan.words(), plan.warning, as_is.unwrap_or_default())
            }
            Self::DrillConfirmed { words, by, .. } => match by {
                ConfirmedBy::Typed => format!("confirmed, typed: {words}"),
                ConfirmedBy::Flag => format!("confirmed by --confirm: {words}"),
                ConfirmedBy::Yes => format!("confirmed by --yes: {words}"),
            },
            Self::TemplateCreated { template } => format!("template {template} created"),
            Self::ExperimentStarted { experiment, .. } => format!("experiment {experiment} started"),
            Self::ExperimentStateChanged { status, reason, .. } => {
                let strange = if is_known(status) { "" } else { " (a status that this version does not know)" };
                format!("FIS says: experiment {status}{strange}{}", in_words(reason.as_deref()))
            }
            Self::ActionStateChanged { action, status, reason, .. } => {
                format!("FIS says: action {action} {status}{}", in_words(reason.as_deref()))
            }
            Self::TargetsResolved { instances } => format!("targets resolved: {}", instances.len()),
            Self::OthersChosen { chosen } => {
                let one = |target: &Target| format!("{} of {} in {}", target.id, target.group.name, target.az);
                let others: Vec<_> = chosen.iter().map(one).collect();
                format!("FIS CHOSE OTHERS than in its preview: {}", others.join(", "))
            }
            Self::RebalanceRecommended { basis } => format!("rebalance recommended{}", basis.aside()),
            Self::NoticeIssued { basis, action } => match action {
                Some(action) => format!("two-minute notice: {}{}", action.as_str(), basis.aside()),
                None => format!("two-minute notice{}", basis.aside()),
            },
            Self::InstanceStateChanged { state, reason, .. } => format!("{state}{}", in_words(reason.as_deref())),
            Self::SpotRequestChanged { status, state, .. } => format!("spot request {status} ({state})"),
            Self::ReplacementLaunched { group, az, instance_type } => {
                format!("new in {}: {instance_type} in {az}", group.name)
            }
            Self::LogLine { message, .. } => logged(message).unwrap_or_else(|| message.to_string()),
            Self::Noted { message } => message.to_string(),
            Self::DrillAdopted { by, begun, .. } => format!(
                "taken over by {by} from what AWS still says: the experiment was made {}",
                begun.strftime("%Y-%m-%d %H:%M:%S")
            ),
            Self::ContinueRequested { by } => {
                format!("{by} has the order to start sent again, with the same token, if it did not arrive")
            }
            Self::StopRequested { by } => format!("stop asked for by {by}"),
            Self::StopSent { .. } => format!("stop sent; {NO_RECALL}"),
            Self::TemplateDeleted { template } => format!("template {template} deleted"),
            Self::OrderRefused { order, code, message } => {
                format!("AWS refused to {}: {message} ({code})", order.as_str())
            }
            Self::OrderWaits { order, message, todo } => {
                format!("the order to {} waits: {message}. {todo}", order.as_str())
            }
            Self::NothingLookedAt { from, until } => {
                let clock = |at: &jiff::Timestamp| at.strftime("%H:%M:%S").to_string();
                format!("gap: nothing was looked at from {} to {}", clock(from), clock(until))
            }
            Self::OrderUnanswered { order, message } => {
                format!("no answer when asked to {}: {message}", order.as_str())
            }
            Self::OrderWithheld { order, message } => {
                format!("nothing was asked of AWS to {}: {message}", order.as_str())
            }
            Self::TakenUp { by } => {
                format!("the drill was left, and is watched again by {by}; nothing is started by that")
            }
            Self::TemplateNotFound { drill } => format!("no template of drill {drill} exists"),
            Self::ExperimentNotFound { template } => {
                format!("no experiment of this drill exists for template {template}")
            }
            Self::SourceLost { watch, message, since, todo, .. } => {
                let since = since.map(|since| since.strftime(" since %H:%M:%S").to_string()).unwrap_or_default();
                let todo = todo.as_ref().map(|todo| format!(". {todo}")).unwrap_or_default();
                format!("{} STALE{since}: {message}{todo}", watch.as_str())
            }
            Self::SourceFound { watch } => format!("{} answers again", watch.as_str()),
            Self::SettleTimeEnded => String::from("the time to wait is over"),
            Self::DrillFinished { verdict } => verdict.telling(),
            Self::ChecksChosen { checks } => {
                let urls: Vec<_> = checks.iter().map(|check| check.url.as_str()).collect();
                format!("health is asked at {}", urls.join(", "))
            }
            Self::ProbeAnswered { check, status, millis } => format!("{check} answers {status} in {millis} ms"),
            Self::ProbeFailed { check, why } => format!("{check} FAILS: {why}"),
            Self::ProbeRecovered { check, status, millis } => {
                format!("{check} answers again: {status} in {millis} ms")
            }
            Self::LockTaken { groups, by, over } => {
                let names = |names: Vec<&str>| names.join(", ");
                let groups = names(groups.iter().map(SafeText::as_str).collect());
                let over = names(over.iter().map(DrillId::as_str).collect());
                let over = if over.is_empty() { over } else { format!(", taken over from drill {over}") };
                format!("lock on {groups} taken by {by}{over}")
            }
            Self::LockNotTaken { message, .. } => format!("lock not taken: {message}"),
            Self::LockFreed => String::from("lock freed"),
        }
    }
}

impl Basis {
    /// What to say where the signal itself was not seen, only what goes with it.
    fn aside(self) -> &'static str {
        match self {
            Self::Event | Self::LogLine | Self::SpotRequestStatus => "",
            Self::ActionStarted => " (the FIS action started)",
            Self::ActionCompleted => " (the FIS action completed)",
        }
    }
}

impl Verdict {
    /// The outcome and its reasons in one sentence.
    pub fn telling(&self) -> String {
        let (outcome, gone, new) = (self.verdict.as_str(), self.interrupted.len(), self.replacements.len());
        let counted = format!("{outcome}: {gone} interrupted, {new} new in their groups");
        let said: Vec<_> = [counted.as_str()]
            .into_iter()
            .chain(self.reasons.iter().chain(&self.unseen).map(|said| said.trim_end_matches('.')))
            .collect();
        said.join("; ")
    }
}

/// A status of an experiment. Source: FIS API, ExperimentState.
fn is_known(status: &str) -> bool {
    let known = ["pending", "initiating", "running", "completed", "stopping", "stopped", "failed", "cancelled"];
    known.contains(&status)
}

/// A function's line of JSON, shortly: what it says, of which resource and action; its level if that is not the usual one.
fn logged(line: &str) -> Option<String> {
    let members: Value = serde_json::from_str(line).ok()?;
    // what was escaped in JSON is made safe once more
    let member = |name: &str| members.get(name).and_then(Value::as_str).map(SafeText::new);
    let mut said = member("message")?.to_string();
    if let Some(level) = member("level").filter(|level| level.as_str() != "INFO") {
        said = format!("{level} {said}");
    }
    if let (Some(resource), Some(action)) = (member("resource"), member("action")) {
        said = format!("{said}: {resource} {action}");
    }
    Some(said)
}

fn in_words(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::verdict::Outcome;

    fn told(message: &str) -> String {
        What::LogLine { group: "g".into(), message: SafeText::line(message) }.telling()
    }

    #[test]
    fn a_functions_line_of_json_is_told_shortly() {
        let line = r#"{"level": "INFO", "message": "posted to Slack, status 200", "request": "r", "resource": "i-1", "action": "terminate", "status": 200}"#;
        assert_eq!(told(line), "posted to Slack, status 200: i-1 terminate");
        let hostile = r#"{"level": "ERROR", "message": "no\u001b[2J\u202eanswer"}"#;
        assert_eq!(told(hostile), "ERROR no\u{241b}[2J<U+202E>answer");
    }

    #[test]
    fn a_reason_that_ends_as_a_sentence_is_one_of_several() {
        let verdict = Verdict {
            verdict: Outcome::Refused,
            reasons: vec!["FIS cannot assume it.".into(), "i-1: not observed to go".into()],
            interrupted: Vec::new(),
            not_observed: Vec::new(),
            replacements: Vec::new(),
            unseen: Vec::new(),
        };
        let said = verdict.telling();
        assert_eq!(
            said,
            "refused: 0 interrupted, 0 new in their groups; FIS cannot assume it; i-1: not observed to go"
        );
    }

    #[test]
    fn every_other_line_is_told_as_it_is() {
        for line in ["[INFO]\tx", r#"{"type":"platform.start"}"#, r#"{"message":7}"#, "[]", "{"] {
            assert_eq!(told(line), SafeText::line(line).as_str());
        }
    }
}
