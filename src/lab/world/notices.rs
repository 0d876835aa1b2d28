//! What an instance is told of its end, for its metadata to say. Knows not why it ends.

use jiff::{SignedDuration, Timestamp};

use super::{Warning, World, schedule::later};

/// From the notice to the action; a hibernation begins at once.
const TWO_MINUTES: SignedDuration = SignedDuration::from_mins(2);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Notices {
    /// When the rebalance was recommended.
    pub(in crate::lab) rebalance: Option<Timestamp>,
    /// What will be done, and when.
    pub(in crate::lab) action: Option<(&'static str, Timestamp)>,
}

impl World {
    pub(super) fn note_rebalance(&mut self, instance: &str) {
        let now = self.now;
        self.notices.entry(instance.to_owned()).or_default().rebalance = Some(now);
    }

    pub(super) fn note_action(&mut self, warning: &Warning) {
        let notice = if warning.action == "hibernate" { SignedDuration::ZERO } else { TWO_MINUTES };
        let at = later(self.now, notice);
        self.notices.entry(warning.instance.clone()).or_default().action = Some((warning.action, at));
    }
}

#[cfg(test)]
impl World {
    /// Recommends a rebalance and gives the notice, both now.
    pub(in crate::lab) fn warn(&mut self, instance: &str) {
        self.announce_rebalance(instance);
        let detail_type = "EC2 Spot Instance Interruption Warning";
        let warning = Warning { detail_type, instance: instance.to_owned(), action: "terminate" };
        self.announce_warning(&warning);
    }
}
