"""Probes of `emulator.root_key`."""

from botocore import UNSIGNED
from botocore.config import Config

from tenantry.local.settings import ACCOUNT
from tests.local.ground import Ground, outcome
from tests.local.probes import probe


def identity(ground: Ground, key: str, secret: str, token: str | None = None) -> str:
    credentials = {"AccessKeyId": key, "SecretAccessKey": secret, **({"SessionToken": token} if token else {})}
    client = ground.cloud.session(credentials).client("sts")
    return outcome(client.get_caller_identity)


@probe(aws="InvalidClientTokenId", ministack="done")
def a_well_known_key(ground: Ground) -> str:
    return identity(ground, "test", "test")


@probe(aws="InvalidClientTokenId", ministack="done")
def an_account_id_as_key(ground: Ground) -> str:
    return identity(ground, ACCOUNT, "test")


@probe(aws="SignatureDoesNotMatch", ministack="done")
def the_root_key_with_another_secret(ground: Ground) -> str:
    return identity(ground, ground.cloud.folder.root_key().access_key_id, "another")


@probe(aws="AccessDenied", ministack="done")
def buckets_without_a_key(ground: Ground) -> str:
    client = ground.cloud.session().client("s3", config=Config(signature_version=UNSIGNED))
    return outcome(client.list_buckets)
