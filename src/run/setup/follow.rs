//! The work on a stack, followed to its end: its events are read again and again, and folded. Knows no reason for the work.

use std::time::Duration;

use jiff::SignedDuration;

use super::{NotSetUp, Tell, Told};
use crate::{
    aws::{Aws, Error},
    stack::{Stack, progress::Progress, status::Standing},
    text::SafeText,
};

/// Between two looks, in drill time.
const EVERY: Duration = Duration::from_secs(2);
/// How long it is followed in all, and how long AWS may give no answer, in drill time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
const SILENCE: SignedDuration = SignedDuration::from_mins(5);
/// Events older than this belong to earlier work.
const PAST: SignedDuration = SignedDuration::from_mins(15);

/// The stack, once nothing is under way on it; what is under way is followed, and what somebody else begins after it too.
pub async fn settled(aws: &Aws, name: &str, tell: Tell<'_>) -> Result<Option<Stack>, NotSetUp> {
    let begun = aws.clock.now();
    loop {
        let Some(stack) = aws.stack(name).await? else { return Ok(None) };
        if stack.standing() != Standing::Busy {
            return Ok(Some(stack));
        }
        if aws.clock.now().duration_since(begun) > PATIENCE {
            return Err(NotSetUp::TooSlow { stack: stack.name, minutes: PATIENCE.as_secs() / 60 });
        }
        tell(Told::Doing(SafeText::new(format!("the stack {name} is {}: waiting until that is over", stack.status))));
        follow(aws, &stack.id, Progress::default(), tell).await?;
        aws.clock.sleep(EVERY).await;
    }
}

/// Takes note of the events so far, so that only what comes from now on counts.
pub async fn forget_the_past(aws: &Aws, stack_id: &str, progress: &mut Progress) -> Result<(), Error> {
    let since = aws.clock.now().saturating_sub(PAST).unwrap_or_default();
    progress.forget(&aws.stack_events(stack_id, since).await?);
    Ok(())
}

/// Follows the work on a stack until it is over. AWS may give no answer for a while: the work goes on there all the same.
pub async fn follow(aws: &Aws, stack_id: &str, mut progress: Progress, tell: Tell<'_>) -> Result<Progress, NotSetUp> {
    let begun = aws.clock.now();
    let mut heard = begun;
    let mut since = begun.saturating_sub(PAST).unwrap_or_default();
    loop {
        let now = aws.clock.now();
        match aws.stack_events(stack_id, since).await {
            Ok(events) => {
                heard = now;
                if let Some(newest) = events.last() {
                    since = newest.at.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(since).max(since);
                }
                for event in &events {
                    progress.apply(event);
                }
                tell(Told::Progress(Box::new(progress.clone())));
                if progress.outcome().is_some() {
                    return Ok(progress);
                }
            }
            Err(error) if error.kind.passes() && now.duration_since(heard) < SILENCE => {
                tell(Told::Stale(SafeText::new(error.to_string())));
            }
            Err(error) => return Err(NotSetUp::LostSight { stack: SafeText::new(stack_id), error }),
        }
        if now.duration_since(begun) > PATIENCE {
            let stack = SafeText::new(stack_id);
            return Err(NotSetUp::TooSlow { stack, minutes: PATIENCE.as_secs() / 60 });
        }
        aws.clock.sleep(EVERY).await;
    }
}
