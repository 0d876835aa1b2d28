//! Where there is no capacity for an Auto Scaling group: FIS's insufficient-instance-capacity error, and the names of
//! groups and zones that it goes by. Knows not who launches.

use super::{
    World,
    experiment::{ActionRun, Experiment, Status},
    ids::Ids,
    template::ASG_CAPACITY_ERROR,
};

impl World {
    /// Whether a launch of this group in this zone fails now, because an experiment has it fail. A percentage below 100 is
    /// drawn for.
    pub(in crate::lab) fn is_iced(&mut self, group: &str, zone: &str) -> bool {
        let zones = [zone.to_owned(), self.zone_id(zone)];
        let here = |experiment: &Experiment, run: &ActionRun| {
            let parameter = |name: &str| run.action.parameters.get(name).map_or("", String::as_str);
            let means_zone =
                parameter("availabilityZoneIdentifiers").split(',').any(|name| zones.contains(&name.into()));
            let is_on = matches!(run.state.status, Status::Running | Status::Stopping);
            let targets = || run.action.targets.values().filter_map(|target| experiment.resolved.get(target)).flatten();
            let means = is_on && run.action.action_id == ASG_CAPACITY_ERROR && means_zone;
            (means && targets().any(|name| name == group)).then(|| parameter("percentage").parse().unwrap_or(100))
        };
        let active = self.experiments.values().filter(|experiment| experiment.state.status.is_active());
        let runs = active.flat_map(|experiment| experiment.actions.values().map(move |run| (experiment, run)));
        let most: u8 = runs.filter_map(|(experiment, run)| here(experiment, run)).max().unwrap_or(0);
        // Without a draw at both ends, so that chance elsewhere stays what it is.
        most >= 100 || most > 0 && self.ids.percent() < most
    }

    /// The ARN of a target's resource: an instance by its id, an Auto Scaling group by its name.
    pub(in crate::lab) fn resource_arn(&self, resource_type: &str, name: &str) -> String {
        if resource_type == super::template::SPOT_INSTANCE { self.instance_arn(name) } else { self.group_arn(name) }
    }

    /// An Auto Scaling group's ARN; its UUID follows from the name.
    pub(in crate::lab) fn group_arn(&self, name: &str) -> String {
        let seed = name.bytes().fold(17, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let uuid = Ids::new(seed).uuid();
        self.arn("autoscaling", &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}"))
    }

    /// `euw1-az2` for the second zone of `eu-west-1`.
    pub(in crate::lab) fn zone_id(&self, zone: &str) -> String {
        let mut parts = self.scenario.region.split('-');
        let (area, side, number) = (parts.next(), parts.next(), parts.next());
        let letters: String = side.unwrap_or_default().chars().take(1).collect();
        let place = self.scenario.zones.iter().position(|other| other == zone).unwrap_or(0).saturating_add(1);
        format!("{}{letters}{}-az{place}", area.unwrap_or_default(), number.unwrap_or_default())
    }
}
