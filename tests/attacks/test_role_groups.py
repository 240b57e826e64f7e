"""Roles are tried together only where that says the same of each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.role_groups import Grants, grouped, tried

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.assertions import Calls


def _grants(role: str) -> Grants:
    return Grants(role, "", (_document("Allow"),), "[]", alone=False)


def _document(*effects: str, sid: str = "") -> str:
    return json.dumps({"Statement": [{"Effect": effect, "Sid": sid} for effect in effects]})


def _clone(*roles: str) -> Any:  # noqa: ANN401 - stands for the clients of who has these roles' grants
    return roles


def _call(granted_to: str) -> Callable[[Any], Callable[[], object]]:
    def made(roles: Any) -> Callable[[], object]:  # noqa: ANN401
        def call() -> object:
            if granted_to in roles:
                return "done"
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "Call")

        return call

    return made


@pytest.mark.parametrize(
    "changed",
    [
        {"documents": (_document("Allow", "Deny"),)},
        {"alone": True},
        {"service": "lambda.amazonaws.com"},
        {"tags": '[["Purpose", "x"]]'},
        {"documents": (_document("Allow", sid="x" * 10_200),)},
    ],
    ids=["deny", "managed policy", "service", "tags", "size"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_role_that_differs_is_alone(changed: dict[str, Any], place: int) -> None:
    others = [_grants("a"), _grants("b")]
    assert grouped(others) == [("a", "b")]

    others.insert(place, replace(_grants("c"), **changed))

    assert sorted(grouped(others)) == [("a", "b"), ("c",)]


def test_call_that_one_of_a_group_may_make_is_found_with_its_role() -> None:
    def calls(roles: Any) -> Calls:  # noqa: ANN401
        # Of one name, as resources of two stacks may be.
        return [("call", _call(owner)(roles)) for owner in ("nobody", "b", "nobody")]

    steps = tried([("a", "b"), ("c",)], _clone, calls, lambda _role, _name: False)

    breaches = [where for where, outcome in steps if outcome.result is AttackResult.BREACHED]
    assert breaches == ["b call"]
    assert sorted(where for where, _ in steps) == ["a call"] * 3 + ["b call"] * 3 + ["c call"] * 3


def test_what_a_group_is_denied_is_asked_once() -> None:
    asked: list[Any] = []

    def calls(roles: Any) -> Calls:  # noqa: ANN401
        asked.append(roles)
        return [("call", _call("nobody")(roles))]

    steps = tried([("a", "b")], _clone, calls, lambda _role, _name: False)

    assert asked == [("a", "b")]
    assert [(where, outcome.result) for where, outcome in steps] == [
        ("a call", AttackResult.HELD),
        ("b call", AttackResult.HELD),
    ]


def test_job_that_is_denied_proves_nothing() -> None:
    def calls(roles: Any) -> Calls:  # noqa: ANN401
        return [("call", _call("nobody")(roles))]

    def check_job(call: Callable[[], object]) -> Outcome:
        try:
            call()
        except ClientError:
            return inconclusive("its job is denied")
        return held("its job")

    steps = tried([("a", "b")], _clone, calls, lambda role, _name: role == "b", check_job)

    assert {where: outcome.result for where, outcome in steps} == {
        "a call": AttackResult.HELD,
        "b call": AttackResult.INCONCLUSIVE,
    }
