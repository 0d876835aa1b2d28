//! What a region offers to a drill: the action of FIS, its quotas, its safety lever, alarms. Changes nothing.

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_fis::types::SafetyLeverStatus;

use super::{Aws, Error, error::absent};
use crate::{drill::template::Template, text::SafeText};

/// A quota of FIS. Source: Service Quotas, service code `fis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Spot instances that one experiment may target by tags.
    TargetsByTag,
    /// Experiments that go on at the same time.
    ActiveExperiments,
}

impl Quota {
    fn code(self) -> &'static str {
        match self {
            Self::TargetsByTag => "L-F3F4B54A",
            Self::ActiveExperiments => "L-F5FCA485",
        }
    }
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub name: SafeText,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: SafeText,
}

impl Aws {
    /// Whether FIS can interrupt spot instances in this region.
    pub async fn has_spot_action(&self) -> Result<bool, Error> {
        let answer = self.fis.get_action().id(Template::ACTION_ID).send().await;
        Ok(absent(answer.map_err(|error| Error::of("ask FIS for its spot action", &error)))?.is_some())
    }

    /// The quota's value here, unless Service Quotas does not know it.
    pub async fn quota(&self, quota: Quota) -> Result<Option<f64>, Error> {
        let call = self.quotas.get_service_quota().service_code("fis").quota_code(quota.code());
        let answer = absent(call.send().await.map_err(|error| Error::of("read the quota of FIS", &error)))?;
        Ok(answer.and_then(|answer| answer.quota()?.value()))
    }

    /// Why the safety lever is engaged, if it is: then FIS cancels every experiment.
    pub async fn safety_lever_engaged(&self) -> Result<Option<SafeText>, Error> {
        let answer = self.fis.get_safety_lever().id("default").send().await;
        let answer = answer.map_err(|error| Error::of("read the safety lever of FIS", &error))?;
        let state = answer.safety_lever().and_then(|lever| lever.state());
        let is_engaged = state.and_then(|state| state.status()) != Some(&SafetyLeverStatus::Disengaged);
        let reason = state.and_then(|state| state.reason()).unwrap_or("no reason is given");
        Ok(is_engaged.then(|| SafeText::new(reason)))
    }

    /// The alarm of that name, unless there is none.
    pub async fn alarm(&self, name: &str) -> Result<Option<Alarm>, Error> {
        // without its types a composite one is not described
        let types = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
        let call = self.cloudwatch.describe_alarms().alarm_names(name).set_alarm_types(Some(types.to_vec()));
        let answer = call.send().await.map_err(|error| Error::of("describe the stop-condition alarm", &error))?;
        let metric = answer.metric_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
        let composite = answer.composite_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
        let alarm = |(name, state): (Option<&str>, Option<&StateValue>)| Alarm {
            name: SafeText::new(name.unwrap_or_default()),
            state: SafeText::new(state.map_or("unknown", StateValue::as_str)),
        };
        Ok(metric.chain(composite).next().map(alarm))
    }
}
