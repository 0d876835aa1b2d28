//! The states of an instance and of its spot request, as time and users change them. Knows not what FIS does to them.

use jiff::SignedDuration;

use super::{
    Happening, World,
    instance::{Instance, InstanceState, SpotRequest},
    launch::{Launch, Spot},
    schedule::later,
};
use crate::lab::scenario::{Behavior, Replaces};

/// How long a persistent request whose instance was terminated waits until it is fulfilled again, or tried again. AWS
/// documents no time.
const EVALUATION: SignedDuration = SignedDuration::from_secs(30);

/// How long a spot request is listed that is over, and whose instance is terminated.
const REQUEST_VISIBLE: SignedDuration = SignedDuration::from_hours(4);

impl World {
    pub(super) fn instance_runs(&mut self, id: &str) {
        if self.instances.get(id).is_some_and(|instance| instance.state == InstanceState::Pending) {
            self.set_state(id, InstanceState::Running);
            self.announce_state(id);
            self.finish_activity(id);
        }
    }

    pub(super) fn instance_ends(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        match instance.state {
            InstanceState::ShuttingDown => {
                self.set_state(id, InstanceState::Terminated);
                self.schedule(self.scenario.timing.terminated_visible, Happening::InstanceVanishes(id.to_owned()));
                self.forget_request_later(id);
            }
            InstanceState::Stopping => self.set_state(id, InstanceState::Stopped),
            _ => return,
        }
        self.announce_state(id);
        self.finish_activity(id);
    }

    pub(super) fn instance_vanishes(&mut self, id: &str) {
        self.instances.remove(id);
    }

