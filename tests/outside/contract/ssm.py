"""Systems Manager: each operation, each input that the lab takes, and what it refuses."""

LATEST = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
EKS = "/aws/service/eks/optimized-ami/1.33/amazon-linux-2023/x86_64/standard/recommended/image_id"


def drive(call, refuse, lab):
    image = call("ssm", "GetParameter", Name=LATEST, WithDecryption=True)["Parameter"]
    assert image["Value"].startswith("ami-0") and image["ARN"] == f"arn:aws:ssm:{lab.region}::parameter{LATEST}", image
    refuse("ssm", "GetParameter", "ParameterNotFound", 400, Name="/mine")
    both = call("ssm", "GetParameters", Names=[LATEST, EKS, "/mine"], WithDecryption=False)
    assert len(both["Parameters"]) == 2 and both["InvalidParameters"] == ["/mine"], both
    assert both["Parameters"][0]["Value"] == image["Value"], both
    own_parameters(call, refuse, lab)


def own_parameters(call, refuse, lab):
    name, kind = "/contract/lock/web", {"Type": "String"}
    put = call("ssm", "PutParameter", Name=name, Value="one", Overwrite=False, Tags=[{"Key": "drill", "Value": "a"}], **kind)
    assert put["Version"] == 1, put
    refuse("ssm", "PutParameter", "ParameterAlreadyExists", 400, Name=name, Value="two", Overwrite=False, **kind)
    refuse("ssm", "PutParameter", "ValidationException", 400, Name=name, Value="two", Overwrite=True, **kind,
           Tags=[{"Key": "drill", "Value": "b"}])
    assert call("ssm", "PutParameter", Name=name, Value="two", Overwrite=True, **kind)["Version"] == 2
    newest = call("ssm", "GetParameter", Name=name)["Parameter"]
    assert (newest["Value"], newest["Version"]) == ("two", 2), newest
    assert newest["ARN"] == f"arn:aws:ssm:{lab.region}:{lab.account}:parameter{name}", newest
    by_arn = call("ssm", "GetParameter", Name=newest["ARN"])["Parameter"]
    assert by_arn == newest, by_arn
    first = call("ssm", "GetParameter", Name=f"{name}:1")["Parameter"]
    assert (first["Value"], first["Version"], first["Selector"]) == ("one", 1, ":1"), first
    refuse("ssm", "GetParameter", "ParameterVersionNotFound", 400, Name=f"{name}:3")
    resource = {"ResourceType": "Parameter", "ResourceId": name}
    call("ssm", "AddTagsToResource", **resource, Tags=[{"Key": "more", "Value": "x"}])
    call("ssm", "RemoveTagsFromResource", **resource, TagKeys=["drill"])
    assert call("ssm", "ListTagsForResource", **resource)["TagList"] == [{"Key": "more", "Value": "x"}]
    refuse("ssm", "ListTagsForResource", "InvalidResourceId", 400, ResourceType="Parameter", ResourceId="/none")
    refuse("ssm", "ListTagsForResource", "InvalidResourceType", 400, ResourceType="Document", ResourceId=name)
    for number in range(11):
        call("ssm", "PutParameter", Name=f"/contract/lock/n{number}", Value="x", **kind)
    call("ssm", "PutParameter", Name="/contract/lock/deeper/one", Value="x", **kind)
    assert len(listed(call)) == 12 and len(listed(call, Recursive=True)) == 13
    refuse("ssm", "GetParametersByPath", "InvalidNextToken", 400, Path="/contract/lock", NextToken="none")
    refuse("ssm", "GetParametersByPath", "ValidationException", 400, Path="contract")
    bad = ("/aws/mine", "AccessDeniedException"), ("ssm-mine", "ValidationException"), ("a b", "ValidationException")
    bad += ("a/b", "ValidationException"), ("/a" * 16, "HierarchyLevelLimitExceededException")
    for wrong, code in bad:
        refuse("ssm", "PutParameter", code, 400, Name=wrong, Value="x", **kind)
    refuse("ssm", "PutParameter", "ValidationException", 400, Name="/contract/a", Value="x")
    refuse("ssm", "PutParameter", "ValidationException", 400, Name="/contract/a", Value="x" * 4097, **kind)
    refuse("ssm", "PutParameter", "ValidationException", 400, Name="/contract/a", Value="{{ssm:b}}", **kind)
    refuse("ssm", "PutParameter", "UnsupportedParameterType", 400, Name="/contract/a", Value="x", Type="SecureString")
    call("ssm", "DeleteParameter", Name=name)
    refuse("ssm", "DeleteParameter", "ParameterNotFound", 400, Name=name)
    assert call("ssm", "PutParameter", Name=name, Value="anew", **kind)["Version"] == 1


def listed(call, **more):
    names, token = [], {}
    while True:
        page = call("ssm", "GetParametersByPath", Path="/contract/lock", MaxResults=5, WithDecryption=True, **more, **token)
        names += [parameter["Name"] for parameter in page["Parameters"]]
        if "NextToken" not in page:
            return names
        token = {"NextToken": page["NextToken"]}
