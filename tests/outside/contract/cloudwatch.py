"""CloudWatch alarms: each operation, each input that the lab takes, and what it refuses."""

import datetime
import uuid


def drive(call, refuse, lab):
    unique = uuid.uuid4().hex[:8]
    first, second = f"{unique}-a", f"{unique}-b"
    topic = f"arn:aws:sns:{lab.region}:{lab.account}:{unique}"
    plain = {
        "AlarmName": first, "AlarmDescription": "too many", "ActionsEnabled": True, "OKActions": [topic],
        "AlarmActions": [topic], "InsufficientDataActions": [topic], "MetricName": "Errors", "Namespace": "Shop",
        "Statistic": "Sum", "Dimensions": [{"Name": "Service", "Value": "cart"}], "Period": 60, "Unit": "Count",
        "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.5,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        "Tags": [{"Key": "team", "Value": "shop"}],
    }
    call("cloudwatch", "PutMetricAlarm", **plain)
    call("cloudwatch", "PutMetricAlarm", AlarmName=second, MetricName="Latency", Namespace="Shop", Period=60,
         ExtendedStatistic="p99", EvaluateLowSampleCountPercentile="ignore", EvaluationPeriods=1, Threshold=2.0,
         ComparisonOperator="GreaterThanThreshold")
    band = f"{unique}-c"
    metrics = [
        {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60,
                                    "Stat": "Sum"}, "ReturnData": True},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True},
    ]
    call("cloudwatch", "PutMetricAlarm", AlarmName=band, Metrics=metrics, ThresholdMetricId="band",
         EvaluationPeriods=1, ComparisonOperator="GreaterThanUpperThreshold")

    found = call("cloudwatch", "DescribeAlarms", AlarmNames=[first])["MetricAlarms"]
    assert len(found) == 1 and found[0]["StateValue"] == "INSUFFICIENT_DATA"
    assert {name: found[0][name] for name in plain if name != "Tags"} == {
        name: value for name, value in plain.items() if name != "Tags"}
    names = []
    page = call("cloudwatch", "DescribeAlarms", ActionPrefix="arn:", AlarmTypes=["MetricAlarm"], MaxRecords=1)
    assert page["MetricAlarms"]
    token = None
    while True:
        more = {"NextToken": token} if token else {}
        page = call("cloudwatch", "DescribeAlarms", MaxRecords=1, AlarmNamePrefix=unique, **more)
        names += [alarm["AlarmName"] for alarm in page["MetricAlarms"]]
        token = page.get("NextToken")
        if not token:
            break
    assert names == [first, second, band], names

    call("cloudwatch", "SetAlarmState", AlarmName=first, StateValue="ALARM", StateReason="drill",
         StateReasonData='{"a": 1}')
    found = call("cloudwatch", "DescribeAlarms", AlarmNamePrefix=first, StateValue="ALARM")["MetricAlarms"]
    assert found[0]["StateReasonData"] == '{"a": 1}' and found[0]["StateReason"] == "drill"
    since = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    until = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    history = call("cloudwatch", "DescribeAlarmHistory", AlarmName=first, AlarmTypes=["MetricAlarm"],
                   HistoryItemType="StateUpdate", StartDate=since, EndDate=until, ScanBy="TimestampAscending")
    assert history["AlarmHistoryItems"][0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    page = call("cloudwatch", "DescribeAlarmHistory", AlarmName=first, MaxRecords=1)
    call("cloudwatch", "DescribeAlarmHistory", AlarmName=first, MaxRecords=1, NextToken=page["NextToken"])

    arn = found[0]["AlarmArn"]
    call("cloudwatch", "TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    call("cloudwatch", "UntagResource", ResourceARN=arn, TagKeys=["team"])
    assert call("cloudwatch", "ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]

    refuse("cloudwatch", "SetAlarmState", "ResourceNotFound", 404, AlarmName="none", StateValue="OK", StateReason="x")
    refuse("cloudwatch", "SetAlarmState", "InvalidFormat", 400, AlarmName=first, StateValue="OK", StateReason="x",
           StateReasonData="{")
    refuse("cloudwatch", "SetAlarmState", "ValidationError", 400, AlarmName=first, StateValue="GOOD", StateReason="x")
    refuse("cloudwatch", "DescribeAlarms", "InvalidNextToken", 400, NextToken="x")
    refuse("cloudwatch", "DescribeAlarms", "ValidationError", 400, AlarmNames=["a"], AlarmNamePrefix="b")
    refuse("cloudwatch", "PutMetricAlarm", "ValidationError", 400, **{**plain, "ExtendedStatistic": "p99"})
    refuse("cloudwatch", "PutMetricAlarm", "ValidationError", 400, **{**plain, "TreatMissingData": "panic"})
    refuse("cloudwatch", "ListTagsForResource", "ResourceNotFoundException", 404, ResourceARN=arn + "x")
    refuse("cloudwatch", "DeleteAlarms", "ResourceNotFound", 404, AlarmNames=[first, "none"])
    call("cloudwatch", "DeleteAlarms", AlarmNames=[first, second, band])
    assert call("cloudwatch", "DescribeAlarms", AlarmNames=[first])["MetricAlarms"] == []
