"""The evaluator decides as the examples and rules of AWS's documentation say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.prove.evaluator import Decision, Document, Policies, Request, decide, holds, matches

if TYPE_CHECKING:
    from tests.prove.evaluator import Value

_SESSION: Final = "arn:aws:sts::111122223333:assumed-role/Tenant/ann"
_ROLE: Final = "arn:aws:iam::111122223333:role/Tenant"
_ANY: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _request(keys: dict[str, Value] | None = None, resource: str = "arn:aws:s3:::data/acme/x") -> Request:
    return Request("s3:GetObject", resource, _SESSION, keys or {})


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "met"),
    [
        ("StringEquals", ["a"], "a", True),
        ("StringEquals", ["a*"], "ab", False),
        ("StringEquals", ["a"], "A", False),
        ("StringEquals", ["a"], None, False),
        ("StringEqualsIfExists", ["a"], None, True),
        ("StringEqualsIfExists", ["a"], "b", False),
        ("StringNotEquals", ["a"], None, True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", ["acme"], "ACME", True),
        ("StringLike", ["a*"], "ab", True),
        ("StringLike", ["a?"], "a", False),
        ("StringNotLike", ["a*", "b"], "b", False),
        ("ForAllValues:StringLike", ["a*"], ("ab", "a"), True),
        ("ForAllValues:StringLike", ["a*"], ("ab", "b"), False),
        ("ForAllValues:StringLike", ["a*"], None, True),
        ("ForAllValues:StringLike", ["a*"], (), True),
        ("ForAnyValue:StringLike", ["a*"], ("ab", "b"), True),
        ("ForAnyValue:StringLike", ["a*"], None, False),
        ("ForAnyValue:StringNotLike", ["a*"], None, False),
        ("ForAnyValue:StringNotLike", ["a*"], ("ab", "b"), True),
        ("StringEquals", ["a"], ("b", "a"), True),
        ("Null", ["false"], "a", True),
        ("Null", ["false"], None, False),
        ("Null", ["true"], (), True),
        ("Null", ["true", "false"], "a", True),
        ("ArnLike", ["arn:aws:sns:*:*:t*"], "arn:aws:sns:us-east-1:1:topic:a", True),
        ("ArnLike", ["arn:aws:sns:*:topic"], "arn:aws:sns:us-east-1:1:topic", False),
        ("ArnEquals", ["arn:aws:s3:::b*"], "arn:aws:s3:::bucket", True),
        ("ArnNotLike", ["arn:aws:s3:::b*"], "arn:aws:s3:::bucket", False),
        ("Bool", ["true"], "true", True),
        ("Bool", [False], "false", True),
        ("Bool", ["false"], None, False),
        ("NumericLessThanEquals", ["10"], "10.0", True),
        ("NumericLessThan", ["10"], "9", True),
        ("NumericEquals", ["ten"], "10", False),
        ("DateGreaterThan", ["2026-01-01T00:00:00Z"], "2026-01-01T00:30:00+01:00", False),
        ("DateEquals", ["2026-01-01T00:00:00Z"], "1767225600", True),
        ("IpAddress", ["10.0.0.0/8"], "10.1.2.3", True),
        ("NotIpAddress", ["10.0.0.0/8"], "10.1.2.3", False),
        ("IpAddress", ["2001:db8::/32"], "10.1.2.3", False),
        ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
        ("BinaryEquals", ["QmluYXJ5"], "no base64", False),
    ],
)
def test_conditions(operator: str, wanted: list[Any], given: Value | None, met: bool) -> None:  # noqa: FBT001
    assert holds(operator, "Some:Key", wanted, _request({} if given is None else {"some:KEY": given})) is met


def test_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="no operator"):
        holds("StringEqual", "a:b", ["c"], _request())


@pytest.mark.parametrize(
    ("resource", "keys", "met"),
    [
        ("arn:aws:s3:::data/${aws:PrincipalTag/T}/*", {"aws:principaltag/t": "acme"}, True),
        ("arn:aws:s3:::data/${aws:PrincipalTag/T}/*", {"aws:PrincipalTag/T": "a*"}, False),
        ("arn:aws:s3:::data/${aws:PrincipalTag/T}/*", {}, False),
        ("arn:aws:s3:::data/${aws:PrincipalTag/T, 'acme'}/*", {}, True),
        ("arn:aws:s3:::data/${aws:TagKeys}/*", {"aws:TagKeys": ("acme",)}, False),
        ("arn:aws:s3:::data/ac${*}/*", {}, False),
        ("arn:aws:${aws:PrincipalTag/S}:::data/*", {"aws:PrincipalTag/S": "s3"}, False),
        ("arn:aws:s3:::data/ACME/*", {}, False),
        ("arn:aws:s3*", {}, True),
    ],
)
def test_resources(resource: str, keys: dict[str, Value], met: bool) -> None:  # noqa: FBT001
    assert matches({**_ANY, "Resource": resource}, _request(keys)) is met


def test_literal_star_is_no_wildcard() -> None:
    statement = {**_ANY, "Resource": "arn:aws:s3:::data/${*}"}

    assert matches(statement, _request(resource="arn:aws:s3:::data/*"))
    assert not matches(statement, _request(resource="arn:aws:s3:::data/x"))


def test_policies_before_2012_have_no_variables() -> None:
    statement = {**_ANY, "Resource": "arn:aws:s3:::data/${aws:PrincipalTag/T}/*"}
    request = _request({"aws:PrincipalTag/T": "acme"})

    assert decide(request, Policies(identity=[{"Version": "2012-10-17", "Statement": statement}])) is Decision.ALLOW
    assert decide(request, Policies(identity=[{"Statement": statement}])) is Decision.IMPLICIT_DENY


def test_actions_have_no_case() -> None:
    assert matches({**_ANY, "Action": "S3:getOBJECT"}, _request())
    assert not matches({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}, _request())


def _document(**changed: Any) -> Document:  # noqa: ANN401
    return {"Version": "2012-10-17", "Statement": [{**_ANY, **changed}]}


_ALLOWS: Final = _document()
_DENIES: Final = _document(Effect="Deny")
_OTHER: Final = _document(Action="sns:*")


def _by(principal: object, effect: str = "Allow") -> Document:
    return _document(Effect=effect, Principal=principal)


@pytest.mark.parametrize(
    ("policies", "decision"),
    [
        (Policies(), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS]), Decision.ALLOW),
        (Policies(identity=[_ALLOWS, _DENIES]), Decision.DENY),
        (Policies(identity=[_ALLOWS], session=[_OTHER]), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS], session=[]), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS], boundary=[_OTHER]), Decision.IMPLICIT_DENY),
        (Policies(identity=[_OTHER], session=[_ALLOWS], boundary=[_ALLOWS]), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS], session=[_DENIES]), Decision.DENY),
        (Policies(identity=[_ALLOWS], resource=_by({"AWS": _ROLE}, "Deny")), Decision.DENY),
        (Policies(resource=_by({"AWS": _ROLE})), Decision.ALLOW),
        (Policies(resource=_by("*")), Decision.ALLOW),
        (Policies(resource=_by({"AWS": "111122223333"})), Decision.IMPLICIT_DENY),
        (Policies(session=[_OTHER], resource=_by({"AWS": _ROLE})), Decision.IMPLICIT_DENY),
        (Policies(session=[_OTHER], resource=_by({"AWS": _SESSION})), Decision.ALLOW),
        (Policies(identity=[_ALLOWS], resource=_by("*"), owner="444455556666"), Decision.ALLOW),
        (Policies(resource=_by("*"), owner="444455556666"), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS], resource=_by({"Service": "a.b"}), must_name=True), Decision.IMPLICIT_DENY),
        (Policies(identity=[_ALLOWS], resource=_by({"AWS": "111122223333"}), must_name=True), Decision.ALLOW),
    ],
)
def test_policies_together(policies: Policies, decision: Decision) -> None:
    assert decide(_request(), policies) is decision
