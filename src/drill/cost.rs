//! What a drill costs in FIS. Knows AWS's price list for FIS and nothing of instance prices.

use std::fmt;

use super::plan::Plan;

/// An upper bound: FIS charges each action from its start to its end, whatever the number of its targets.
///
/// The action ends when the notice is sent; part of a minute counts as one. Source: AWS FIS pricing, $0.10 for each
/// action-minute ($0.12 in GovCloud).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub actions: usize,
    pub minutes_each: usize,
    cents_each_minute: usize,
}

impl Cost {
    pub fn of(plan: &Plan) -> Self {
        let seconds = usize::try_from(plan.warning.until_notice().as_secs()).unwrap_or_default();
        Self {
            actions: plan.actions(),
            minutes_each: seconds.div_ceil(60).max(1),
            cents_each_minute: if plan.region.starts_with("us-gov-") { 12 } else { 10 },
        }
    }

    pub fn cents(self) -> usize {
        self.actions * self.minutes_each * self.cents_each_minute
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, cents) = (self.cents() / 100, self.cents() % 100);
        let actions = if self.actions == 1 { "action" } else { "actions" };
        write!(f, "at most ${dollars}.{cents:02} FIS ({} {actions} x {} min)", self.actions, self.minutes_each)
    }
}
