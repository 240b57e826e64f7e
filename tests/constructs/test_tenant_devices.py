"""Servers of tenants: what their certificates are exchanged for, and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, Stack, assertions
from aws_cdk import aws_apigateway as apigateway

from tenant_isolation import TenantDevices
from tests.synthesized import new_app

_VARIABLE = "${credentials-iot:ThingTypeName}"


class _Shop:
    """A stack with an API for servers."""

    def __init__(self, **lifetime: Duration) -> None:
        self.stack = Stack(new_app(), "stack")
        self.api = apigateway.RestApi(self.stack, "Api", deploy=False, cloud_watch_role=False)
        self.api.root.add_method("POST")
        self.devices = TenantDevices(self.stack, "Devices", **lifetime)
        self.grant("/{tenantId}")
        self.grant("/{tenantId}/batch")

    def grant(self, path: str, *, stage: str = "prod", method: str = "POST") -> None:
        self.devices.grant_tenant_invoke(self.api, stage=stage, method=method, path=path)

    def properties(self, kind: str) -> dict[str, Any]:
        found = assertions.Template.from_stack(self.stack).find_resources(kind)
        (resource,) = [item["Properties"] for name, item in found.items() if name.startswith("Devices")]
        return dict(resource)


def test_credentials_are_good_for_the_paths_of_the_things_own_type_only() -> None:
    (policy,) = _Shop().properties("AWS::IAM::Role")["Policies"]
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"  # an older one would take the variable for text
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    paths = [resource["Fn::Join"][1][-1] for resource in statement["Resource"]]
    assert paths == [f"/prod/POST/{_VARIABLE}", f"/prod/POST/{_VARIABLE}/batch"]
    assert "*" not in json.dumps(statement)


def test_the_boundary_says_the_same_so_that_a_role_that_is_widened_reaches_no_further() -> None:
    shop = _Shop()
    role, boundary = shop.properties("AWS::IAM::Role"), shop.properties("AWS::IAM::ManagedPolicy")
    assert boundary["PolicyDocument"] == role["Policies"][0]["PolicyDocument"]
    assert role["PermissionsBoundary"]["Ref"].startswith("DevicesBoundary")
    assert "ManagedPolicyArns" not in role


def test_only_iot_of_this_account_and_region_takes_the_role_on() -> None:
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


def test_a_certificate_can_be_exchanged_and_nothing_else() -> None:
    shop = _Shop()
    (statement,) = shop.properties("AWS::IoT::Policy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "iot:AssumeRoleWithCertificate"
    name, attribute = statement["Resource"]["Fn::GetAtt"]
    assert (name.startswith("DevicesAlias"), attribute) == (True, "RoleAliasArn")


@pytest.mark.parametrize(("lifetime", "seconds"), [({}, 900), ({"credential_lifetime": Duration.hours(1)}, 3600)])
def test_credentials_live_no_longer_than_said(lifetime: dict[str, Duration], seconds: int) -> None:
    assert _Shop(**lifetime).properties("AWS::IoT::RoleAlias")["CredentialDurationSeconds"] == seconds


@pytest.mark.parametrize("minutes", [14, 61])
def test_a_lifetime_that_is_too_short_or_too_long_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match=f"{minutes * 60} seconds"):
        _Shop(credential_lifetime=Duration.minutes(minutes))


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("/batch", {}),
        ("/{tenantId}/{tenantId}", {}),
        ("/x{tenantId}", {}),
        ("{tenantId}", {}),
        ("/{tenantId}/*", {}),
        ("/{tenantId}", {"stage": "*"}),
        ("/{tenantId}", {"method": "*"}),
    ],
)
def test_a_grant_that_is_not_of_one_tenants_path_is_refused(path: str, settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="own tenant"):
        _Shop().grant(path, **settings)
