"""Probes of `iot.role_aliases`."""

from typing import Any

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground
from tests.local.probes import probe

PROVIDER = "credentials.iot.amazonaws.com"


@probe(aws=["devices", 900, f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/devices"], ministack=None)
def a_role_alias(ground: Ground) -> list[Any] | None:
    properties = {
        "RoleAlias": "devices",
        "RoleArn": ground.role(PROVIDER),
        "CredentialDurationSeconds": 900,
    }
    alias = {"Type": "AWS::IoT::RoleAlias", "Properties": properties}
    if not (made := ground.stack(Alias=alias)):
        return None
    found = ground.client("iot").describe_role_alias(roleAlias=made["Alias"])["roleAliasDescription"]
    return [found["roleAlias"], found["credentialDurationSeconds"], found["roleAliasArn"]]
