//! What a function reads as its role: the webhook's URL and an instance's node group. Knows neither events nor messages.

use super::{World, function::Function};
use crate::lab::policy::{Decision, Request};

/// The first of these tags that an instance has names its node group.
const GROUP_TAGS: [&str; 3] = ["karpenter.sh/nodepool", "eks:nodegroup-name", "aws:autoscaling:groupName"];

impl World {
    /// The URL in the secret that the function is to read; none if it is to read none.
    ///
    /// # Errors
    /// Secrets Manager's code.
    pub(super) fn webhook(&self, function: &Function) -> Result<Option<String>, &'static str> {
        let Some(name) = function.environment.get("SLACK_SECRET").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let secret = self.secrets.values().find(|secret| secret.name == *name || secret.arn == *name);
        if !self.function_may(function, "secretsmanager:GetSecretValue", &self.secret_resource(name)) {
            return Err("AccessDeniedException");
        }
        let secret = secret.ok_or("ResourceNotFoundException")?;
        if secret.deletion.is_some() {
            return Err("InvalidRequestException");
        }
        let value = secret.value.as_ref().ok_or("ResourceNotFoundException")?;
        Ok(Some(value.trim().to_owned()))
    }

    /// None if the instance is unknown or the function may not look.
    pub(super) fn node_group(&self, function: &Function, instance: &str) -> Option<String> {
        let tags = &self.instances.get(instance)?.tags;
        let group = GROUP_TAGS.iter().filter_map(|key| tags.get(*key)).find(|value| !value.is_empty());
        group.filter(|_| self.function_may(function, "ec2:DescribeInstances", "*")).map(ToString::to_string)
    }

    fn function_may(&self, function: &Function, action: &str, resource: &str) -> bool {
        let Some(role) = self.role_by_arn(&function.role) else { return false };
        let mut context = self.circumstances(role);
        for (key, value) in self.tags_of(resource).into_iter().flatten() {
            context.insert(format!("aws:resourcetag/{}", key.to_lowercase()), vec![value.to_owned()]);
        }
        let request = Request { action, resource, context: &context, principals: &[] };
        self.decide(role, request) == Decision::Allowed
    }
}
