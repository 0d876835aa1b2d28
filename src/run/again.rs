//! Whether the start of a drill that was left may be sent again: what its journal says is compared with what AWS has, for a journal
//! may have been edited. Knows nothing of how it is sent.

use std::collections::BTreeSet;

use super::start::NotStarted;
use crate::{
    aws::Aws,
    drill::{
        conduct::Drill,
        guard::caps::MOST_IN_WAVE,
        lock::{Entry, State},
    },
    text::SafeText,
};

/// Its template is the one that was made for it and hits what was confirmed, no more than a wave; its groups are still its own.
pub(super) async fn may_be_sent_again(aws: &Aws, drill: &Drill) -> Result<(), NotStarted> {
    let Some(planned) = &drill.planned else { return Ok(()) };
    let not = |why: String| NotStarted::NotAgain { drill: planned.id.clone(), why: SafeText::new(why) };
    let template = drill.made_template().filter(|_| drill.may_start_again(aws.clock.now()));
    let Some(template) = template else {
        let why =
            "only a start that got no answer is, for ten minutes; without --continue it is looked for and watched";
        return Err(not(String::from(why)));
    };
    let Some(made) = aws.made(template).await? else {
        return Err(not(format!("its template {template} is not there any more")));
    };
    let confirmed: BTreeSet<_> = planned.plan.targets.iter().map(|target| target.id.clone()).collect();
    if made.of.as_ref() != Some(&planned.id) || made.hits != confirmed || confirmed.len() > MOST_IN_WAVE {
        return Err(not(format!("the template {template} is not what its journal says")));
    }
    for group in planned.plan.groups() {
        let read = aws.lock(group).await?;
        let is_ours = |entry: &Entry| entry.state == State::Held && entry.lock.drill == planned.id;
        if !read.is_some_and(|read| is_ours(&read.entry)) {
            return Err(not(format!("it does not hold the lock of {} any more", group.qualified())));
        }
    }
    Ok(())
}