    pub(super) fn set_state(&mut self, id: &str, state: InstanceState) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.state = state;
        }
    }

    /// Terminates an instance as TerminateInstances does; what is going already goes on.
    pub(in crate::lab) fn terminate(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        if matches!(instance.state, InstanceState::ShuttingDown | InstanceState::Terminated) {
            return;
        }
        let again = self.launch_again(instance);
        self.leave(id, InstanceState::ShuttingDown);
        let message = "Spot Instance terminated due to user-initiated termination.";
        match again {
            Some(launch) => {
                let pending = "Your Spot request has been submitted for review, and is pending evaluation.";
                self.set_request(id, "open", "pending-evaluation", pending);
                self.reopen(id, launch);
            }
            None => self.set_request(id, "closed", "instance-terminated-by-user", message),
        }
        self.take_out(id, Replaces::Termination);
    }

    /// Stops a running instance as StopInstances does.
    pub(in crate::lab) fn stop(&mut self, id: &str) {
        self.leave(id, InstanceState::Stopping);
        let message = "The Spot Instance was stopped by the user.";
        self.set_request(id, "disabled", "instance-stopped-by-user", message);
        self.take_out(id, Replaces::Termination);
    }

    /// Whether there is capacity to start a stopped instance.
    pub(in crate::lab) fn can_start(&mut self, id: &str) -> bool {
        let launch = self.instances.get(id).map(|instance| self.launch_like(instance));
        launch.is_none_or(|launch| self.has_capacity(&launch))
    }

    /// Starts a stopped instance.
    pub(in crate::lab) fn start_again(&mut self, id: &str) {
        let now = self.now;
        if let Some(instance) = self.instances.get_mut(id) {
            instance.state = InstanceState::Pending;
            instance.launched = now;
            instance.transition_reason.clear();
            instance.state_reason = None;
            (instance.doomed, instance.noticed, instance.replaced) = (false, false, false);
        }
        self.set_request(id, "active", "fulfilled", "Your Spot request is fulfilled.");
        self.announce_state(id);
        self.schedule(self.scenario.timing.pending, Happening::InstanceRuns(id.to_owned()));
    }

    /// Cancels a spot request and gives its state; an instance of it goes on running.
    pub(in crate::lab) fn cancel_request(&mut self, id: &str) -> &'static str {
        let now = self.now;
        let Some(request) = self.spot_requests.get_mut(id) else { return "closed" };
        if request.is_over() {
            return request.state;
        }
        let was_open = request.state == "open";
        (request.status, request.message) = match request.state {
            "open" => ("canceled-before-fulfillment", "Your Spot request was canceled before it was fulfilled."),
            "active" => (
                "request-canceled-and-instance-running",
                "Your Spot request is canceled, but your instance is still running.",
            ),
            _ => (request.status, request.message),
        };
        (request.state, request.updated) = ("cancelled", now);
        if was_open {
            self.schedule(REQUEST_VISIBLE, Happening::RequestVanishes(id.to_owned()));
        }
        "cancelled"
    }

    pub(super) fn request_vanishes(&mut self, id: &str) {
        self.spot_requests.remove(id);
    }

    /// Fulfills an open request again if there is capacity, and tries later if there is none.
    pub(super) fn fulfill_again(&mut self, request: String, launch: Box<Launch>) {
        let now = self.now;
        let Some(found) = self.spot_requests.get_mut(&request).filter(|found| found.state == "open") else { return };
        let mut say = |state, status, message| {
            (found.state, found.status, found.message, found.updated) = (state, status, message, now);
        };
        if launch.spot.as_ref().and_then(|spot| spot.valid_until).is_some_and(|until| until < now) {
            say("cancelled", "schedule-expired", "Your Spot request expired before it was fulfilled.");
            self.schedule(REQUEST_VISIBLE, Happening::RequestVanishes(request));
            return;
        }
        if !self.has_capacity(&launch) {
            let message = "There is no Spot capacity available that matches your request.";
            self.say_of_request(&request, "open", "capacity-not-available", message);
            self.schedule(EVALUATION, Happening::FulfillAgain(request, launch));
            return;
        }
        self.say_of_request(&request, "active", "fulfilled", "Your Spot request is fulfilled.");
        let mut batch = self.batch();
        self.start_new(&launch, &mut batch, Some(request));
    }

    /// Changes the spot request of an instance; what it says already keeps the time at which it came to say it.
    pub(super) fn set_request(
        &mut self,
        instance: &str,
        state: &'static str,
        status: &'static str,
        message: &'static str,
    ) {
        let id = self.instances.get(instance).and_then(|instance| instance.spot_request.clone());
        if let Some(id) = id {
            self.say_of_request(&id, state, status, message);
        }
    }

    /// A request that was cancelled stays so, whatever becomes of its instance.
    fn say_of_request(&mut self, id: &str, state: &'static str, status: &'static str, message: &'static str) {
        let now = self.now;
        let Some(request) = self.spot_requests.get_mut(id) else { return };
        let state = if request.state == "cancelled" { "cancelled" } else { state };
        if (request.state, request.status) != (state, status) {
            (request.state, request.status, request.message, request.updated) = (state, status, message, now);
        }
    }

    /// Has an instance go by the user's will.
    fn leave(&mut self, id: &str, state: InstanceState) {
        let reason = format!("User initiated ({})", self.now.strftime("%Y-%m-%d %H:%M:%S GMT"));
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.state = state;
        instance.transition_reason = reason;
        let message = "Client.UserInitiatedShutdown: User initiated shutdown";
        instance.state_reason = Some(("Client.UserInitiatedShutdown", message));
    }

    /// What follows when an instance has begun to go.
    pub(super) fn take_out(&mut self, id: &str, sign: Replaces) {
        self.announce_state(id);
        self.doom(id);
        self.note_leaving(id);
        self.replace_at(sign, id);
        let timing = self.scenario.timing;
        let time = self.ids.between(timing.shutdown_min, timing.shutdown_max);
        self.schedule(time, Happening::InstanceEnds(id.to_owned()));
    }

    pub(super) fn doom(&mut self, id: &str) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.doomed = true;
        }
    }

    /// What a persistent request launches when its instance was terminated. A group that replaces does so itself, and the
    /// request is closed.
    fn launch_again(&self, instance: &Instance) -> Option<Launch> {
        let request = self.request_of_instance(instance).filter(|request| request.is_persistent())?;
        let group = instance.group.and_then(|place| self.scenario.groups.get(place));
        let replaced = group.is_some_and(|group| group.replaces != Replaces::Never);
        (!replaced && !request.is_over()).then(|| self.launch_like(instance))
    }

    fn reopen(&mut self, instance: &str, launch: Launch) {
        let Some(id) = self.instances.get(instance).and_then(|instance| instance.spot_request.clone()) else { return };
        if let Some(request) = self.spot_requests.get_mut(&id) {
            request.instance = None;
        }
        self.schedule(EVALUATION, Happening::FulfillAgain(id, Box::new(launch)));
    }

    fn launch_like(&self, instance: &Instance) -> Launch {
        let spot = self.request_of_instance(instance).map(|request| Spot {
            behavior: request.behavior,
            max_price: request.max_price.clone(),
            valid_until: request.valid_until,
            tags: request.tags.clone(),
        });
        Launch {
            image: instance.image.clone(),
            instance_type: instance.instance_type.clone(),
            zone: instance.zone.clone(),
            spot,
            client_token: None,
            tags: instance.tags.clone(),
            group: instance.group,
        }
    }

    pub(super) fn request_of_instance(&self, instance: &Instance) -> Option<&SpotRequest> {
        self.spot_requests.get(instance.spot_request.as_ref()?)
    }

    fn forget_request_later(&mut self, id: &str) {
        let request = self.instances.get(id).and_then(|instance| self.request_of_instance(instance));
        let Some(id) = request.filter(|request| request.is_over()).map(|request| request.id.clone()) else { return };
        self.schedule.add(later(self.now, REQUEST_VISIBLE), Happening::RequestVanishes(id));
    }

    /// How the spot request of an instance says that it is interrupted; none for an on-demand instance.
    pub(super) fn behavior(&self, id: &str) -> Option<Behavior> {
        self.request_of_instance(self.instances.get(id)?).map(|request| request.behavior)
    }
}
