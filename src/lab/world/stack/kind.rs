//! The resource types that the lab's CloudFormation has: their properties, names and attributes, as a table.
//! Knows not when a resource is made.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    intrinsic::plain,
    resources::{events, fis, iam, lambda, logs, secrets},
};
use crate::lab::{wire::error::ApiError, world::World};

#[derive(Debug)]
pub(in crate::lab) struct Kind {
    pub(in crate::lab) name: &'static str,
    /// What can be changed in place.
    pub(super) mutable: &'static [&'static str],
    /// What needs another resource if it is changed.
    pub(super) immutable: &'static [&'static str],
    pub(super) required: &'static [&'static str],
    /// What `Fn::GetAtt` tells.
    pub(super) attributes: &'static [&'static str],
    /// The property that names it, and how long a name can be.
    pub(super) named: Option<(&'static str, usize)>,
    /// About how long its making takes, from the first event to the last. A choice of the lab's: what one sees on AWS.
    pub(super) seconds: i64,
    /// Makes it, or changes it in place.
    pub(super) put: fn(&mut World, &Wanted) -> Result<Made, Failure>,
    /// Takes away what has this physical id and these properties, if it still is there.
    pub(super) delete: fn(&mut World, &str, &Value) -> Result<(), Failure>,
    /// Its properties as they are now; none if it is gone.
    pub(super) live: fn(&World, &str, &Value) -> Option<Value>,
}

/// What a resource is to be.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) kind: &'static Kind,
    /// As it is given, or generated.
    pub(super) name: String,
    /// Of the resource that is to be changed; none to make one.
    pub(super) physical: Option<String>,
    /// Of the resource that is to be changed, as they were.
    pub(super) before: Option<&'a Value>,
    pub(super) properties: &'a Map<String, Value>,
    /// The resource's own over the stack's, with those that CloudFormation gives.
    pub(super) tags: BTreeMap<String, String>,
}

/// A resource that was made or changed: its physical id, which is what `Ref` gives, and its attributes.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) physical: String,
    pub(super) attributes: BTreeMap<&'static str, String>,
}

/// Why one was not, with CloudFormation's `HandlerErrorCode`.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: &'static str,
}

impl Made {
    pub(super) fn new(
        physical: impl Into<String>,
        attributes: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        Self { physical: physical.into(), attributes: attributes.into_iter().collect() }
    }
}

impl Failure {
    pub(super) fn exists(refusal: ApiError) -> Self {
        Self { message: refusal.message, code: "AlreadyExists" }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: "InvalidRequest" }
    }
}

impl Wanted<'_> {
    /// Refuses to make what `exists`.
    pub(super) fn unless(&self, exists: bool) -> Result<(), Failure> {
        if self.physical.is_some() || !exists {
            return Ok(());
        }
        let property = self.kind.named.map_or("Id", |(property, _)| property);
        let identifier = format!("{{\"/properties/{property}\":\"{}\"}}", self.name);
        let message = format!("Resource of type '{}' with identifier '{identifier}' already exists.", self.kind.name);
        Err(Failure { message, code: "AlreadyExists" })
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.properties.get(name).and_then(plain)
    }

    /// Empty if it is not there; required properties are.
    pub(super) fn must(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// A whole number, or text that is one.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Failure> {
        let wrong = |_| Failure::invalid(format!("#/{name}: expected type: Integer"));
        self.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// A property that has a structure.
    pub(super) fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, Failure> {
        let wrong = |error: serde_json::Error| Failure::invalid(format!("#/{name}: {error}"));
        self.properties.get(name).map_or_else(|| Ok(T::default()), |value| T::deserialize(value).map_err(wrong))
    }

    /// A policy or pattern: an object, or JSON as text.
    pub(super) fn document(&self, name: &str) -> Result<Value, Failure> {
        match self.properties.get(name) {
            Some(Value::String(text)) => {
                serde_json::from_str(text).map_err(|error| Failure::invalid(format!("#/{name}: {error}")))
            }
            value => Ok(value.cloned().unwrap_or_default()),
        }
    }
}

impl Kind {
    pub(super) fn is_taggable(&self) -> bool {
        self.mutable.contains(&"Tags")
    }

    /// What is wrong with properties at first sight.
    pub(super) fn complaint(&self, properties: &Map<String, Value>) -> Option<String> {
        let known = |name: &&String| self.mutable.contains(&name.as_str()) || self.immutable.contains(&name.as_str());
        let strange = properties.keys().filter(|name| !known(name));
        let missing = self.required.iter().filter(|name| !properties.contains_key(**name));
        strange
            .map(|name| format!("#: extraneous key [{name}] is not permitted"))
            .chain(missing.map(|name| format!("#: required key [{name}] not found")))
            .next()
    }
}

pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The deletion of what nothing can keep.
#[expect(clippy::unnecessary_wraps, reason = "other deletions may fail")]
fn gone<T>(_: T) -> Result<(), Failure> {
    Ok(())
}

