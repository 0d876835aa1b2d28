"""EKS: each operation, each input that the lab takes, and what it refuses."""


def drive(call, refuse, lab):
    clusters = call("eks", "ListClusters", maxResults=1)["clusters"]
    refuse("eks", "ListClusters", "InvalidParameterException", 400, nextToken="x")
    refuse("eks", "DescribeCluster", "ResourceNotFoundException", 404, name="nowhere")
    refuse("eks", "ListNodegroups", "ResourceNotFoundException", 404, clusterName="nowhere")
    name = clusters[0]
    cluster = call("eks", "DescribeCluster", name=name)["cluster"]
    assert cluster["endpoint"].endswith(".invalid"), "there is no Kubernetes API"
    page = call("eks", "ListNodegroups", clusterName=name, maxResults=1)
    groups = page["nodegroups"]
    while "nextToken" in page:
        page = call("eks", "ListNodegroups", clusterName=name, maxResults=1, nextToken=page["nextToken"])
        groups += page["nodegroups"]
    assert len(groups) == len(set(groups))
    for group in groups:
        about = call("eks", "DescribeNodegroup", clusterName=name, nodegroupName=group)["nodegroup"]
        auto_scaling = about["resources"]["autoScalingGroups"][0]["name"]
        found = call("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[auto_scaling])
        assert found["AutoScalingGroups"][0]["DesiredCapacity"] == about["scalingConfig"]["desiredSize"]
    refuse("eks", "DescribeNodegroup", "ResourceNotFoundException", 404, clusterName=name, nodegroupName="nothing")
