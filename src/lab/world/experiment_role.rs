//! The role of an experiment: whether FIS may assume it, and whether it may do what the actions do. Knows no states.
//!
//! AWS does not document the words in which an experiment fails for its role; these are the lab's, around AWS's sentence.

use serde_json::json;

use super::{World, access::trust, experiment::Experiment, role::Role};
use crate::lab::policy::{Decision, Request};

/// Which permission an action needs on each of its resources, or on none in particular.
const NEEDS: &[(&str, &str)] = &[
    ("aws:ec2:send-spot-instance-interruptions", "ec2:SendSpotInstanceInterruptions"),
    ("aws:ec2:asg-insufficient-instance-capacity-error", "ec2:InjectApiError"),
];

/// The role that is linked to FIS.
const LINKED: &str = "AWSServiceRoleForFIS";

impl World {
    /// Why an experiment cannot begin as its role; none if it can.
    pub(super) fn role_refusal(&self, experiment: &Experiment) -> Option<String> {
        let arn = &experiment.content.role_arn;
        let Some(role) = self.role_by_arn(arn).filter(|role| self.lets_in_fis(role, &experiment.id)) else {
            let ensure = "Ensure that it exists and that its trust policy lets fis.amazonaws.com assume it";
            return Some(format!("The experiment role {arn} could not be assumed. {ensure}."));
        };
        let looks_for_instances =
            experiment.content.targets.values().any(|target| target.resource_type.contains("instance"));
        let denied = looks_for_instances.then(|| self.denied(role, &experiment.id, "ec2:DescribeInstances", "*"))??;
        Some(format!("Target resolution failed: AccessDenied: {denied}"))
    }

    /// Why an action cannot be done as the experiment's role; none if it can.
    pub(super) fn action_refusal(&self, id: &str, action: &str, instances: &[String]) -> Option<String> {
        let role = self.role_by_arn(&self.experiments.get(id)?.content.role_arn)?;
        let (_, permission) = NEEDS.iter().find(|(known, _)| *known == action)?;
        let resources: Vec<String> = match *permission {
            "ec2:InjectApiError" => vec!["*".to_owned()],
            _ => instances.iter().map(|instance| self.instance_arn(instance)).collect(),
        };
        let denied = resources.iter().find_map(|resource| self.denied(role, id, permission, resource))?;
        Some(format!("AccessDenied: {denied}"))
    }

