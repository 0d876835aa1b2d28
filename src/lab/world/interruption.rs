//! One spot interruption from the rebalance recommendation to the shutdown. Knows not which experiment asks for it, only
//! whether that has been stopped.

use super::{Happening, Warning, World, experiment::Status, instance::InstanceState};
use crate::lab::scenario::{Behavior, Handler, Replaces, StatusAt};

/// An instance that an experiment interrupts.
#[derive(Clone, Debug)]
pub(super) struct Interrupted {
    pub(super) instance: String,
    pub(super) experiment: String,
}

impl World {
    pub(super) fn recommend_rebalance(&mut self, interrupted: &Interrupted) {
        if self.is_off(interrupted) {
            return;
        }
        self.announce_rebalance(&interrupted.instance);
        self.doom(&interrupted.instance);
        self.replace_at(Replaces::Rebalance, &interrupted.instance);
    }

    pub(super) fn give_notice(&mut self, interrupted: &Interrupted) {
        let id = &interrupted.instance;
        if self.is_off(interrupted) || self.instances.get(id).is_some_and(|instance| instance.noticed) {
            return;
        }
        let Some(behavior) = self.behavior(id) else { return };
        if let Some(instance) = self.instances.get_mut(id) {
            instance.noticed = true;
        }
        self.doom(id);
        match behavior {
            Behavior::Terminate if self.scenario.interruption.status_at == StatusAt::Notice => self.close_request(id),
            Behavior::Stop => {
                self.set_request(
                    id,
                    "active",
                    "marked-for-stop-by-experiment",
                    "The Spot Instance is marked for stopping.",
                );
            }
            Behavior::Terminate | Behavior::Hibernate => {}
        }
        self.announce_warning(&Warning {
            detail_type: "EC2 Spot Instance Interruption Warning",
            instance: id.clone(),
            action: behavior.as_str(),
        });
        self.replace_at(Replaces::Notice, id);
        self.handle_notice(id);
        if behavior == Behavior::Hibernate {
            // Hibernation begins at once; there are no two minutes.
            self.shut_down(interrupted);
        }
    }

    pub(super) fn shut_down(&mut self, interrupted: &Interrupted) {
        let id = &interrupted.instance;
        let Some(behavior) = self.behavior(id) else { return };
        if self.is_off(interrupted) {
            return;
        }
        let reason = format!("Service initiated ({})", self.now.strftime("%Y-%m-%d %H:%M:%S GMT"));
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.transition_reason = reason;
        if behavior == Behavior::Terminate {
            instance.state = InstanceState::ShuttingDown;
            let message = "Server.SpotInstanceTermination: Spot instance termination";
            instance.state_reason = Some(("Server.SpotInstanceTermination", message));
            self.close_request(id);
        } else {
            instance.state = InstanceState::Stopping;
            let message = "Server.SpotInstanceShutdown: Spot instance shutdown";
            instance.state_reason = Some(("Server.SpotInstanceShutdown", message));
            self.set_request(id, "disabled", "instance-stopped-by-experiment", "The Spot Instance was stopped.");
        }
        self.take_out(id, Replaces::Termination);
    }

    /// Whether it does not go on: the instance runs no more, or its experiment was stopped before the notice in a region
    /// that recalls.
    fn is_off(&self, interrupted: &Interrupted) -> bool {
        let Some(instance) = self.instances.get(&interrupted.instance) else { return true };
        let stopped = self.experiments.get(&interrupted.experiment).is_some_and(|experiment| {
            matches!(experiment.state.status, Status::Stopping | Status::Stopped | Status::Cancelled)
        });
        let recalled = self.scenario.interruption.stop_recalls && stopped && !instance.noticed;
        recalled || !matches!(instance.state, InstanceState::Pending | InstanceState::Running)
    }

    /// Karpenter drains an instance that got its notice and terminates it, where EC2 is not faster. The other handlers
    /// only cordon and drain, which EC2 does not see.
    fn handle_notice(&mut self, id: &str) {
        let group = self.instances.get(id).and_then(|instance| self.scenario.groups.get(instance.group?));
        if let Some(group) = group.filter(|group| group.handler == Handler::Karpenter) {
            self.schedule(group.drain, Happening::ManagerTerminates(id.to_owned()));
        }
    }

    fn close_request(&mut self, id: &str) {
        let message = "Your Spot Instance was terminated by an experiment.";
        self.set_request(id, "closed", "instance-terminated-by-experiment", message);
    }
}
