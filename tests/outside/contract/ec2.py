"""EC2: each operation, each input that the lab takes, and what it refuses."""

from datetime import timedelta

IMAGE = "ami-0123456789abcdef0"


def drive(call, refuse, lab):
    def ec2(operation, **inputs):
        return call("ec2", operation, **inputs)

    def no(operation, code, status=400, **inputs):
        return refuse("ec2", operation, code, status, **inputs)

    def rehearse(operation, **inputs):
        no(operation, "DryRunOperation", 412, DryRun=True, **inputs)

    places(ec2, no, rehearse, lab)
    one = run(ec2, no, rehearse, lab)
    describe(ec2, no, rehearse, lab, one)
    tags(ec2, no, rehearse, one)
    changes(ec2, no, rehearse, lab, one)
    prices(ec2, no, rehearse, lab)
    template = launch_templates(ec2, no, rehearse, lab)
    fleets(ec2, no, rehearse, lab, template)
    rehearse("DeleteLaunchTemplate", LaunchTemplateId=template)
    ec2("DeleteLaunchTemplate", LaunchTemplateId=template)
    no("DeleteLaunchTemplate", "InvalidLaunchTemplateId.NotFound", LaunchTemplateId=template)


def filters(**named):
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": values} for name, values in named.items()]


def instances(answer):
    return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]


def places(ec2, no, rehearse, lab):
    zones = ec2("DescribeAvailabilityZones", AllAvailabilityZones=True)["AvailabilityZones"]
    assert len(zones) == 3, zones
    first = zones[0]
    for inputs in (
        {"ZoneNames": [first["ZoneName"]]},
        {"ZoneIds": [first["ZoneId"]]},
        {"Filters": filters(zone_id=[first["ZoneId"]], region_name=[lab.region])},
    ):
        assert [zone["ZoneName"] for zone in ec2("DescribeAvailabilityZones", **inputs)["AvailabilityZones"]] == [
            first["ZoneName"]
        ]
    rehearse("DescribeAvailabilityZones")
    no("DescribeAvailabilityZones", "InvalidParameterValue", ZoneNames=["eu-north-9z"])
    no("DescribeAvailabilityZones", "InvalidParameterValue", ZoneIds=["eun9-az9"])
    for inputs in ({"RegionNames": [lab.region]}, {"AllRegions": True}, {"Filters": filters(region_name=[lab.region])}):
        assert [region["RegionName"] for region in ec2("DescribeRegions", **inputs)["Regions"]] == [lab.region]
    rehearse("DescribeRegions")
    no("DescribeRegions", "InvalidParameterValue", RegionNames=["moon-1"])


