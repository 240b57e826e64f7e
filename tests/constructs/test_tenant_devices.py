"""Servers of tenants: what their certificates may be exchanged for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, Stack, assertions
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from tenantry.isolation.api import ApiDefaults
from tenantry.isolation.devices import IngestApi, TenantDevices, TenantLimit
from tests.synthesized import new_app

_VARIABLE = "${credentials-iot:ThingTypeName}"


class _Shop:
    """A stack with an API for servers."""

    def __init__(self, **lifetime: Duration) -> None:
        self.stack = Stack(new_app(), "stack")
        key = kms.Key(self.stack, "Key")
        api = IngestApi(
            self.stack,
            "Api",
            api_name="ingest",
            stream=kinesis.Stream(self.stack, "Stream", encryption_key=key),
            key=key,
            limit=TenantLimit(rate=1, burst=1, required=False),
            defaults=ApiDefaults(
                allowed_origin="https://example.com",
                throttle_rate=1,
                throttle_burst=1,
                alarms=sns.Topic(self.stack, "Alarms"),
            ),
        )
        self.devices = TenantDevices(self.stack, "Devices", **lifetime)
        self.devices.grant_tenant_send(api)

    def properties(self, kind: str) -> dict[str, Any]:
        found = assertions.Template.from_stack(self.stack).find_resources(kind)
        (resource,) = [item["Properties"] for name, item in found.items() if name.startswith("Devices")]
        return dict(resource)


def test_credentials_are_limited_to_the_things_type() -> None:
    (policy,) = _Shop().properties("AWS::IAM::Role")["Policies"]
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"  # an older one would take the variable for text
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    paths = [resource["Fn::Join"][1][-1] for resource in statement["Resource"]]
    assert paths == [f"/prod/POST/{_VARIABLE}", f"/prod/POST/{_VARIABLE}/batch"]
    assert "*" not in json.dumps(statement)


def test_boundary_limits_a_widened_role() -> None:
    shop = _Shop()
    role, boundary = shop.properties("AWS::IAM::Role"), shop.properties("AWS::IAM::ManagedPolicy")
    assert boundary["PolicyDocument"] == role["Policies"][0]["PolicyDocument"]
    assert role["PermissionsBoundary"]["Ref"].startswith("DevicesBoundary")
    assert "ManagedPolicyArns" not in role


def test_role_trusts_iot_of_this_account_and_region_only() -> None:
    (statement,) = _Shop().properties("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    account, region = {"Ref": "AWS::AccountId"}, {"Ref": "AWS::Region"}
    source = ["", ["arn:", {"Ref": "AWS::Partition"}, ":iot:", region, ":", account, ":*"]]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "credentials.iot.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": {"Fn::Join": source}},
        },
    }


def test_certificate_may_only_be_exchanged_for_credentials() -> None:
    shop = _Shop()
    (statement,) = shop.properties("AWS::IoT::Policy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "iot:AssumeRoleWithCertificate"
    name, attribute = statement["Resource"]["Fn::GetAtt"]
    assert (name.startswith("DevicesAlias"), attribute) == (True, "RoleAliasArn")


@pytest.mark.parametrize(("lifetime", "seconds"), [({}, 900), ({"credential_lifetime": Duration.hours(1)}, 3600)])
def test_credentials_have_the_configured_lifetime(lifetime: dict[str, Duration], seconds: int) -> None:
    assert _Shop(**lifetime).properties("AWS::IoT::RoleAlias")["CredentialDurationSeconds"] == seconds


@pytest.mark.parametrize("minutes", [14, 61])
def test_lifetime_out_of_range_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match=f"{minutes * 60} seconds"):
        _Shop(credential_lifetime=Duration.minutes(minutes))
