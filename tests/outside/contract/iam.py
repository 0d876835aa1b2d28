"""IAM: each operation, each input that the lab takes, and what it refuses."""

import json

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "fis.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["ec2:Describe*", "fis:List*"], "Resource": "*"},
    {"Effect": "Allow", "Action": "fis:StopExperiment", "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/drill": "one"}}},
    {"Effect": "Deny", "Action": "fis:*", "Resource": "arn:aws:fis:*:*:experiment-template/*"}]}
NAME = "contract-iam"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def pages(call, operation, member, **inputs):
    """Everything in a listing, one a page."""
    found, marker = [], {}
    while True:
        page = call("iam", operation, MaxItems=1, **marker, **inputs)
        found += page[member]
        if not page["IsTruncated"]:
            return found
        marker = {"Marker": page["Marker"]}


def decisions(answer):
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def drive(call, refuse, lab):
    arn = f"arn:aws:iam::{lab.account}"
    roles(call, refuse, arn)
    policies(call, refuse, arn)
    simulations(call, refuse, arn)
    call("iam", "DeleteRolePolicy", RoleName=NAME, PolicyName="own")
    call("iam", "DeleteRole", RoleName=NAME)
    refuse("iam", "GetRole", "NoSuchEntity", 404, RoleName=NAME)


