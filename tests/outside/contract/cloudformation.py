"""CloudFormation: each operation, each input that the lab takes, and what it refuses."""

import json

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: What a drill needs
Parameters:
  Prefix: {Type: String, Default: contract-drill, AllowedPattern: "[a-z-]+", MaxLength: 30, Description: Of names}
  Days: {Type: Number, Default: 7, AllowedValues: [7, 14]}
  Webhook: {Type: String, NoEcho: true, Default: "http://127.0.0.1/hook"}
  WithAlarm: {Type: String, Default: "no", AllowedValues: ["yes", "no"]}
Mappings:
  Levels:
    eu-west-1: {Level: INFO}
    eu-central-1: {Level: INFO}
    us-east-1: {Level: INFO}
Conditions:
  Alarmed: !Equals [!Ref WithAlarm, "yes"]
  Quiet: !Not [!Condition Alarmed]
  Both: !And [!Condition Alarmed, !Or [!Condition Quiet, !Condition Alarmed]]
Resources:
  FunctionRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: logs
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: ["logs:CreateLogStream", "logs:PutLogEvents"]
                Resource: !GetAtt FunctionLogs.Arn
  FisRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "${Prefix}-fis"
      Path: /drills/
      Description: Interrupts
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: fis.amazonaws.com}
            Action: sts:AssumeRole
            Condition: {StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}}
      ManagedPolicyArns: [!Ref Interrupt]
      Tags: [{Key: purpose, Value: drill}]
  Interrupt:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: !Join ["-", [!Ref Prefix, interrupt]]
      Description: Interrupts
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: ec2:SendSpotInstanceInterruptions
            Resource: !Sub "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*"
  More:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: more
      Roles: [!Ref FisRole]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "ec2:DescribeInstances", Resource: "*"}]
  FunctionLogs:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Delete
    Properties:
      LogGroupName: !Sub "/aws/lambda/${Prefix}-notify"
      RetentionInDays: !Ref Days
  EventLogs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: !Ref Days}
  EventLogsPolicy:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: !Ref Prefix
      PolicyDocument: !Sub |
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "${EventLogs.Arn}"}]}
  Notify:
    Type: AWS::Lambda::Function
    DependsOn: FunctionLogs
    Properties:
      FunctionName: !Sub "${Prefix}-notify"
      Description: Tells Slack
      Handler: index.handler
      Runtime: python3.13
      Role: !GetAtt FunctionRole.Arn
      Timeout: 10
      MemorySize: 128
      LoggingConfig: {LogFormat: Text, LogGroup: !Ref FunctionLogs}
      Environment:
        Variables:
          WEBHOOK: !Ref Webhook
          LEVEL: !If [Quiet, !FindInMap [Levels, !Ref "AWS::Region", Level], DEBUG]
          FIRST: !Select [0, !Split [",", "a,b"]]
          GONE: !If [Both, x, !Ref AWS::NoValue]
      Code:
        ZipFile: |
          # send-slack-spot-event
          def handler(event, context):
              return "${not a reference}"
  Interrupted:
    Type: AWS::Events::Rule
    Properties:
      Description: Spot notices
      State: ENABLED
      EventPattern: {source: [aws.ec2], detail-type: ["EC2 Spot Instance Interruption Warning"]}
      Targets:
        - {Id: notify, Arn: !GetAtt Notify.Arn}
        - {Id: logs, Arn: !Sub "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${EventLogs}"}
  MayInvoke:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Notify
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Interrupted.Arn
  Hook:
    Type: AWS::SecretsManager::Secret
    Properties: {Description: The webhook, SecretString: !Ref Webhook}
  Drill:
    Type: AWS::FIS::ExperimentTemplate
    Properties:
      Description: Interrupt one
      RoleArn: !GetAtt FisRole.Arn
      StopConditions:
        - !If [Alarmed, {Source: "aws:cloudwatch:alarm", Value: !GetAtt Stop.Arn}, {Source: none}]
      Targets:
        one: {ResourceType: "aws:ec2:spot-instance", SelectionMode: COUNT(1), ResourceTags: {Name: web}}
      Actions:
        interrupt:
          ActionId: aws:ec2:send-spot-instance-interruptions
          Parameters: {durationBeforeInterruption: PT2M}
          Targets: {SpotInstances: one}
      Tags: {Name: drill}
  Stop:
    Type: AWS::CloudWatch::Alarm
    Condition: Alarmed
    Properties:
      MetricName: Errors
      Namespace: Drill
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
Outputs:
  FunctionArn: {Description: Whom to ask, Value: !GetAtt Notify.Arn}
  Template: {Value: !Ref Drill}
  AlarmName: {Condition: Alarmed, Value: !Ref Stop}
