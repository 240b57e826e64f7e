"""Probes of `emulator.root_key`."""

from botocore import UNSIGNED
from botocore.config import Config

from tenantry.local.settings import ACCOUNT
from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe


def identity(emulator: Emulator, key: str, secret: str, token: str | None = None) -> str:
    credentials = {"AccessKeyId": key, "SecretAccessKey": secret, **({"SessionToken": token} if token else {})}
    client = emulator.cloud.session(credentials).client("sts")
    return outcome(client.get_caller_identity)


@probe(aws="InvalidClientTokenId", ministack="done")
def a_well_known_key(emulator: Emulator) -> str:
    return identity(emulator, "test", "test")


@probe(aws="InvalidClientTokenId", ministack="done")
def an_account_id_as_key(emulator: Emulator) -> str:
    return identity(emulator, ACCOUNT, "test")


@probe(aws="SignatureDoesNotMatch", ministack="done")
def the_root_key_with_another_secret(emulator: Emulator) -> str:
    return identity(emulator, emulator.cloud.folder.root_key().access_key_id, "another")


@probe(aws="AccessDenied", ministack="done")
def buckets_without_a_key(emulator: Emulator) -> str:
    client = emulator.cloud.session().client("s3", config=Config(signature_version=UNSIGNED))
    return outcome(client.list_buckets)
