"""Service Quotas: each operation, each input that the lab takes, and what it refuses."""

TARGETS = {"ServiceCode": "fis", "QuotaCode": "L-F3F4B54A"}


def drive(call, refuse, lab):
    for operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        quota = call("service-quotas", operation, **TARGETS)["Quota"]
        assert quota["Value"] == 5 and quota["Adjustable"], quota
        refuse("service-quotas", operation, "NoSuchResourceException", 400, ServiceCode="fis", QuotaCode="L-0")
    codes, token = [], {}
    while True:
        page = call("service-quotas", "ListServiceQuotas", ServiceCode="fis", MaxResults=3, **token)
        codes += [quota["QuotaCode"] for quota in page["Quotas"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert "L-F3F4B54A" in codes and len(codes) == len(set(codes)) == 8, codes
    refuse("service-quotas", "ListServiceQuotas", "NoSuchResourceException", 400, ServiceCode="s3")
