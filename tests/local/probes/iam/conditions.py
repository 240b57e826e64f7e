"""Probes of `iam.conditions`."""

from typing import Any

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe
from tests.local.probes.dynamodb.leading_keys import get_item


def _get(emulator: Emulator, condition: dict[str, Any]) -> str:
    user, table = emulator.user(allow("dynamodb:GetItem", condition=condition)), emulator.table()
    return outcome(lambda: get_item(user, table, "a"))


@probe(aws=["AccessDeniedException", "done"], ministack=["done"] * 2)
def an_arn_whose_wildcard_would_have_to_cross_colons(emulator: Emulator) -> list[str]:
    return [
        _get(emulator, {"ArnLike": {"aws:PrincipalArn": pattern}})
        for pattern in ("arn:aws:iam:*:user/*", "arn:aws:iam:*:*:user/*")
    ]


@probe(aws="done", ministack="AccessDeniedException")
def a_key_that_may_be_there_or_not(emulator: Emulator) -> str:
    return _get(emulator, {"Null": {"aws:PrincipalArn": ["true", "false"]}})


@probe(aws="MalformedPolicyDocument", ministack="done")
def an_operator_that_does_not_exist(emulator: Emulator) -> str:
    return outcome(lambda: emulator.user(allow("s3:GetObject", condition={"StringEqual": {"aws:a": "b"}})))
