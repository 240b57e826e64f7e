"""Probes of `cloudformation.secret_ref`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws="arn", ministack="name")
def what_a_reference_to_a_secret_is(emulator: Emulator) -> str:
    made = emulator.stack(Secret={"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "hush"}})
    return "arn" if made["Secret"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:") else "name"
