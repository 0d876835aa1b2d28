//! The policies that AWS manages and a drill meets. Knows no role.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::Timestamp;

use super::role::ManagedPolicy;

pub(super) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// By ARN.
pub(in crate::lab) static ALL: LazyLock<BTreeMap<String, ManagedPolicy>> = LazyLock::new(|| {
    let policy = |(path, name, id, created, document): &(&str, &str, &str, i64, &str)| {
        let policy = ManagedPolicy {
            name: (*name).to_owned(),
            path: (*path).to_owned(),
            id: (*id).to_owned(),
            description: None,
            created: Timestamp::from_second(*created).unwrap_or_default(),
            document: serde_json::from_str(document).unwrap_or_default(),
            tags: BTreeMap::new(),
        };
        (format!("arn:aws:iam::aws:policy{path}{name}"), policy)
    };
    DOCUMENTS.iter().map(policy).collect()
});

/// Path, name, id, seconds since 1970 at their making, document. The second is version 10, without what it allows of KMS.
const DOCUMENTS: &[(&str, &str, &str, i64, &str)] = &[
    (
        "/",
        "AdministratorAccess",
        "ANPAIWMBCKSKIEE64ZLYK",
        1_423_161_586,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "/service-role/",
        "AWSFaultInjectionSimulatorEC2Access",
        "ANPAZKAPJZG4HZZYAFJTR",
        1_666_815_719,
        r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"AllowFisToDoEC2Actions","Effect":"Allow","Action":["ec2:RebootInstances","ec2:SendSpotInstanceInterruptions","ec2:StartInstances","ec2:StopInstances","ec2:TerminateInstances"],"Resource":"arn:aws:ec2:*:*:instance/*"},
            {"Sid":"AllowSSMSendCommand","Effect":"Allow","Action":["ssm:SendCommand"],"Resource":["arn:aws:ec2:*:*:instance/*","arn:aws:ssm:*:*:document/*"]},
            {"Sid":"AllowSSMStopCommand","Effect":"Allow","Action":["ssm:CancelCommand","ssm:ListCommands"],"Resource":"*"},
            {"Sid":"DescribeInstances","Effect":"Allow","Action":["ec2:DescribeInstances","ec2:DescribeSubnets"],"Resource":"*"}]}"#,
    ),
    (
        "/service-role/",
        "AWSLambdaBasicExecutionRole",
        "ANPAJNCQGXC42545SKXIK",
        1_428_591_723,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::policy;

    #[test]
    fn every_document_is_a_policy() {
        for (arn, policy) in &*ALL {
            assert!(policy::identity(&policy.document.to_string()).is_ok(), "{arn}");
        }
        assert!(ALL.contains_key(ADMINISTRATOR));
    }
}