"""

GROUP = {"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {}}}}


def json_template(**resources):
    return json.dumps({"Resources": resources})


def wait_for(call, lab, name, *statuses):
    def status():
        return call("cloudformation", "DescribeStacks", StackName=name)["Stacks"][0]["StackStatus"]

    lab.wait(lambda: status() in statuses)


def wait_for_set(call, lab, **which):
    """The change set once it is worked out."""
    lab.wait(lambda: call("cloudformation", "DescribeChangeSet", **which)["Status"] in ("CREATE_COMPLETE", "FAILED"))
    return call("cloudformation", "DescribeChangeSet", IncludePropertyValues=True, **which)


def drive(call, refuse, lab):
    change_sets(call, refuse, lab)
    events(call, lab)
    stacks(call, refuse, lab)
    failures(call, refuse, lab)
    templates(call, refuse)


def change_sets(call, refuse, lab):
    name = "contract-drill"
    common = dict(StackName=name, TemplateBody=TEMPLATE, ChangeSetType="CREATE")
    refuse("cloudformation", "CreateChangeSet", "InsufficientCapabilitiesException", 400, ChangeSetName="one", **common)
    made = call(
        "cloudformation", "CreateChangeSet", ChangeSetName="one", Capabilities=["CAPABILITY_NAMED_IAM"],
        Description="the first", Tags=[{"Key": "team", "Value": "drills"}], OnStackFailure="ROLLBACK", **common,
    )
    call("cloudformation", "DescribeChangeSet", ChangeSetName=made["Id"])
    first = wait_for_set(call, lab, StackName=name, ChangeSetName="one")
    assert {change["ResourceChange"]["Action"] for change in first["Changes"]} == {"Add"}, first
    assert len(first["Changes"]) == 12, len(first["Changes"])
    secret = next(one for one in first["Parameters"] if one["ParameterKey"] == "Webhook")
    assert secret["ParameterValue"] == "****"
    assert len(call("cloudformation", "ListChangeSets", StackName=name)["Summaries"]) == 1
    call("cloudformation", "ExecuteChangeSet", StackName=name, ChangeSetName="one", DisableRollback=False, ClientRequestToken="t-1")
    wait_for(call, lab, name, "CREATE_COMPLETE")
    stack = call("cloudformation", "DescribeStacks", StackName=made["StackId"])["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert outputs["FunctionArn"].endswith(":function:contract-drill-notify") and outputs["Template"].startswith("EXT")

    update = dict(StackName=name, UsePreviousTemplate=True, Capabilities=["CAPABILITY_NAMED_IAM"])
    call("cloudformation", "CreateChangeSet", ChangeSetName="none", **update)
    none = wait_for_set(call, lab, StackName=name, ChangeSetName="none")
    assert none["Status"] == "FAILED" and none["StatusReason"].startswith("The submitted information didn't contain changes.")
    refuse("cloudformation", "ExecuteChangeSet", "InvalidChangeSetStatus", 400, StackName=name, ChangeSetName="none")
    call("cloudformation", "DeleteChangeSet", StackName=name, ChangeSetName="none")
    refuse("cloudformation", "DescribeChangeSet", "ChangeSetNotFound", 404, StackName=name, ChangeSetName="none")
    parameters = [
        {"ParameterKey": "Days", "ParameterValue": "14"},
        {"ParameterKey": "WithAlarm", "ParameterValue": "yes"},
        {"ParameterKey": "Webhook", "UsePreviousValue": True},
    ]
    call("cloudformation", "CreateChangeSet", ChangeSetName="two", Parameters=parameters, **update)
    second = wait_for_set(call, lab, StackName=name, ChangeSetName="two")
    changes = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in second["Changes"]}
    assert changes["Stop"]["Action"] == "Add" and changes["FunctionLogs"]["Replacement"] == "False", changes
    assert changes["EventLogs"]["Details"][0]["CausingEntity"] == "Days", changes["EventLogs"]
    assert changes["Drill"]["Details"][0]["Evaluation"] == "Dynamic", changes["Drill"]
    assert call("cloudformation", "GetTemplate", StackName=name, ChangeSetName="two", TemplateStage="Original")["TemplateBody"]
    call("cloudformation", "ExecuteChangeSet", ChangeSetName=second["ChangeSetId"])
    wait_for(call, lab, name, "UPDATE_COMPLETE")

    described = call("cloudformation", "DescribeStackResources", StackName=name, LogicalResourceId="EventLogs")
    group = described["StackResources"][0]["PhysicalResourceId"]
    assert group.startswith("contract-drill-EventLogs-"), group
    assert call("cloudformation", "DescribeStackResources", PhysicalResourceId=group)["StackResources"]
    call("cloudformation", "DescribeStackResource", StackName=name, LogicalResourceId="Notify")
    assert len(call("cloudformation", "ListStackResources", StackName=name)["StackResourceSummaries"]) == 13
    detection = call("cloudformation", "DetectStackDrift", StackName=name)["StackDriftDetectionId"]
    drift = lambda: call("cloudformation", "DescribeStackDriftDetectionStatus", StackDriftDetectionId=detection)
    lab.wait(lambda: drift()["DetectionStatus"] == "DETECTION_COMPLETE")
    drifts = call("cloudformation", "DescribeStackResourceDrifts", StackName=name, MaxResults=50)["StackResourceDrifts"]
    assert drift()["StackDriftStatus"] == "IN_SYNC", [one for one in drifts if one["PropertyDifferences"]]
    filters = ["IN_SYNC"]
    page = call("cloudformation", "DescribeStackResourceDrifts", StackName=name, StackResourceDriftStatusFilters=filters, MaxResults=5)
    call("cloudformation", "DescribeStackResourceDrifts", StackName=name, MaxResults=5, NextToken=page["NextToken"])

    call("cloudformation", "DeleteStack", StackName=name, ClientRequestToken="t-2")
    wait_for(call, lab, made["StackId"], "DELETE_COMPLETE")
    refuse("cloudformation", "DescribeStacks", "ValidationError", 400, StackName=name)


def events(call, lab):
    """Of a stack without a change set or an update: AWS tells REVIEW_IN_PROGRESS and UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    of those, as the lab does, but AWS's model of an event does not list the two."""
    many = json_template(**{f"Group{number}": {"Type": "AWS::Logs::LogGroup"} for number in range(25)})
    stack = call("cloudformation", "CreateStack", StackName="contract-many", TemplateBody=many)["StackId"]
    wait_for(call, lab, stack, "CREATE_COMPLETE")
    call("cloudformation", "DeleteStack", StackName=stack)
    wait_for(call, lab, stack, "DELETE_COMPLETE")
    newest = call("cloudformation", "DescribeStackEvents", StackName=stack)
    older = call("cloudformation", "DescribeStackEvents", StackName=stack, NextToken=newest["NextToken"])
    both = newest["StackEvents"] + older["StackEvents"]
    assert both[0]["ResourceStatus"] == "DELETE_COMPLETE" and both[-1]["ResourceStatus"] == "CREATE_IN_PROGRESS"
    assert len({event["EventId"] for event in both}) == len(both)


