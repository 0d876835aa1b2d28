"""Secrets Manager: each operation, each input that the lab takes, and what it refuses."""

NAME = "contract/slack"
TOKENS = [f"0000000{number}-0000-4000-8000-000000000000" for number in range(4)]


def drive(call, refuse, lab):
    made = call("secretsmanager", "CreateSecret", Name=NAME, Description="a hook", SecretString="one",
                ClientRequestToken=TOKENS[0], Tags=[{"Key": "drill", "Value": "one"}])
    assert made["VersionId"] == TOKENS[0] and f":secret:{NAME}-" in made["ARN"], made
    refuse("secretsmanager", "CreateSecret", "ResourceExistsException", 400, Name=NAME, SecretString="two")
    refuse("secretsmanager", "CreateSecret", "InvalidParameterException", 400, Name="a b", SecretString="two")
    secret = {"SecretId": made["ARN"]}
    put = call("secretsmanager", "PutSecretValue", **secret, SecretString="two", ClientRequestToken=TOKENS[1])
    assert put["VersionStages"] == ["AWSCURRENT"], put
    refuse("secretsmanager", "PutSecretValue", "ResourceExistsException", 400, **secret, SecretString="other",
           ClientRequestToken=TOKENS[1])
    read = call("secretsmanager", "GetSecretValue", SecretId=NAME, VersionId=TOKENS[1], VersionStage="AWSCURRENT")
    assert read["SecretString"] == "two", read["Name"]
    refuse("secretsmanager", "GetSecretValue", "ResourceNotFoundException", 400, **secret, VersionId=TOKENS[0])
    refuse("secretsmanager", "GetSecretValue", "ResourceNotFoundException", 400, SecretId="contract/none")
    call("secretsmanager", "UpdateSecret", **secret, SecretString="three", Description="another hook",
         ClientRequestToken=TOKENS[2])
    call("secretsmanager", "TagResource", **secret, Tags=[{"Key": "a", "Value": "1"}])
    call("secretsmanager", "UntagResource", **secret, TagKeys=["drill"])
    told = call("secretsmanager", "DescribeSecret", **secret)
    assert told["Tags"] == [{"Key": "a", "Value": "1"}] and told["Description"] == "another hook", told
    call("secretsmanager", "CreateSecret", Name=NAME + "2", SecretString="x")
    names, token = [], {}
    while True:
        page = call("secretsmanager", "ListSecrets", MaxResults=1, **token)
        names += [secret["Name"] for secret in page["SecretList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert {NAME, NAME + "2"} <= set(names) and len(names) == len(set(names)), names
    call("secretsmanager", "DeleteSecret", SecretId=NAME + "2", ForceDeleteWithoutRecovery=True)
    refuse("secretsmanager", "DescribeSecret", "ResourceNotFoundException", 400, SecretId=NAME + "2")
    refuse("secretsmanager", "DeleteSecret", "InvalidParameterException", 400, **secret, RecoveryWindowInDays=5)
    call("secretsmanager", "DeleteSecret", **secret, RecoveryWindowInDays=7)
    refuse("secretsmanager", "GetSecretValue", "InvalidRequestException", 400, **secret)
    gone = call("secretsmanager", "ListSecrets", IncludePlannedDeletion=True)["SecretList"]
    assert NAME in [secret["Name"] for secret in gone], gone
    call("secretsmanager", "RestoreSecret", **secret)
    call("secretsmanager", "DeleteSecret", **secret, ForceDeleteWithoutRecovery=True)
