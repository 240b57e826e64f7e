"""Probes of `cloudformation.role_boundary`."""

import json

from tenantry.local.settings import ACCOUNT
from tests.local.emulator import Emulator, allow, outcome, policy
from tests.local.probes import probe


@probe(aws=["AccessDenied", "done"], ministack=["done", "done"])
def what_a_role_may_do_beyond_its_boundary(emulator: Emulator) -> list[str]:
    """Call once with the boundary that a stack has given, and once without it."""
    bucket, name = emulator.bucket(), emulator.name("role")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    boundary = json.loads(policy(allow("s3:ListBucket")))
    may = {"PolicyName": "may", "PolicyDocument": json.loads(policy(allow("s3:PutObject")))}
    emulator.stack(
        Boundary={"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": boundary}},
        Role={
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": name,
                "AssumeRolePolicyDocument": document,
                "PermissionsBoundary": {"Ref": "Boundary"},
                "Policies": [may],
            },
        },
    )
    user = emulator.user(allow("sts:AssumeRole"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    key = user.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
    keys = {part: key[part] for part in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    s3 = emulator.cloud.session(keys).client("s3")

    def put() -> object:
        return s3.put_object(Bucket=bucket, Key="key", Body=b"x")

    found = [outcome(put)]
    outcome(lambda: emulator.client("iam").delete_role_permissions_boundary(RoleName=name))
    return [*found, outcome(put)]