def roles(call, refuse, arn):
    trust = json.dumps(TRUST)
    made = call("iam", "CreateRole", RoleName=NAME, Path="/drills/", AssumeRolePolicyDocument=trust,
                Description="of the contract", Tags=[{"Key": "drill", "Value": "one"}])["Role"]
    assert made["Arn"] == f"{arn}:role/drills/{NAME}", made
    assert made["AssumeRolePolicyDocument"] == TRUST, made
    refuse("iam", "CreateRole", "EntityAlreadyExists", 409, RoleName=NAME.upper(), AssumeRolePolicyDocument=trust)
    refuse("iam", "CreateRole", "MalformedPolicyDocument", 400, RoleName="other", AssumeRolePolicyDocument="{")
    refuse("iam", "CreateRole", "ValidationError", 400, RoleName="a b", AssumeRolePolicyDocument=trust)
    assert call("iam", "GetRole", RoleName=NAME)["Role"]["Tags"] == [{"Key": "drill", "Value": "one"}]
    assert [role["RoleName"] for role in call("iam", "ListRoles", PathPrefix="/drills/")["Roles"]] == [NAME]
    names = [role["RoleName"] for role in pages(call, "ListRoles", "Roles")]
    assert {NAME, "lab-operator", "spot-fis-test"} <= set(names) and len(names) == len(set(names)), names
    call("iam", "UpdateAssumeRolePolicy", RoleName=NAME, PolicyDocument=trust)
    refuse("iam", "UpdateAssumeRolePolicy", "MalformedPolicyDocument", 400, RoleName=NAME,
           PolicyDocument=json.dumps(POLICY))
    call("iam", "TagRole", RoleName=NAME, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    call("iam", "UntagRole", RoleName=NAME, TagKeys=["b"])
    assert [tag["Key"] for tag in pages(call, "ListRoleTags", "Tags", RoleName=NAME)] == ["a", "drill"]
    # The first experiment makes this role too, and it cannot be deleted.
    if "AWSServiceRoleForFIS" in names:
        linked = call("iam", "GetRole", RoleName="AWSServiceRoleForFIS")
    else:
        linked = call("iam", "CreateServiceLinkedRole", AWSServiceName="fis.amazonaws.com", Description="FIS")
    assert linked["Role"]["Path"] == "/aws-service-role/fis.amazonaws.com/"
    refuse("iam", "CreateServiceLinkedRole", "InvalidInput", 400, AWSServiceName="fis.amazonaws.com", Description="FIS")
    refuse("iam", "DeleteRole", "UnmodifiableEntity", 400, RoleName="AWSServiceRoleForFIS")


def policies(call, refuse, arn):
    document = json.dumps(POLICY)
    role = {"RoleName": NAME}
    call("iam", "PutRolePolicy", **role, PolicyName="own", PolicyDocument=document)
    refuse("iam", "PutRolePolicy", "MalformedPolicyDocument", 400, **role, PolicyName="own", PolicyDocument=json.dumps(TRUST))
    assert call("iam", "GetRolePolicy", **role, PolicyName="own")["PolicyDocument"] == POLICY
    refuse("iam", "GetRolePolicy", "NoSuchEntity", 404, **role, PolicyName="other")
    call("iam", "PutRolePolicy", **role, PolicyName="second", PolicyDocument=document)
    assert pages(call, "ListRolePolicies", "PolicyNames", **role) == ["own", "second"]
    call("iam", "DeleteRolePolicy", **role, PolicyName="second")
    made = call("iam", "CreatePolicy", PolicyName=NAME, Path="/drills/", PolicyDocument=document,
                Description="of the contract", Tags=[{"Key": "drill", "Value": "one"}])["Policy"]
    assert made["Arn"] == f"{arn}:policy/drills/{NAME}", made
    own = {"PolicyArn": made["Arn"]}
    refuse("iam", "CreatePolicy", "EntityAlreadyExists", 409, PolicyName=NAME, PolicyDocument=document)
    call("iam", "AttachRolePolicy", **role, **own)
    call("iam", "AttachRolePolicy", **role, PolicyArn=ADMINISTRATOR)
    refuse("iam", "AttachRolePolicy", "NoSuchEntity", 404, **role, PolicyArn=f"{arn}:policy/none")
    assert len(pages(call, "ListAttachedRolePolicies", "AttachedPolicies", **role)) == 2
    assert len(call("iam", "ListAttachedRolePolicies", **role, PathPrefix="/drills/")["AttachedPolicies"]) == 1
    assert call("iam", "GetPolicy", **own)["Policy"]["AttachmentCount"] == 1
    assert call("iam", "GetPolicyVersion", **own, VersionId="v1")["PolicyVersion"]["Document"] == POLICY
    refuse("iam", "GetPolicyVersion", "NoSuchEntity", 404, **own, VersionId="v2")
    assert {"AdministratorAccess", "AWSLambdaBasicExecutionRole"} <= {
        policy["PolicyName"] for policy in pages(call, "ListPolicies", "Policies", Scope="AWS")}
    local = call("iam", "ListPolicies", Scope="Local", OnlyAttached=True, PathPrefix="/drills/")["Policies"]
    assert [policy["PolicyName"] for policy in local] == [NAME]
    refuse("iam", "DeletePolicy", "DeleteConflict", 409, **own)
    refuse("iam", "DeletePolicy", "AccessDenied", 403, PolicyArn=ADMINISTRATOR)
    refuse("iam", "DeleteRole", "DeleteConflict", 409, **role)
    call("iam", "DetachRolePolicy", **role, PolicyArn=ADMINISTRATOR)
    call("iam", "DetachRolePolicy", **role, **own)
    refuse("iam", "DetachRolePolicy", "NoSuchEntity", 404, **role, **own)
    call("iam", "DeletePolicy", **own)
    refuse("iam", "GetPolicy", "NoSuchEntity", 404, **own)


def simulations(call, refuse, arn):
    source = {"PolicySourceArn": f"{arn}:role/drills/{NAME}"}
    asked = {"ActionNames": ["ec2:DescribeInstances", "fis:StartExperiment", "fis:StopExperiment"]}
    answer = call("iam", "SimulatePrincipalPolicy", **source, **asked)
    assert decisions(answer) == ["allowed", "implicitDeny", "implicitDeny"], answer
    assert answer["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "own"
    assert answer["EvaluationResults"][2]["MissingContextValues"] == ["aws:ResourceTag/drill"]
    tagged = {"ContextEntries": [
        {"ContextKeyName": "aws:ResourceTag/drill", "ContextKeyValues": ["one"], "ContextKeyType": "string"}]}
    on = {"ResourceArns": ["arn:aws:fis:eu-west-1:0:experiment/EXP1", "arn:aws:fis:eu-west-1:0:experiment-template/EXT1"]}
    answer = call("iam", "SimulatePrincipalPolicy", **source, ActionNames=["fis:StopExperiment"], **tagged, **on)
    assert decisions(answer) == ["allowed", "explicitDeny"], answer
    assert len(pages(call, "SimulatePrincipalPolicy", "EvaluationResults", **source, **asked)) == 3
    refuse("iam", "SimulatePrincipalPolicy", "NoSuchEntity", 404, PolicySourceArn=f"{arn}:role/none", **asked)
    refuse("iam", "SimulatePrincipalPolicy", "InvalidInput", 400, **source, ActionNames=["Describe"])
    texts = {"PolicyInputList": [json.dumps(POLICY)]}
    assert decisions(call("iam", "SimulateCustomPolicy", **texts, ActionNames=["fis:StopExperiment"], **tagged, **on)) == [
        "allowed", "explicitDeny"]
    assert len(pages(call, "SimulateCustomPolicy", "EvaluationResults", **texts, **asked)) == 3
    refuse("iam", "SimulateCustomPolicy", "InvalidInput", 400, PolicyInputList=["{"], **asked)
