//! `prove`: an event is sent, and followed through rule, Lambda and secret to Slack, by what their logs say. Knows where to read;
//! what a line means is the proof's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{Aws, Error, Kind},
    stack::{
        names::Names,
        proof::{Hop, Proof},
    },
    text::SafeText,
};

/// Between two looks, in drill time.
const EVERY: Duration = Duration::from_secs(2);
/// How long is waited for the last hop, in drill time: a cold Lambda, a Slack that wants to be asked again, a slow log.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What everything is called, by the stack's parameters; none where there is no stack.
pub async fn names(aws: &Aws, stack: &str) -> Result<Option<Names>, Error> {
    Ok(aws.stack(stack).await?.filter(|found| found.ours).map(|found| Names::of(stack, &found.parameters)))
}

/// What is said where there is no stack to be proved.
pub fn no_stack(aws: &Aws, stack: &str) -> String {
    format!(
        "there is no stack {stack} in {} that is spotdrill's, so nothing is to be proved. Make it: spotdrill setup",
        aws.region
    )
}

/// Sends the event and follows it; `tell` is told whenever something new was seen.
pub async fn prove(aws: &Aws, names: &Names, mut tell: impl FnMut(&Proof)) -> Result<Proof, Error> {
    let sent = aws.clock.now();
    let event = aws.send_selftest("{\"spotdrill\":\"prove\"}").await?;
    let mut proof = Proof::begun(&event, sent, aws.clock.now(), names.clone());
    tell(&proof);
    // the time of an event has whole seconds, so its line may be dated before it was sent
    let since = sent.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(sent);
    loop {
        let before = proof.clone();
        look(aws, names, since, &mut proof).await;
        let waited = aws.clock.now().duration_since(sent);
        if waited >= PATIENCE && !proof.is_over() {
            proof.time_is_up(waited);
        }
        if proof != before {
            tell(&proof);
        }
        if proof.is_over() {
            return Ok(proof);
        }
        aws.clock.sleep(EVERY).await;
    }
}

/// Reads both logs once. One that cannot be read fails its hop, unless it may be read in a moment.
async fn look(aws: &Aws, names: &Names, since: Timestamp, proof: &mut Proof) {
    let (events, function) = (names.event_log_group(), names.function_log_group());
    let (of_events, of_function) = tokio::join!(aws.lines_since(&events, since), aws.lines_since(&function, since));
    match of_events {
        Ok(lines) => {
            proof.log_was(Hop::Matched, None);
            for line in &lines {
                proof.line_of_events(line.arrived, &line.message);
            }
        }
        Err(error) => cannot_read(proof, Hop::Matched, &events, &error),
    }
    match of_function {
        Ok(lines) => {
            proof.log_was(Hop::Invoked, None);
            for line in &lines {
                proof.line_of_function(line.at, &line.message);
            }
        }
        Err(error) => cannot_read(proof, Hop::Invoked, &function, &error),
    }
}

fn cannot_read(proof: &mut Proof, hop: Hop, group: &str, error: &Error) {
    if error.kind.passes() {
        return proof.log_was(hop, Some(SafeText::new(error.to_string())));
    }
    let why = match error.kind {
        Kind::NotFound => format!("there is no log group {group}, so nothing can be seen of it"),
        _ => format!("{group} cannot be read, so nothing can be seen of it: {error}"),
    };
    proof.unreadable(hop, &why);
}