def run(ec2, no, rehearse, lab):
    zone = ec2("DescribeAvailabilityZones")["AvailabilityZones"][1]["ZoneName"]
    spot = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.09", "SpotInstanceType": "one-time"}}
    asked = {
        "ImageId": IMAGE,
        "InstanceType": "m6i.large",
        "MinCount": 1,
        "MaxCount": 2,
        "ClientToken": "contract-run",
        "Placement": {"AvailabilityZone": zone},
        "InstanceMarketOptions": spot,
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": [{"Key": "contract", "Value": "run"}]}
            for kind in ("instance", "spot-instances-request")
        ],
    }
    rehearse("RunInstances", **asked)
    launched = ec2("RunInstances", **asked)["Instances"]
    again = ec2("RunInstances", **asked)["Instances"]
    assert [one["InstanceId"] for one in again] == [one["InstanceId"] for one in launched] and len(launched) == 2
    assert all(one["Placement"]["AvailabilityZone"] == zone for one in launched)
    no("RunInstances", "IdempotentParameterMismatch", **asked | {"MaxCount": 1})
    plain = {"ImageId": IMAGE, "InstanceType": "m6i.large", "MinCount": 1, "MaxCount": 1}
    for inputs, code in (
        ({"InstanceType": "m6i.huge"}, "InvalidParameterValue"),
        ({"ImageId": "ami-x"}, "InvalidAMIID.Malformed"),
        ({"MinCount": 2}, "InvalidParameterCombination"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 1001, "MaxCount": 1001}, "InstanceLimitExceeded"),
        ({"SubnetId": "subnet-1"}, "InvalidSubnetID.NotFound"),
        ({"Placement": {"AvailabilityZone": "moon-1a"}}, "InvalidParameterValue"),
        ({"Placement": {"Tenancy": "host"}}, "UnknownParameter"),
        ({"LaunchTemplate": {"LaunchTemplateName": "nobody"}}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"TagSpecifications": [{"ResourceType": "volume", "Tags": []}]}, "InvalidParameterValue"),
        ({"InstanceMarketOptions": {"MarketType": "capacity-block"}}, "InvalidParameterValue"),
        ({"KeyName": "mine"}, "UnknownParameter"),
    ):
        no("RunInstances", code, **plain | inputs)
    for options, code in (
        ({"MaxPrice": "0.001"}, "SpotMaxPriceTooLow"),
        ({"MaxPrice": "cheap"}, "InvalidParameterValue"),
        ({"SpotInstanceType": "persistent"}, "InvalidParameterCombination"),
        ({"InstanceInterruptionBehavior": "stop"}, "InvalidParameterCombination"),
        ({"ValidUntil": lab_time(launched) + timedelta(hours=1)}, "InvalidParameterCombination"),
    ):
        no("RunInstances", code, **plain | {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": options}})
    ids = [one["InstanceId"] for one in launched]
    lab.wait(lambda: states(ec2, ids) == {"running"})
    ec2("TerminateInstances", InstanceIds=ids[1:])
    return ids[0]


def lab_time(launched):
    return launched[0]["LaunchTime"]


def states(ec2, ids):
    return {one["State"]["Name"] for one in instances(ec2("DescribeInstances", InstanceIds=ids))}


def describe(ec2, no, rehearse, lab, one):
    seen, page = [], ec2("DescribeInstances", MaxResults=5)
    while True:
        seen += [instance["InstanceId"] for instance in instances(page)]
        if "NextToken" not in page:
            break
        page = ec2("DescribeInstances", MaxResults=5, NextToken=page["NextToken"])
    assert len(seen) == len(set(seen)) > 20, seen
    instance = instances(ec2("DescribeInstances", InstanceIds=[one]))[0]
    wanted = filters(
        instance_id=[one[:6] + "*"],
        instance_type=["m6i.larg?"],
        image_id=[IMAGE],
        availability_zone=[instance["Placement"]["AvailabilityZone"]],
        availability_zone_id=[instance["Placement"]["AvailabilityZoneId"]],
        instance_lifecycle=["spot"],
        instance_state_code=["16"],
        private_ip_address=[instance["PrivateIpAddress"]],
        private_dns_name=[instance["PrivateDnsName"]],
        client_token=["contract-*"],
        owner_id=[lab.account],
        spot_instance_request_id=[instance["SpotInstanceRequestId"]],
        tag_key=["contract"],
    )
    found = instances(ec2("DescribeInstances", Filters=wanted + [{"Name": "tag:contract", "Values": ["r?n"]}]))
    assert [each["InstanceId"] for each in found] == [one], found
    assert not instances(ec2("DescribeInstances", Filters=filters(instance_type=["m6i"])))
    rehearse("DescribeInstances")
    no("DescribeInstances", "InvalidInstanceID.Malformed", InstanceIds=["i-zz"])
    no("DescribeInstances", "InvalidInstanceID.NotFound", InstanceIds=["i-00000000000000000"])
    no("DescribeInstances", "InvalidParameterCombination", InstanceIds=[one], MaxResults=5)
    no("DescribeInstances", "InvalidParameterValue", MaxResults=4)
    no("DescribeInstances", "InvalidParameterValue", Filters=filters(colour=["red"]))
    no("DescribeInstances", "InvalidPaginationToken", NextToken="mine")
    no("DescribeInstances", "UnknownParameter", IncludeManagedResources=True)

    lab.wait(lambda: ec2("DescribeInstanceStatus", InstanceIds=[one])["InstanceStatuses"])
    page = ec2("DescribeInstanceStatus", MaxResults=5, Filters=filters(instance_state_name=["running"]))
    ec2("DescribeInstanceStatus", MaxResults=5, NextToken=page["NextToken"], Filters=filters(system_status__status=["ok"]))
    running = ec2("DescribeInstanceStatus")["InstanceStatuses"]
    everything = ec2("DescribeInstanceStatus", IncludeAllInstances=True)["InstanceStatuses"]
    assert len(everything) > len(running) > 20
    rehearse("DescribeInstanceStatus")
    no("DescribeInstanceStatus", "InvalidParameterCombination", InstanceIds=[one], MaxResults=5)
    no("DescribeInstanceStatus", "InvalidParameterValue", InstanceIds=[one] * 101)

    request = instance["SpotInstanceRequestId"]
    described = ec2("DescribeSpotInstanceRequests", SpotInstanceRequestIds=[request])["SpotInstanceRequests"][0]
    assert (described["State"], described["Status"]["Code"]) == ("active", "fulfilled"), described
    assert described["InstanceId"] == one and described["SpotPrice"] == "0.090000"
    page = ec2("DescribeSpotInstanceRequests", MaxResults=5)
    ec2("DescribeSpotInstanceRequests", MaxResults=5, NextToken=page["NextToken"])
    wanted = filters(state=["active"], type=["one-time"], instance_id=[one], status_code=["fulfilled"], tag_key=["contract"])
    assert len(ec2("DescribeSpotInstanceRequests", Filters=wanted)["SpotInstanceRequests"]) == 1
    rehearse("DescribeSpotInstanceRequests")
    no("DescribeSpotInstanceRequests", "InvalidSpotInstanceRequestID.NotFound", SpotInstanceRequestIds=["sir-00000000"])


def tags(ec2, no, rehearse, one):
    new = [{"Key": "owner", "Value": "me"}, {"Key": "empty", "Value": ""}]
    rehearse("CreateTags", Resources=[one], Tags=new)
    ec2("CreateTags", Resources=[one], Tags=new)
    wanted = filters(resource_id=[one], resource_type=["instance"], key=["owner", "empty"], value=["*"])
    assert len(ec2("DescribeTags", Filters=wanted)["Tags"]) == 2
    page = ec2("DescribeTags", MaxResults=5)
    ec2("DescribeTags", MaxResults=5, NextToken=page["NextToken"])
    rehearse("DescribeTags")
    rehearse("DeleteTags", Resources=[one], Tags=[{"Key": "owner"}])
    ec2("DeleteTags", Resources=[one], Tags=[{"Key": "owner", "Value": "you"}])
    assert len(ec2("DescribeTags", Filters=wanted)["Tags"]) == 2, "another value is another tag"
    ec2("DeleteTags", Resources=[one], Tags=[{"Key": "owner"}])
    assert len(ec2("DescribeTags", Filters=wanted)["Tags"]) == 1
    no("CreateTags", "InvalidParameterValue", Resources=[one], Tags=[{"Key": "aws:mine", "Value": ""}])
    no("CreateTags", "InvalidID", Resources=["vol-1"], Tags=new)
    no("CreateTags", "InvalidInstanceID.NotFound", Resources=["i-00000000000000000"], Tags=new)
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    no("CreateTags", "TagLimitExceeded", Resources=[one], Tags=many)
    no("DeleteTags", "InvalidParameterValue", Resources=[one], Tags=[{"Key": "aws:autoscaling:groupName"}])


def changes(ec2, no, rehearse, lab, one):
    request = instances(ec2("DescribeInstances", InstanceIds=[one]))[0]["SpotInstanceRequestId"]
    until = instances(ec2("DescribeInstances", InstanceIds=[one]))[0]["LaunchTime"] + timedelta(days=9)
    options = {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "hibernate", "ValidUntil": until}
    subnet = instances(ec2("DescribeInstances", InstanceIds=[one]))[0]["SubnetId"]
    lasting = ec2(
        "RunInstances",
        ImageId=IMAGE,
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        InstanceMarketOptions={"MarketType": "spot", "SpotOptions": options},
    )["Instances"][0]["InstanceId"]
    no("StopInstances", "IncorrectInstanceState", InstanceIds=[lasting])
    lab.wait(lambda: states(ec2, [lasting]) == {"running"})
    no("StopInstances", "UnsupportedOperation", InstanceIds=[lasting, one])
    no("StopInstances", "InvalidInstanceID.NotFound", InstanceIds=[lasting, "i-00000000000000000"])
    assert states(ec2, [lasting]) == {"running"}, "all or nothing"
    no("StopInstances", "InvalidParameterCombination", InstanceIds=[lasting], Hibernate=True, Force=True)
    rehearse("StopInstances", InstanceIds=[lasting])
    changed = ec2("StopInstances", InstanceIds=[lasting], Hibernate=True, Force=False)["StoppingInstances"][0]
    assert (changed["PreviousState"]["Name"], changed["CurrentState"]["Name"]) == ("running", "stopping")
    no("StartInstances", "IncorrectInstanceState", InstanceIds=[lasting])
    lab.wait(lambda: states(ec2, [lasting]) == {"stopped"})
    rehearse("StartInstances", InstanceIds=[lasting])
    changed = ec2("StartInstances", InstanceIds=[lasting])["StartingInstances"][0]
    assert (changed["PreviousState"]["Name"], changed["CurrentState"]["Name"]) == ("stopped", "pending")
    lab.wait(lambda: states(ec2, [lasting]) == {"running"})

    rehearse("CancelSpotInstanceRequests", SpotInstanceRequestIds=[request])
    ec2("CancelSpotInstanceRequests", SpotInstanceRequestIds=[request])
    described = ec2("DescribeSpotInstanceRequests", SpotInstanceRequestIds=[request])["SpotInstanceRequests"][0]
    assert described["Status"]["Code"] == "request-canceled-and-instance-running", described
    assert states(ec2, [one]) == {"running"}
    no("CancelSpotInstanceRequests", "InvalidSpotInstanceRequestID.Malformed", SpotInstanceRequestIds=["sir"])

    rehearse("TerminateInstances", InstanceIds=[one])
    ec2("TerminateInstances", InstanceIds=[one, lasting], Force=False, SkipOsShutdown=False)
    gone = instances(ec2("DescribeInstances", InstanceIds=[one]))[0]
    assert gone["StateReason"]["Code"] == "Client.UserInitiatedShutdown", gone
    assert gone["StateTransitionReason"].startswith("User initiated ("), gone
    no("TerminateInstances", "InvalidInstanceID.Malformed", InstanceIds=["one"])
    lab.wait(lambda: states(ec2, [one, lasting]) == {"terminated"})

    def renewed():
        answer = ec2("DescribeInstances", Filters=filters(instance_type=["m5.large"], instance_state_name=["running"]))
        return [each["InstanceId"] for each in instances(answer) if not each.get("Tags")]

    lab.wait(renewed)
    request = instances(ec2("DescribeInstances", InstanceIds=renewed()))[0]["SpotInstanceRequestId"]
    ec2("CancelSpotInstanceRequests", SpotInstanceRequestIds=[request])
    ec2("TerminateInstances", InstanceIds=renewed())


def prices(ec2, no, rehearse, lab):
    everything = ec2("DescribeSpotPriceHistory", MaxResults=10)
    ec2("DescribeSpotPriceHistory", MaxResults=10, NextToken=everything["NextToken"])
    now = everything["SpotPriceHistory"][0]["Timestamp"]
    zone = ec2("DescribeAvailabilityZones")["AvailabilityZones"][0]
    window = {
        "InstanceTypes": ["c6i.xlarge"],
        "ProductDescriptions": ["Linux/UNIX"],
        "StartTime": now - timedelta(days=2),
        "EndTime": now,
    }
    by_name = ec2("DescribeSpotPriceHistory", AvailabilityZone=zone["ZoneName"], **window)["SpotPriceHistory"]
    by_id = ec2("DescribeSpotPriceHistory", AvailabilityZoneId=zone["ZoneId"], **window)["SpotPriceHistory"]
    assert by_name == by_id and 7 <= len(by_name) <= 11, by_name
    assert by_name[-1]["Timestamp"] <= window["StartTime"] < by_name[-2]["Timestamp"]
    assert not ec2("DescribeSpotPriceHistory", ProductDescriptions=["Windows"])["SpotPriceHistory"]
    found = ec2("DescribeSpotPriceHistory", Filters=filters(availability_zone=["*a"], instance_type=["c6i.*"]))
    assert {each["AvailabilityZone"] for each in found["SpotPriceHistory"]} == {zone["ZoneName"]}
    rehearse("DescribeSpotPriceHistory")
    no("DescribeSpotPriceHistory", "InvalidParameterValue", InstanceTypes=["huge"])
    no("DescribeSpotPriceHistory", "InvalidParameterValue", AvailabilityZone="moon-1a")


def launch_templates(ec2, no, rehearse, lab):
    data = {
        "ImageId": IMAGE,
        "InstanceType": "c5.large",
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "1.5"}},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "by", "Value": "template"}]}],
    }
    asked = {
        "LaunchTemplateName": "contract",
        "LaunchTemplateData": data,
        "VersionDescription": "first",
        "ClientToken": "contract-template",
        "TagSpecifications": [{"ResourceType": "launch-template", "Tags": [{"Key": "contract", "Value": "lt"}]}],
    }
    rehearse("CreateLaunchTemplate", **asked)
    template = ec2("CreateLaunchTemplate", **asked)["LaunchTemplate"]["LaunchTemplateId"]
    assert ec2("CreateLaunchTemplate", **asked)["LaunchTemplate"]["LaunchTemplateId"] == template
    taken = asked | {"ClientToken": "another"}
    no("CreateLaunchTemplate", "InvalidLaunchTemplateName.AlreadyExistsException", **taken)
    no("CreateLaunchTemplate", "UnknownParameter", LaunchTemplateName="other", LaunchTemplateData={"KeyName": "mine"})
    version = {
        "LaunchTemplateName": "contract",
        "SourceVersion": "1",
        "VersionDescription": "second",
        "ClientToken": "contract-version",
        "LaunchTemplateData": {"InstanceType": "c5.xlarge"},
    }
    rehearse("CreateLaunchTemplateVersion", **version)
    made = ec2("CreateLaunchTemplateVersion", **version)["LaunchTemplateVersion"]
    assert (made["VersionNumber"], made["LaunchTemplateData"]["ImageId"]) == (2, IMAGE), made
    by_id = {"LaunchTemplateId": template, "LaunchTemplateData": {"Placement": {"AvailabilityZone": f"{lab.region}b"}}}
    ec2("CreateLaunchTemplateVersion", **by_id)
    no("CreateLaunchTemplateVersion", "InvalidLaunchTemplateId.VersionNotFound", SourceVersion="9", **by_id)

    for inputs in (
        {"LaunchTemplateIds": [template]},
        {"LaunchTemplateNames": ["contract"]},
        {"Filters": filters(launch_template_name=["contr*"], tag_key=["contract"])},
    ):
        found = ec2("DescribeLaunchTemplates", **inputs)["LaunchTemplates"]
        assert [(each["LaunchTemplateId"], each["LatestVersionNumber"]) for each in found] == [(template, 3)], found
    ec2("CreateLaunchTemplate", LaunchTemplateName="contract-2", LaunchTemplateData={"ImageId": IMAGE})
    page = ec2("DescribeLaunchTemplates", MaxResults=1)
    assert len(ec2("DescribeLaunchTemplates", MaxResults=1, NextToken=page["NextToken"])["LaunchTemplates"]) == 1
    rehearse("DescribeLaunchTemplates")
    no("DescribeLaunchTemplates", "InvalidLaunchTemplateName.NotFoundException", LaunchTemplateNames=["nobody"])
    no("DescribeLaunchTemplates", "InvalidLaunchTemplateId.Malformed", LaunchTemplateIds=["lt"])

    def numbers(**inputs):
        found = ec2("DescribeLaunchTemplateVersions", **inputs)["LaunchTemplateVersions"]
        return [each["VersionNumber"] for each in found]

    assert numbers(LaunchTemplateId=template, Versions=["$Default", "$Latest"]) == [1, 3]
    assert numbers(LaunchTemplateName="contract", MinVersion="2", MaxVersion="2") == [2]
    assert numbers(LaunchTemplateId=template, Filters=filters(instance_type=["c5.x*"])) == [2]
    assert sorted(numbers(Versions=["$Latest"])) == [1, 3], "of all templates"
    page = ec2("DescribeLaunchTemplateVersions", LaunchTemplateId=template, MaxResults=2)
    assert numbers(LaunchTemplateId=template, MaxResults=2, NextToken=page["NextToken"]) == [1]
    rehearse("DescribeLaunchTemplateVersions", LaunchTemplateId=template)
    no("DescribeLaunchTemplateVersions", "MissingParameter")
    ec2("DeleteLaunchTemplate", LaunchTemplateName="contract-2")

    launched = ec2("RunInstances", MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateId": template})["Instances"][0]
    by = {tag["Key"]: tag["Value"] for tag in launched["Tags"]}
    assert (launched["InstanceType"], launched["InstanceLifecycle"]) == ("c5.large", "spot"), launched
    assert by == {"by": "template", "aws:ec2launchtemplate:id": template, "aws:ec2launchtemplate:version": "1"}, by
    ec2("TerminateInstances", InstanceIds=[launched["InstanceId"]])
    return template


def fleets(ec2, no, rehearse, lab, template):
    overrides = [
        {"InstanceType": "c5.large", "AvailabilityZone": f"{lab.region}a", "Priority": 2.0},
        {"InstanceType": "m5.large", "SubnetId": "subnet-0a1b2c3d4e5f60001", "Priority": 1.0, "MaxPrice": "1.1"},
    ]
    configuration = {
        "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
        "Overrides": overrides,
    }
    asked = {
        "Type": "instant",
        "ClientToken": "contract-fleet",
        "LaunchTemplateConfigs": [configuration],
        "TargetCapacitySpecification": {
            "TotalTargetCapacity": 3,
            "OnDemandTargetCapacity": 1,
            "DefaultTargetCapacityType": "spot",
        },
        "SpotOptions": {"AllocationStrategy": "diversified", "InstanceInterruptionBehavior": "terminate"},
        "OnDemandOptions": {"AllocationStrategy": "prioritized"},
        "TagSpecifications": [{"ResourceType": "fleet", "Tags": [{"Key": "contract", "Value": "fleet"}]}],
    }
    rehearse("CreateFleet", **asked)
    fleet = ec2("CreateFleet", **asked)
    assert ec2("CreateFleet", **asked)["FleetId"] == fleet["FleetId"]
    launched = [(each["Lifecycle"], each["InstanceType"], len(each["InstanceIds"])) for each in fleet["Instances"]]
    assert launched == [("on-demand", "m5.large", 1), ("spot", "c5.large", 1), ("spot", "m5.large", 1)], launched
    assert fleet["Errors"] == [], fleet
    no("CreateFleet", "UnsupportedOperation", **asked | {"Type": "maintain"})
    no("CreateFleet", "IdempotentParameterMismatch", **asked | {"OnDemandOptions": {}})
    no("CreateFleet", "UnknownParameter", **asked | {"SpotOptions": {"MaxTotalPrice": "1"}})
    no("CreateFleet", "InvalidParameterValue", **asked | {"TargetCapacitySpecification": {"TotalTargetCapacity": 2000}})
    tagged = ec2("DescribeTags", Filters=filters(resource_type=["fleet"], key=["contract"]))["Tags"]
    assert [each["ResourceId"] for each in tagged] == [fleet["FleetId"]], tagged
    rehearse("DeleteFleets", FleetIds=[fleet["FleetId"]], TerminateInstances=True)
    kept = ec2("DeleteFleets", FleetIds=[fleet["FleetId"]], TerminateInstances=False)
    assert kept["UnsuccessfulFleetDeletions"][0]["Error"]["Code"] == "fleetNotInDeletableState", kept
    unknown = "fleet-00000000-0000-0000-0000-000000000000"
    deleted = ec2("DeleteFleets", FleetIds=[fleet["FleetId"], unknown], TerminateInstances=True)
    assert deleted["SuccessfulFleetDeletions"][0]["FleetId"] == fleet["FleetId"], deleted
    assert deleted["UnsuccessfulFleetDeletions"][0]["Error"]["Code"] == "fleetIdDoesNotExist", deleted
    ids = [one for each in fleet["Instances"] for one in each["InstanceIds"]]
    lab.wait(lambda: states(ec2, ids) == {"terminated"})
