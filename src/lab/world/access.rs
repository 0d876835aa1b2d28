//! Who may do what in the account: its roles, who calls, and what policies say of it. Knows no operation.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    World,
    aws_policies::{self, ADMINISTRATOR},
    ids::Ids,
    role::{ManagedPolicy, Role},
};
use crate::lab::{
    policy::{self, Context, Decision, Request},
    wire::{error::ApiError, json::set, time::iso_seconds},
};

/// The role of whoever has the lab's own access key.
const OPERATOR: &str = "lab-operator";
const OPERATOR_ID: &str = "AROALABLABLABLABLABLA";

/// What belongs to no single role.
#[derive(Debug)]
pub(in crate::lab) struct Access {
    /// A chance of its own, so that the roles do not change what else happens in the region.
    ids: Ids,
    /// Who makes the call that is being answered.
    pub(in crate::lab) caller: Caller,
    /// What AssumeRole gave out, by access key id. The keys are random, and nothing that happens follows from them.
    pub(in crate::lab) sessions: BTreeMap<String, Session>,
}

/// Someone in a session of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Caller {
    /// The role's name.
    pub(in crate::lab) role: String,
    pub(in crate::lab) session: String,
}

/// Temporary credentials, as far as the lab keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Session {
    pub(in crate::lab) caller: Caller,
    pub(in crate::lab) token: String,
    pub(in crate::lab) expires: Timestamp,
}

/// What kind of policy a document belongs to, as a simulation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum PolicyKind {
    Inline,
    Aws,
    Account,
}

impl Access {
    pub(super) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(!seed), caller: Caller::operator(), sessions: BTreeMap::new() }
    }
}

impl Caller {
    pub(in crate::lab) fn operator() -> Self {
        Self { role: OPERATOR.to_owned(), session: "spotdrill".to_owned() }
    }
}

impl World {
    /// Makes the role of whoever has the lab's own access key, with what the scenario lets it do.
    pub(super) fn make_operator(&mut self) {
        let root = json!({ "AWS": format!("arn:aws:iam::{}:root", self.scenario.account) });
        let mut operator = self.new_role(OPERATOR, trust(&root, None));
        OPERATOR_ID.clone_into(&mut operator.id);
        match &self.scenario.operator_policy {
            Some(document) => {
                operator.inline.insert("operator".to_owned(), policy::identity(document).unwrap_or_default());
            }
            None => operator.attached.push(ADMINISTRATOR.to_owned()),
        }
        if !self.scenario.operator_deny.is_empty() {
            let deny = json!({ "Effect": "Deny", "Action": self.scenario.operator_deny, "Resource": "*" });
            operator.inline.insert("scenario".to_owned(), json!({ "Version": "2012-10-17", "Statement": [deny] }));
        }
        self.roles.insert(operator.name.clone(), operator);
    }

    /// A role with an id, not yet kept, and with no policy.
    pub(in crate::lab) fn new_role(&mut self, name: &str, trust: Value) -> Role {
        Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: self.access.ids.iam("AROA"),
            description: None,
            created: self.now,
            trust,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Keeps a new role; names are unique whatever their case.
    pub(in crate::lab) fn create_role(&mut self, role: Role) -> Result<(), ApiError> {
        if self.roles.keys().any(|name| name.eq_ignore_ascii_case(&role.name)) {
            let message = format!("Role with name {} already exists.", role.name);
            return Err(ApiError::new(StatusCode::CONFLICT, "EntityAlreadyExists", message));
        }
        self.roles.insert(role.name.clone(), role);
        Ok(())
    }

    /// `ANPA…`.
    pub(in crate::lab) fn policy_id(&mut self) -> String {
        self.access.ids.iam("ANPA")
    }

    /// The ARN of a new secret: its name with six letters or digits.
    pub(in crate::lab) fn secret_arn(&mut self, name: &str) -> String {
        let suffix = self.access.ids.name(6);
        self.arn("secretsmanager", &format!("secret:{name}-{suffix}"))
    }

    pub(in crate::lab) fn iam_arn(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:aws:iam::{}:{kind}{path}{name}", self.scenario.account)
    }

    pub(in crate::lab) fn role_arn(&self, role: &Role) -> String {
        self.iam_arn("role", &role.path, &role.name)
    }

    pub(in crate::lab) fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.get(arn.rsplit('/').next()?).filter(|role| self.role_arn(role) == arn)
    }

