//! What the scenario deploys to see events: a log group, a function, and the rules that send to them. Knows not when
//! anything happens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    World,
    function::{Function, MARKER},
    log_group::LogPolicy,
    role::Role,
    rule::{Rule, RuleTarget},
    secret::Secret,
};

/// The rule that writes events to the log group.
const TO_LOG_GROUP: &str = "events-to-log-group";
/// The rule that invokes the function.
const TO_FUNCTION: &str = "spot-event";
const WARNING: &str = "EC2 Spot Instance Interruption Warning";
const WEBHOOK: &str = "https://hooks.slack.com/services/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";

impl World {
    /// An empty name in the scenario is nothing.
    pub(super) fn deploy(&mut self) {
        let events = self.scenario.events.clone();
        if !events.log_group.is_empty() {
            self.deploy_log_group(&events.log_group);
        }
        if !events.function.is_empty() {
            self.deploy_function(&events.function);
        }
    }

    fn deploy_log_group(&mut self, name: &str) {
        self.logs.create(name, self.now);
        let arn = self.arn("logs", &format!("log-group:{name}"));
        let document = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"] },
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": format!("{arn}:*"),
        }] });
        let policy = LogPolicy { document: document.to_string(), updated: self.now };
        self.logs.policies.insert(TO_LOG_GROUP.to_owned(), policy);
        let pattern = json!({ "source": ["aws.ec2", "aws.fis", "spotdrill.selftest"], "detail-type": [
            WARNING,
            "EC2 Instance Rebalance Recommendation",
            "EC2 Instance State-change Notification",
            "FIS Experiment State Change",
            { "prefix": "spotdrill" },
        ] });
        self.deploy_rule(TO_LOG_GROUP, &pattern, arn);
    }

    fn deploy_function(&mut self, name: &str) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
        }] });
        let may = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*" },
            {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": self.arn("secretsmanager", &format!("secret:{name}/webhook-??????")),
            },
        ] });
        let role = Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: "AROASPOTDRILLLAB00000".to_owned(),
            description: None,
            created: self.now,
            trust,
            inline: BTreeMap::from([("tell-slack".to_owned(), may)]),
            attached: vec!["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".to_owned()],
            tags: BTreeMap::new(),
        };
        self.roles.insert(name.to_owned(), role);
        let secret = Secret {
            name: format!("{name}/webhook"),
            arn: self.arn("secretsmanager", &format!("secret:{name}/webhook-LabLab")),
            description: Some("The Slack webhook of the function".to_owned()),
            value: Some(WEBHOOK.to_owned()),
            version: "00000000-0000-4000-8000-000000000001".to_owned(),
            created: self.now,
            changed: self.now,
            deletion: None,
            tags: BTreeMap::new(),
        };
        let log_group = format!("/aws/lambda/{name}");
        self.logs.create(&log_group, self.now);
        let (arn, rule) = (self.function_arn(name), self.rule_arn(TO_FUNCTION));
        let permission = json!({
            "Sid": TO_FUNCTION,
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": arn,
            "Condition": { "ArnLike": { "AWS:SourceArn": rule } },
        });
        let function = Function {
            name: name.to_owned(),
            description: "Tells Slack of spot interruptions".to_owned(),
            runtime: "python3.13".to_owned(),
            handler: "index.handler".to_owned(),
            role: format!("arn:aws:iam::{}:role/{name}", self.scenario.account),
            code: format!("{MARKER}\n"),
            environment: BTreeMap::from([("SLACK_SECRET".to_owned(), secret.name.clone())]),
            timeout: 60,
            memory: 256,
            json_logs: false,
            log_group,
            modified: self.now,
            permissions: BTreeMap::from([(TO_FUNCTION.to_owned(), permission)]),
            tags: BTreeMap::new(),
        };
        self.secrets.insert(secret.name.clone(), secret);
        self.functions.insert(name.to_owned(), function);
        let pattern = json!({ "$or": [
            {
                "source": ["aws.ec2"], "detail-type": [WARNING],
                "detail": { "instance-action": ["terminate", "stop", "hibernate"] },
            },
            { "source": ["spotdrill.selftest"] },
        ] });
        self.deploy_rule(TO_FUNCTION, &pattern, arn);
    }

    fn deploy_rule(&mut self, name: &str, pattern: &Value, target: String) {
        let target = RuleTarget { arn: target, role_arn: None, input: None };
        let rule = Rule {
            name: name.to_owned(),
            description: None,
            pattern: pattern.to_string(),
            enabled: true,
            targets: BTreeMap::from([("1".to_owned(), target)]),
            tags: BTreeMap::new(),
        };
        self.rules.insert(name.to_owned(), rule);
    }
}