def stacks(call, refuse, lab):
    name = "contract-plain"
    body = json.dumps(GROUP)
    token = {"ClientRequestToken": "t-3"}
    made = call("cloudformation", "CreateStack", StackName=name, TemplateBody=body, OnFailure="ROLLBACK", Tags=[{"Key": "a", "Value": "b"}], **token)
    refuse("cloudformation", "CreateStack", "AlreadyExistsException", 400, StackName=name, TemplateBody=body)
    wait_for(call, lab, name, "CREATE_COMPLETE")
    refuse("cloudformation", "UpdateStack", "ValidationError", 400, StackName=name, UsePreviousTemplate=True)
    days = {"Parameters": {"Days": {"Type": "Number", "MinValue": 1}}, "Resources": {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}}}
    parameters = [{"ParameterKey": "Days", "ParameterValue": "30"}]
    call("cloudformation", "UpdateStack", StackName=name, TemplateBody=json.dumps(days), Parameters=parameters,
         Capabilities=["CAPABILITY_IAM"], Tags=[{"Key": "a", "Value": "c"}], ClientRequestToken="t-4")
    wait_for(call, lab, name, "UPDATE_COMPLETE")
    call("cloudformation", "DetectStackDrift", StackName=name, LogicalResourceIds=["Group"])
    listed = call("cloudformation", "ListStacks", StackStatusFilter=["UPDATE_COMPLETE"])["StackSummaries"]
    assert name in [one["StackName"] for one in listed]
    assert name in [one["StackName"] for one in call("cloudformation", "DescribeStacks")["Stacks"]]
    refuse("cloudformation", "DeleteStack", "ValidationError", 400, StackName=name, RetainResources=["Group"])
    call("cloudformation", "DeleteStack", StackName=name)
    wait_for(call, lab, made["StackId"], "DELETE_COMPLETE")
    call("cloudformation", "DeleteStack", StackName="contract-never-was")
    for operation in ("DescribeStacks", "DescribeStackEvents", "ListStackResources", "GetTemplate", "ListChangeSets"):
        refuse("cloudformation", operation, "ValidationError", 400, StackName="contract-never-was")
    for operation in ("DescribeStacks", "ListStacks"):
        refuse("cloudformation", operation, "ValidationError", 400, NextToken="abc")
    for operation in ("ListStackResources", "ListChangeSets", "DescribeStackEvents"):
        refuse("cloudformation", operation, "ValidationError", 400, StackName=made["StackId"], NextToken="abc")
    arn = "arn:aws:cloudformation:eu-west-1:0:changeSet/x/y"
    refuse("cloudformation", "DescribeChangeSet", "ChangeSetNotFound", 404, ChangeSetName=arn, NextToken="abc")