    /// Makes the role by which FIS itself works in the account, as its first experiment does; its name, if it was not there.
    pub(in crate::lab) fn create_fis_linked_role(&mut self, description: Option<&str>) -> Option<&'static str> {
        if self.has_fis_linked_role() {
            return None;
        }
        let mut role = self.new_role(LINKED, trust(&json!({ "Service": "fis.amazonaws.com" }), None));
        "/aws-service-role/fis.amazonaws.com/".clone_into(&mut role.path);
        role.description = description.map(str::to_owned);
        self.roles.insert(LINKED.to_owned(), role);
        Some(LINKED)
    }

    pub(in crate::lab) fn has_fis_linked_role(&self) -> bool {
        self.roles.contains_key(LINKED)
    }

    fn lets_in_fis(&self, role: &Role, experiment: &str) -> bool {
        let source = self.arn("fis", &format!("experiment/{experiment}"));
        self.service_may("fis.amazonaws.com", [&role.trust], ("sts:AssumeRole", "*"), &source)
    }

    /// AWS's sentence if the role may not; its session is named after the experiment.
    fn denied(&self, role: &Role, experiment: &str, action: &str, resource: &str) -> Option<String> {
        let mut context = self.circumstances(role);
        for (key, value) in self.tags_of(resource).into_iter().flatten() {
            context.insert(format!("aws:resourcetag/{}", key.to_lowercase()), vec![value.to_owned()]);
        }
        let request = Request { action, resource, context: &context, principals: &[] };
        let decision = self.decide(role, request);
        let user = format!("arn:aws:sts::{}:assumed-role/{}/{experiment}", self.scenario.account, role.name);
        (decision != Decision::Allowed).then(|| request.refusal(&user, decision))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::lab::{
        scenario::Scenario,
        world::{
            experiment::Status,
            template::{Template, TemplateContent},
        },
    };

    const ROLE: &str = "spot-fis-test";

    /// What becomes of an experiment on the first spot instance after `change`: its status, its reason, its action's.
    fn outcome(change: impl Fn(&mut World)) -> (Status, String, Status) {
        let mut world = World::open(Scenario::named("tiny").unwrap(), "2026-11-22T12:00:00Z".parse().unwrap(), 1);
        change(&mut world);
        let spot = world.instances.iter().find(|instance| instance.spot_request.is_some()).unwrap().id.clone();
        let content: TemplateContent = serde_json::from_value(json!({
            "description": "drill", "stopConditions": [{ "source": "none" }],
            "roleArn": format!("arn:aws:iam::000000000000:role/{ROLE}"),
            "targets": { "spot": { "resourceType": "aws:ec2:spot-instance", "selectionMode": "ALL",
                "resourceArns": [world.instance_arn(&spot)] } },
            "actions": { "interrupt": { "actionId": "aws:ec2:send-spot-instance-interruptions",
                "parameters": { "durationBeforeInterruption": "PT2M" }, "targets": { "SpotInstances": "spot" } } },
        }))
        .unwrap();
        let (id, created) = (world.template_id(), world.now());
        let template = Template { order: 1, id, created, updated: created, content, tags: [].into() };
        let id = world.start_experiment(&template, false, [].into());
        world.advance("2026-11-22T12:00:30Z".parse().unwrap());
        let experiment = &world.experiments[&id];
        let action = experiment.actions["interrupt"].state.status;
        (experiment.state.status, experiment.state.reason.replace(&id, "EXP"), action)
    }

    fn role(world: &mut World) -> &mut Role {
        world.roles.get_mut(ROLE).unwrap()
    }

    fn allow(statements: Value) -> impl Fn(&mut World) {
        move |world| {
            let document = json!({ "Version": "2012-10-17", "Statement": statements });
            role(world).inline = [("only".to_owned(), document)].into();
        }
    }

    #[test]
    fn a_role_that_is_there_and_may_interrupts() {
        assert_eq!(outcome(|_| ()).0, Status::Completed);
    }

    #[test]
    fn a_role_that_is_missing_or_trusts_others_fails_the_experiment() {
        let words = "The experiment role arn:aws:iam::000000000000:role/spot-fis-test could not be assumed. Ensure that it exists and that its trust policy lets fis.amazonaws.com assume it.";
        let expected = (Status::Failed, words.to_owned(), Status::Cancelled);
        assert_eq!(outcome(|world| drop(world.roles.remove(ROLE))), expected);
        assert_eq!(
            outcome(|world| role(world).trust["Statement"][0]["Principal"] = json!({ "Service": "ec2.amazonaws.com" })),
            expected
        );
        let source = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:fis:*:*:experiment-template/*" } });
        assert_eq!(outcome(|world| role(world).trust["Statement"][0]["Condition"] = source.clone()), expected);
    }

    #[test]
    fn without_describe_instances_no_target_is_found() {
        let (status, reason, action) = outcome(allow(
            json!([{ "Effect": "Allow", "Action": "ec2:SendSpotInstanceInterruptions", "Resource": "*" }]),
        ));
        assert_eq!((status, action), (Status::Failed, Status::Cancelled));
        insta::assert_snapshot!(reason, @"Target resolution failed: AccessDenied: User: arn:aws:sts::000000000000:assumed-role/spot-fis-test/EXP is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action");
    }

    #[test]
    fn an_instance_without_the_tag_that_the_role_asks_for_fails_the_action() {
        let describe = json!({ "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*" });
        let tagged = |tag: &str| {
            let condition = json!({ "StringLike": { format!("aws:ResourceTag/{tag}"): "*" } });
            json!({ "Effect": "Allow", "Action": "ec2:SendSpot*", "Resource": "*", "Condition": condition })
        };
        assert_eq!(outcome(allow(json!([describe, tagged("Name")]))).2, Status::Completed);
        let (status, reason, action) = outcome(allow(json!([describe, tagged("drillable")])));
        assert_eq!((status, action), (Status::Failed, Status::Failed));
        assert!(reason.starts_with("Action interrupt failed: AccessDenied: User: "), "{reason}");
    }
}
