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
