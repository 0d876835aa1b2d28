"""Auto Scaling: each operation, each input that the lab takes, and what it refuses."""


def drive(call, refuse, lab):
    groups = call("autoscaling", "DescribeAutoScalingGroups")["AutoScalingGroups"]
    group = next(group for group in groups if group["Instances"])
    name = group["AutoScalingGroupName"]
    first = call("autoscaling", "DescribeAutoScalingGroups", MaxRecords=1)
    assert len(first["AutoScalingGroups"]) == 1
    if "NextToken" in first:
        rest = call("autoscaling", "DescribeAutoScalingGroups", MaxRecords=100, NextToken=first["NextToken"])
        assert len(rest["AutoScalingGroups"]) == len(groups) - 1
    named = call("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    assert [found["AutoScalingGroupName"] for found in named["AutoScalingGroups"]] == [name]
    for tag in group["Tags"][:1]:
        filters = [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]}, {"Name": "tag-key", "Values": [tag["Key"]]},
                   {"Name": "tag-value", "Values": [tag["Value"]]}]
        assert call("autoscaling", "DescribeAutoScalingGroups", Filters=filters)["AutoScalingGroups"]
    none = [{"Name": "tag:nobody", "Values": ["x"]}]
    assert call("autoscaling", "DescribeAutoScalingGroups", Filters=none)["AutoScalingGroups"] == []
    refuse("autoscaling", "DescribeAutoScalingGroups", "ValidationError", 400, Filters=[{"Name": "x", "Values": ["y"]}])
    refuse("autoscaling", "DescribeAutoScalingGroups", "InvalidNextToken", 400, NextToken="x")
    refuse("autoscaling", "DescribeAutoScalingGroups", "ValidationError", 400, MaxRecords=101)

    tagged = [{"Name": "tag:aws:autoscaling:groupName", "Values": [name]}]
    reservations = call("ec2", "DescribeInstances", Filters=tagged)["Reservations"]
    ids = {instance["InstanceId"] for reservation in reservations for instance in reservation["Instances"]}
    assert {instance["InstanceId"] for instance in group["Instances"]} <= ids
    member = group["Instances"][0]["InstanceId"]
    found = call("autoscaling", "DescribeAutoScalingInstances", InstanceIds=[member])["AutoScalingInstances"]
    assert [(one["InstanceId"], one["AutoScalingGroupName"]) for one in found] == [(member, name)]
    page = call("autoscaling", "DescribeAutoScalingInstances", MaxRecords=1)
    call("autoscaling", "DescribeAutoScalingInstances", MaxRecords=50, NextToken=page["NextToken"])

    activities(call, refuse, lab, name, [instance["InstanceId"] for instance in group["Instances"]][:2])


def activities(call, refuse, lab, name, members):
    call("ec2", "TerminateInstances", InstanceIds=members)
    found = lambda: call("autoscaling", "DescribeScalingActivities", AutoScalingGroupName=name)["Activities"]
    lab.wait(lambda: sum(one["Description"].startswith("Terminating") for one in found()) >= len(members))
    one = found()[0]["ActivityId"]
    same = call("autoscaling", "DescribeScalingActivities", ActivityIds=[one])["Activities"]
    assert [activity["ActivityId"] for activity in same] == [one]
    page = call("autoscaling", "DescribeScalingActivities", AutoScalingGroupName=name, MaxRecords=1)
    call("autoscaling", "DescribeScalingActivities", AutoScalingGroupName=name, NextToken=page["NextToken"])
    refuse("autoscaling", "DescribeScalingActivities", "ValidationError", 400, AutoScalingGroupName="nowhere")
