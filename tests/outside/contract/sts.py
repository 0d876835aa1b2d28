"""STS: each operation, each input that the lab takes, and what it refuses."""

import json

NAME = "contract-sts"


def drive(call, refuse, lab):
    caller = call("sts", "GetCallerIdentity")
    assert caller["Account"] == lab.account and caller["Arn"].endswith(":assumed-role/lab-operator/spotdrill"), caller
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{lab.account}:root"}, "Action": "sts:AssumeRole",
         "Condition": {"StringEquals": {"sts:ExternalId": "secret-word"}}}]}
    call("iam", "CreateRole", RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust))
    role = {"RoleArn": f"arn:aws:iam::{lab.account}:role/{NAME}", "RoleSessionName": "contract"}
    session = call("sts", "AssumeRole", **role, ExternalId="secret-word", DurationSeconds=900)
    assert session["Credentials"]["AccessKeyId"].startswith("ASIA"), session["AssumedRoleUser"]
    assert session["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{NAME}/contract"), session["AssumedRoleUser"]
    refuse("sts", "AssumeRole", "AccessDenied", 403, **role)
    refuse("sts", "AssumeRole", "AccessDenied", 403, **{**role, "RoleArn": role["RoleArn"] + "-none"})
    refuse("sts", "AssumeRole", "ValidationError", 400, **role, ExternalId="secret-word", DurationSeconds=3601)
    refuse("sts", "AssumeRole", "ValidationError", 400, **{**role, "RoleSessionName": "a b"})
    call("iam", "DeleteRole", RoleName=NAME)
