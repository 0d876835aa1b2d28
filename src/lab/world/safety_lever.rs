//! FIS's safety lever, which stops and prevents all experiments of the region. Knows not how an experiment is stopped.

use super::{Happening, World};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct SafetyLever {
    pub(in crate::lab) status: LeverStatus,
    pub(in crate::lab) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum LeverStatus {
    Disengaged,
    /// While the running experiments stop; it cannot be changed then.
    Engaging,
    Engaged,
}

impl Default for SafetyLever {
    fn default() -> Self {
        Self { status: LeverStatus::Disengaged, reason: "Initial state.".to_owned() }
    }
}

impl World {
    /// Engaging stops every experiment of the region, and takes as long as that does.
    pub(in crate::lab) fn set_safety_lever(&mut self, engage: bool, reason: String) {
        self.safety_lever = SafetyLever { status: LeverStatus::Disengaged, reason };
        if engage {
            self.safety_lever.status = LeverStatus::Engaging;
            let ids: Vec<String> = self.experiments.keys().cloned().collect();
            for id in &ids {
                self.stop_experiment(id);
            }
            self.schedule(self.scenario.timing.stop, Happening::LeverEngages);
        }
    }

    pub(super) fn lever_engages(&mut self) {
        self.safety_lever.status = LeverStatus::Engaged;
    }
}