/// The resource types, by name.
pub(in crate::lab) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::CloudWatch::Alarm",
        mutable: events::ALARM,
        immutable: &["AlarmName"],
        required: &["ComparisonOperator", "EvaluationPeriods"],
        attributes: &["Arn"],
        named: Some(("AlarmName", 255)),
        seconds: 4,
        put: events::put_alarm,
        delete: |world, name, _| gone(world.alarms.remove(name)),
        live: events::live_alarm,
    },
    Kind {
        name: "AWS::Events::Rule",
        mutable: &["Description", "EventPattern", "State", "Tags", "Targets"],
        immutable: &["Name"],
        required: &["EventPattern"],
        attributes: &["Arn"],
        named: Some(("Name", 64)),
        seconds: 45,
        put: events::put_rule,
        delete: |world, name, _| gone(world.rules.remove(name)),
        live: events::live_rule,
    },
    Kind {
        name: "AWS::FIS::ExperimentTemplate",
        mutable: fis::PROPERTIES,
        immutable: &[],
        required: &["Description", "RoleArn", "StopConditions", "Targets"],
        attributes: &["Id"],
        named: None,
        seconds: 5,
        put: fis::put,
        delete: |world, id, _| gone(world.templates.remove(id)),
        live: fis::live,
    },
    Kind {
        name: "AWS::IAM::ManagedPolicy",
        mutable: &["PolicyDocument", "Roles"],
        immutable: &["Description", "ManagedPolicyName", "Path"],
        required: &["PolicyDocument"],
        attributes: &["PolicyArn", "PolicyId"],
        named: Some(("ManagedPolicyName", 128)),
        seconds: 13,
        put: iam::put_managed_policy,
        delete: iam::delete_managed_policy,
        live: iam::live_managed_policy,
    },
    Kind {
        name: "AWS::IAM::Policy",
        mutable: &["PolicyDocument", "Roles"],
        immutable: &["PolicyName"],
        required: &["PolicyDocument", "PolicyName", "Roles"],
        attributes: &["Id"],
        named: None,
        seconds: 14,
        put: iam::put_policy,
        delete: iam::delete_policy,
        live: iam::live_policy,
    },
    Kind {
        name: "AWS::IAM::Role",
        mutable: &["AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "Policies", "Tags"],
        immutable: &["Path", "RoleName"],
        required: &["AssumeRolePolicyDocument"],
        attributes: &["Arn", "RoleId"],
        named: Some(("RoleName", 64)),
        seconds: 16,
        put: iam::put_role,
        delete: iam::delete_role,
        live: iam::live_role,
    },
    Kind {
        name: "AWS::Lambda::Function",
        mutable: &[
            "Code",
            "Description",
            "Environment",
            "Handler",
            "LoggingConfig",
            "MemorySize",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
        ],
        immutable: &["FunctionName"],
        required: &["Code", "Handler", "Role", "Runtime"],
        attributes: &["Arn"],
        named: Some(("FunctionName", 64)),
        seconds: 7,
        put: lambda::put_function,
        delete: |world, name, _| gone(world.functions.remove(name)),
        live: lambda::live_function,
    },
    Kind {
        name: "AWS::Lambda::Permission",
        mutable: &[],
        immutable: &["Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"],
        required: &["Action", "FunctionName", "Principal"],
        attributes: &["Id"],
        named: None,
        seconds: 3,
        put: lambda::put_permission,
        delete: lambda::delete_permission,
        live: lambda::live_permission,
    },
    Kind {
        name: "AWS::Logs::LogGroup",
        mutable: &["RetentionInDays", "Tags"],
        immutable: &["LogGroupName"],
        required: &[],
        attributes: &["Arn"],
        named: Some(("LogGroupName", 512)),
        seconds: 3,
        put: logs::put_group,
        delete: |world, name, _| gone(world.logs.remove(name)),
        live: logs::live_group,
    },
    Kind {
        name: "AWS::Logs::ResourcePolicy",
        mutable: &["PolicyDocument"],
        immutable: &["PolicyName"],
        required: &["PolicyDocument", "PolicyName"],
        attributes: &[],
        named: Some(("PolicyName", 255)),
        seconds: 2,
        put: logs::put_policy,
        delete: |world, name, _| gone(world.logs.policies.remove(name)),
        live: logs::live_policy,
    },
    Kind {
        name: "AWS::SecretsManager::Secret",
        mutable: &["Description", "SecretString", "Tags"],
        immutable: &["Name"],
        required: &[],
        attributes: &["Id"],
        named: Some(("Name", 512)),
        seconds: 3,
        put: secrets::put,
        // At once, without a time in which it could be restored: a choice of the lab's.
        delete: |world, arn, _| {
            world.secrets.retain(|_, secret| secret.arn != arn);
            Ok(())
        },
        live: secrets::live,
    },
];
