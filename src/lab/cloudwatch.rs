//! CloudWatch alarms, whose state the caller sets, in the three protocols of CloudWatch's clients. Knows no metrics.

mod alarms;
mod history;
mod tags;

use serde_json::Value;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        json_rpc::{self, JsonVersion},
        query::{Dialect, Form},
        query_json,
        token::Paging,
    },
};

const TARGET: &str = "GraniteServiceVersion20100801";
const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
const NO_METRICS: &str = "the lab has no metrics";
const ONLY_METRIC_ALARMS: &str = "the lab has only metric alarms";

pub(super) const SERVICE: Service = Service {
    signing_name: "monitoring",
    title: "CloudWatch",
    global: false,
    refused: &[
        ("PutMetricData", NO_METRICS),
        ("GetMetricData", NO_METRICS),
        ("GetMetricStatistics", NO_METRICS),
        ("ListMetrics", NO_METRICS),
        ("DescribeAlarmsForMetric", NO_METRICS),
        ("PutCompositeAlarm", ONLY_METRIC_ALARMS),
        ("EnableAlarmActions", "alarms have no actions here"),
        ("DisableAlarmActions", "alarms have no actions here"),
    ],
    protocols: &[
        Protocol::Json(JsonVersion::One, TARGET, OPERATIONS),
        Protocol::Cbor(TARGET, OPERATIONS),
        Protocol::Query(Dialect::Aws { namespace: NAMESPACE }, FORMS),
    ],
};

/// Each operation once, for the protocols that bring JSON and for the one that brings a form.
macro_rules! operations {
    ($($name:literal, $promise:expr, $takes:expr, $run:path;)*) => {
        const OPERATIONS: &[JsonOperation] = &[$(JsonOperation {
            name: $name,
            promise: $promise,
            takes: $takes,
            run: JsonRun::Answer(|world, body| $run(world, &json_rpc::input(body)?)),
        }),*];
        const FORMS: &[QueryOperation] = &[$(QueryOperation {
            name: $name,
            promise: $promise,
            takes: $takes,
            run: |world, form| match $run(world, &input(form))? {
                Value::Object(members) => Ok(query_json::elements(members)),
                _ => Ok(Vec::new()),
            },
        }),*];
    };
}

const AS_SET: Promise =
    Promise::Simplified("its state is what SetAlarmState says; no metric is looked at and no action taken");

#[rustfmt::skip]
operations! {
    "PutMetricAlarm", AS_SET, &["AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "Tags", "ThresholdMetricId"], alarms::put;
    "DescribeAlarms", Promise::Faithful, &["AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix", "MaxRecords", "NextToken"], alarms::describe;
    "SetAlarmState", Promise::Simplified("the state stays, as no metric changes it; no action is taken"), &["AlarmName", "StateValue", "StateReason", "StateReasonData"], alarms::set_state;
    "DeleteAlarms", Promise::Faithful, &["AlarmNames"], alarms::delete;
    "DescribeAlarmHistory", Promise::Simplified("of alarms that exist; changes of state and configuration"), &["AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate", "MaxRecords", "NextToken", "ScanBy"], history::describe;
    "TagResource", Promise::Faithful, &["ResourceARN", "Tags"], tags::tag;
    "UntagResource", Promise::Faithful, &["ResourceARN", "TagKeys"], tags::untag;
    "ListTagsForResource", Promise::Faithful, &["ResourceARN"], tags::list;
}

/// A form's fields by their types, which a form does not tell.
fn input(form: &Form) -> Value {
    query_json::to_json(form, |name, text| {
        let typed = match name {
            "ActionsEnabled" | "ReturnData" => text.parse().ok().map(Value::Bool),
            "Period" | "EvaluationPeriods" | "DatapointsToAlarm" | "MaxRecords" => {
                text.parse::<i64>().ok().map(Value::from)
            }
            "Threshold" => text.parse::<f64>().ok().map(Value::from),
            _ => None,
        };
        typed.unwrap_or_else(|| text.into())
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationError", message)
}

/// A text that must be there.
fn required<'v>(input: &'v Value, name: &str) -> Result<&'v str, ApiError> {
    let text = input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| ApiError::bad("MissingParameter", format!("The parameter {name} is required.")))
}

/// A list of texts; empty if there is none.
fn texts<'v>(input: &'v Value, name: &str) -> Vec<&'v str> {
    input.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

const PAGES: Paging = Paging {
    names: ("MaxRecords", "NextToken"),
    sizes: (50, 100),
    wrong_size: "ValidationError",
    wrong_token: ("InvalidNextToken", "The NextToken is not valid."),
};

fn listing(operation: &str, input: &Value, name: &str, items: Vec<Value>) -> Result<Value, ApiError> {
    let size = input.get("MaxRecords").filter(|size| !size.is_null());
    let token = input.get("NextToken").and_then(Value::as_str);
    PAGES.listing(operation, (size, token), name, (1..).zip(items))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_forms_numbers_are_numbers_and_its_texts_stay_texts() {
        let form = Form::parse(b"AlarmName=7&Threshold=1.5&Period=60&ActionsEnabled=false&Period.x=1");
        let expected = json!({ "AlarmName": "7", "Threshold": 1.5, "Period": 60, "ActionsEnabled": false });
        assert_eq!(input(&form), expected);
    }
}
