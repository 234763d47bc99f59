"""Makes two instances and an Elastic IP in the cloud of LAB_CLOUD; prints what the inventory has to know of them."""

import json
import os

import boto3

REGION = "eu-west-1"


def client():
    """The EC2 service of the lab's cloud."""
    return boto3.client(
        "ec2",
        endpoint_url=os.environ["LAB_CLOUD"],
        region_name=REGION,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )


if __name__ == "__main__":
    cloud = client()
    instances = cloud.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)["Instances"]
    found = {
        "region": REGION,
        "allocation_id": cloud.allocate_address(Domain="vpc")["AllocationId"],
        "instance_ids": {f"lb{number}": instance["InstanceId"] for number, instance in enumerate(instances, start=1)},
    }
    print(json.dumps(found))