def failures(call, refuse, lab):
    broken = json_template(
        Good={"Type": "AWS::Logs::LogGroup"},
        Bad={"Type": "AWS::Lambda::Permission", "DependsOn": "Good", "Properties": {
            "FunctionName": "nobody", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}},
    )
    name = "contract-broken"
    call("cloudformation", "CreateStack", StackName=name, TemplateBody=broken, Parameters=[], Capabilities=["CAPABILITY_IAM"])
    wait_for(call, lab, name, "ROLLBACK_COMPLETE")
    refuse("cloudformation", "UpdateStack", "ValidationError", 400, StackName=name, TemplateBody=broken)
    events = call("cloudformation", "DescribeStackEvents", StackName=name)["StackEvents"]
    said = [event.get("ResourceStatusReason", "") for event in events]
    assert "The following resource(s) failed to create: [Bad]. Rollback requested by user." in said, said
    call("cloudformation", "DeleteStack", StackName=name)
    kept = "contract-kept"
    call("cloudformation", "CreateStack", StackName=kept, TemplateBody=broken, DisableRollback=True)
    wait_for(call, lab, kept, "CREATE_FAILED")
    call("cloudformation", "DeleteStack", StackName=kept)


def templates(call, refuse):
    call("cloudformation", "ValidateTemplate", TemplateBody=TEMPLATE)
    summary = call("cloudformation", "GetTemplateSummary", TemplateBody=TEMPLATE)
    assert summary["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    refuse("cloudformation", "GetTemplateSummary", "ValidationError", 400, StackName="contract-never-was")
    group = "AWS::Logs::LogGroup"
    for wrong in (
        "{", "Resources: [", "Foo: 1", '{"Resources": {}}',
        json_template(B={"Type": "AWS::S3::Bucket"}),
        json_template(A={"Type": group, "Properties": {"LogGroupName": {"Ref": "Nobody"}}}),
        json_template(A={"Type": group, "DependsOn": "B"}, B={"Type": group, "DependsOn": "A"}),
        json_template(A={"Type": group, "Properties": {"LogGroupName": {"Fn::GetAtt": ["A", "Colour"]}}}),
    ):
        refuse("cloudformation", "ValidateTemplate", "ValidationError", 400, TemplateBody=wrong)
    too_long = TEMPLATE + "#" * 51_200
    refuse("cloudformation", "CreateStack", "ValidationError", 400, StackName="contract-long", TemplateBody=too_long)
    refuse("cloudformation", "CreateStack", "ValidationError", 400, StackName="contract-url", TemplateURL="https://a/b")
