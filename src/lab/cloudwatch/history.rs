//! What happened to alarms. Knows no alarm that was deleted.

use serde_json::{Value, json};

use super::{listing, texts};
use crate::lab::{
    wire::{error::ApiError, time::epoch_seconds},
    world::World,
};

pub(super) fn describe(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let types = texts(input, "AlarmTypes");
    let is_metric = types.is_empty() || types.contains(&"MetricAlarm");
    let (from, to) = (seconds(input.get("StartDate")), seconds(input.get("EndDate")));
    let alarms =
        world.alarms.values().filter(|alarm| is_metric && text("AlarmName").is_none_or(|name| name == alarm.name));
    let mut items: Vec<_> = alarms.flat_map(|alarm| alarm.history.iter().map(move |item| (alarm, item))).collect();
    items.retain(|(_, item)| {
        let time = epoch_seconds(item.time);
        text("HistoryItemType").is_none_or(|kind| kind == item.kind)
            && from.is_none_or(|from| time >= from)
            && to.is_none_or(|to| time <= to)
    });
    items.sort_by_key(|(_, item)| item.time);
    if text("ScanBy") != Some("TimestampAscending") {
        items.reverse();
    }
    let described = items.into_iter().map(|(alarm, item)| {
        json!({
            "AlarmName": alarm.name, "AlarmType": "MetricAlarm", "Timestamp": epoch_seconds(item.time),
            "HistoryItemType": item.kind, "HistorySummary": item.summary, "HistoryData": item.data.to_string(),
        })
    });
    let described = described.collect();
    listing("DescribeAlarmHistory", input, "AlarmHistoryItems", described)
}

/// A time as JSON and CBOR have it, or as a form does.
fn seconds(time: Option<&Value>) -> Option<f64> {
    let time = time?;
    time.as_f64().or_else(|| Some(epoch_seconds(time.as_str()?.parse().ok()?)))
}