    /// Whoever calls, e.g. `arn:aws:sts::000000000000:assumed-role/lab-operator/spotdrill`.
    pub(in crate::lab) fn session_arn(&self, caller: &Caller) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.scenario.account, caller.role, caller.session)
    }

    /// A managed policy of the account or of AWS.
    pub(in crate::lab) fn managed_policy(&self, arn: &str) -> Option<&ManagedPolicy> {
        self.policies.get(arn).or_else(|| aws_policies::ALL.get(arn))
    }

    /// Everything that says what a role may do, each with the name and the kind of its policy.
    pub(in crate::lab) fn policies_of<'w>(
        &'w self,
        role: &'w Role,
    ) -> impl Iterator<Item = (&'w str, PolicyKind, &'w Value)> {
        let inline = role.inline.iter().map(|(name, document)| (name.as_str(), PolicyKind::Inline, document));
        let attached = role.attached.iter().filter_map(|arn| {
            let kind = if self.policies.contains_key(arn) { PolicyKind::Account } else { PolicyKind::Aws };
            self.managed_policy(arn).map(|policy| (policy.name.as_str(), kind, &policy.document))
        });
        inline.chain(attached)
    }

    pub(in crate::lab) fn decide(&self, role: &Role, request: Request<'_>) -> Decision {
        policy::decide(self.policies_of(role).map(|(_, _, document)| document), request)
    }

    /// Whether nothing is denied or narrowed of what AdministratorAccess allows: everything.
    pub(in crate::lab) fn is_administrator(role: &Role) -> bool {
        role.inline.is_empty() && matches!(role.attached.as_slice(), [only] if only == ADMINISTRATOR)
    }

    /// The condition keys that any call of a role has.
    pub(in crate::lab) fn circumstances(&self, role: &Role) -> Context {
        let pairs = [
            ("aws:currenttime", iso_seconds(self.now)),
            ("aws:principalaccount", self.scenario.account.clone()),
            ("aws:principalarn", self.role_arn(role)),
            ("aws:requestedregion", self.scenario.region.clone()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), vec![value])).collect()
    }

    /// Whether policies, all taken together, let an AWS service do something on behalf of one of its resources here.
    pub(super) fn service_may<'p>(
        &self,
        service: &str,
        policies: impl IntoIterator<Item = &'p Value>,
        (action, resource): (&str, &str),
        source: &str,
    ) -> bool {
        let context = Context::from([
            ("aws:sourceaccount".to_owned(), vec![self.scenario.account.clone()]),
            ("aws:sourcearn".to_owned(), vec![source.to_owned()]),
        ]);
        let principals = [("Service", service.to_owned())];
        let request = Request { action, resource, context: &context, principals: &principals };
        policy::decide(policies, request) == Decision::Allowed
    }

    /// The tags of what an ARN names, as `aws:ResourceTag/…` has them.
    pub(in crate::lab) fn tags_of(&self, arn: &str) -> Option<Vec<(&str, &str)>> {
        let (service, resource) = (arn.split(':').nth(2)?, arn.splitn(6, ':').nth(5)?);
        let id = resource.rsplit('/').next()?;
        let tags = match service {
            "ec2" => return Some(self.instances.get(id)?.tags.iter().map(|(key, value)| (&**key, &**value)).collect()),
            "fis" if resource.starts_with("experiment/") => &self.experiments.get(id)?.tags,
            "fis" => &self.templates.get(id)?.tags,
            "iam" => &self.role_by_arn(arn)?.tags,
            "ssm" => &self.parameters.get(resource.strip_prefix("parameter")?)?.tags,
            "secretsmanager" => &self.secrets.values().find(|secret| secret.arn == arn)?.tags,
            _ => return None,
        };
        Some(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect())
    }
}

/// A trust policy with one statement.
pub(in crate::lab) fn trust(principal: &Value, condition: Option<Value>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    if let Some(condition) = condition {
        set(&mut statement, "Condition", condition);
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::Scenario;

    #[test]
    fn every_part_of_a_resource_policys_statement_must_fit() {
        let world = World::open(Scenario::named("tiny").unwrap(), "2026-11-22T12:00:00Z".parse().unwrap(), 1);
        let (rule, stream) = ("arn:aws:events:r:0:rule/a", "arn:aws:logs:r:0:log-group:/aws/events/x:log-stream:y");
        let allows = |change: &Value| {
            let mut statement = json!({
                "Effect": "Allow", "Principal": { "Service": ["events.amazonaws.com"] }, "Action": "logs:Put*",
                "Resource": "arn:aws:logs:r:0:log-group:/aws/events/*:*",
                "Condition": { "ArnEquals": { "AWS:SourceArn": rule } },
            });
            for (name, value) in change.as_object().unwrap() {
                statement[name] = value.clone();
            }
            let policy = crate::lab::wire::json::pruned(json!({ "Statement": [statement] }));
            world.service_may("events.amazonaws.com", [&policy], ("logs:PutLogEvents", stream), rule)
        };
        assert!(allows(&json!({})));
        for change in [
            json!({ "Effect": "Deny" }),
            json!({ "Principal": { "Service": "delivery.logs.amazonaws.com" } }),
            json!({ "Principal": null }),
            json!({ "Action": ["logs:CreateLogStream"] }),
            json!({ "Resource": "arn:aws:logs:r:0:log-group:/aws/events/x" }),
            json!({ "Condition": { "ArnEquals": { "aws:SourceArn": "arn:aws:events:r:0:rule/b" } } }),
            json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
        ] {
            assert!(!allows(&change), "{change}");
        }
    }

    #[test]
    fn a_scenario_narrows_what_the_operator_may() {
        let start = |deny: &[&str], policy: Option<&str>| {
            let mut scenario = Scenario::named("tiny").unwrap();
            scenario.operator_deny = deny.iter().map(|&action| action.to_owned()).collect();
            scenario.operator_policy = policy.map(str::to_owned);
            let world = World::open(scenario, "2026-11-22T12:00:00Z".parse().unwrap(), 1);
            let (operator, context) = (&world.roles[OPERATOR], Context::new());
            let request = Request { action: "fis:StartExperiment", resource: "*", context: &context, principals: &[] };
            (World::is_administrator(operator), world.decide(operator, request))
        };
        assert_eq!(start(&[], None), (true, Decision::Allowed));
        assert_eq!(start(&["fis:Start*"], None), (false, Decision::ExplicitDeny));
        let allow = |action: &str| {
            let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
            json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
        };
        assert_eq!(start(&[], Some(&allow("fis:Start*"))), (false, Decision::Allowed));
        assert_eq!(start(&["fis:*"], Some(&allow("fis:Start*"))), (false, Decision::ExplicitDeny));
        assert_eq!(start(&[], Some(&allow("ec2:*"))), (false, Decision::ImplicitDeny));
        assert_eq!(start(&[], Some("no policy")), (false, Decision::ImplicitDeny));
    }
}
