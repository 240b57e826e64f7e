"""Probes of `iam.policy_variables`."""

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe
from tests.local.probes.dynamodb.leading_keys import get_item


def _object_of(emulator: Emulator, tags: dict[str, str], key: str) -> str:
    bucket = emulator.bucket()
    emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    user = emulator.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"), tags=tags)
    return outcome(lambda: user.client("s3").get_object(Bucket=bucket, Key=key))


@probe(aws="done", ministack="AccessDenied")
def an_object_of_the_callers_own_team(emulator: Emulator) -> str:
    return _object_of(emulator, {"team": "red"}, "red/x")


@probe(aws=["AccessDenied"] * 3 + ["done"], ministack=["AccessDenied"] * 4)
def wildcards_and_nothing_in_a_variable(emulator: Emulator) -> list[str]:
    own = [({"team": "*"}, "red/x"), ({"team": "r?d"}, "red/x"), ({}, "red/x"), ({"team": "r?d"}, "r?d/x")]
    return [_object_of(emulator, tags, key) for tags, key in own]


@probe(aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def a_variable_in_a_condition(emulator: Emulator) -> list[str]:
    table = emulator.table()
    condition = {"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/again}"}}
    users = [
        emulator.user(allow("dynamodb:GetItem", condition=condition), tags={"team": "red", "again": again})
        for again in ("red", "blue")
    ]
    return [outcome(lambda user=user: get_item(user, table, "a")) for user in users]  # type: ignore[misc]
