"""Probes of `iot.role_aliases`."""

from typing import Any

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe

PROVIDER = "credentials.iot.amazonaws.com"


@probe(aws=["devices", 900, f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/devices"], ministack=None)
def a_role_alias(emulator: Emulator) -> list[Any] | None:
    properties = {
        "RoleAlias": "devices",
        "RoleArn": emulator.role(PROVIDER),
        "CredentialDurationSeconds": 900,
    }
    alias = {"Type": "AWS::IoT::RoleAlias", "Properties": properties}
    if not (made := emulator.stack(Alias=alias)):
        return None
    found = emulator.client("iot").describe_role_alias(roleAlias=made["Alias"])["roleAliasDescription"]
    return [found["roleAlias"], found["credentialDurationSeconds"], found["roleAliasArn"]]
