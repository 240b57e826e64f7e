"""Random policies and requests, from a seed: of few words, so that they meet."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.prove.evaluator import Document, Policies, Request, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT: Final = "111122223333"
OTHER_ACCOUNT: Final = "444455556666"
SESSION: Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/Tenant/ann"
USER: Final = f"arn:aws:iam::{ACCOUNT}:user/ann"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/Tenant"
_ACTIONS: Final = (
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:PutObject",
    "dynamodb:Query",
    "sns:Publish",
    "S3:getobject",
)
_ACTION_FORMS: Final = (*_ACTIONS, "s3:Get*", "s3:*Object", "s3:???Object", "*", "s3:*", "dynamodb:*", "s3:getobject*")
_RESOURCES: Final = (
    "arn:aws:s3:::data/acme/ann/x",
    "arn:aws:s3:::data/acme",
    "arn:aws:s3:::data/globex/ann/x",
    "arn:aws:s3:::data/acme1/x",
    "arn:aws:s3:::data/*/x",
    f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/rows",
    f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/rows/index/by-name",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:acme:a:b",
)
_RESOURCE_FORMS: Final = (
    *_RESOURCES,
    "*",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/TenantId}/*",
    "arn:aws:s3:::data/${aws:principaltag/tenantid}*",
    "arn:aws:s3:::data/${aws:PrincipalTag/TenantId, 'acme'}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/None}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/None,'globex'}/ann/?",
    "arn:aws:s3:::data/${aws:TagKeys}/*",
    "arn:aws:s3:::data/${*}/x",
    "arn:aws:s3:::data/acme${?}/x",
    "arn:aws:${aws:PrincipalTag/Service}:::data/acme/*",
    f"arn:aws:dynamodb:*:{ACCOUNT}:table/rows*",
    "arn:aws:dynamodb:us-east-?:*",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:*:b",
    "arn:aws:sns:*",
    "arn:aws:S3:::data/ACME/*",
)
_SINGLE: Final = {
    "aws:PrincipalTag/TenantId": ("acme", "globex", "ACME", "a*", "acm?"),
    "aws:PrincipalTag/Service": ("s3",),
    "s3:prefix": ("", "acme/", "acme/ann/", "globex/", "a*"),
    "aws:SourceArn": (
        f"arn:aws:sns:us-east-1:{ACCOUNT}:acme",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:acme:sub",
        f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:acme",
        "arn:aws:s3:::data",
    ),
    "aws:SourceIp": ("10.0.0.1", "10.1.2.3", "192.168.0.9", "2001:db8::1"),
    "s3:max-keys": ("1", "10", "100.0", "-3"),
    "aws:TokenIssueTime": ("2026-01-01T00:00:00Z", "2026-06-01T12:00:00+02:00", "1767225600"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "test:Binary": ("QmluYXJ5", "b3RoZXI="),
}
_MANY: Final = {
    "dynamodb:LeadingKeys": ("acme", "acme#1", "globex", "globex#1", "acme1", "A*"),
    "aws:TagKeys": ("tenant", "Tenant", "user"),
}
# By what the name of a key's operators begins with: the names, and the values of policies beside those of requests.
_OPERATORS: Final = {
    "String": (
        ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
        (
            "acme*",
            "*",
            "acme#*",
            "acm?",
            "${aws:PrincipalTag/TenantId}",
            "${aws:PrincipalTag/TenantId}#*",
            "${aws:PrincipalTag/TenantId}/*",
            "${aws:PrincipalTag/None}",
            "${aws:PrincipalTag/None, 'acme'}",
            "a${*}",
            "${aws:TagKeys}",
            "",
        ),
    ),
    "Arn": (
        ("Equals", "NotEquals", "Like", "NotLike"),
        (
            "arn:aws:sns:*:*:acme",
            "arn:aws:sns:*:acme",
            "arn:aws:sns:us-east-1:*",
            f"arn:aws:sns:us-east-1:{ACCOUNT}:${{aws:PrincipalTag/TenantId}}",
            f"arn:aws:*:us-east-1:{ACCOUNT}:*acme",
            "arn:aws:s3:::da??",
        ),
    ),
    "Numeric": (
        ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        ("10", "1", "50", "1.0"),
    ),
    "Date": (
        ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        ("2026-01-01T00:00:00Z", "2026-06-01T10:00:00Z", "1767225600"),
    ),
    "Bool": (("",), ("true", "false")),
    "IpAddress": (("",), ("10.0.0.0/16", "10.0.0.1", "0.0.0.0/0", "2001:db8::/32")),
    "NotIpAddress": (("",), ("10.0.0.0/16", "192.168.0.9/32")),
    "Binary": (("Equals",), ("QmluYXJ5", "b3RoZXI=")),
}
_KIND: Final = {
    "aws:SourceArn": "Arn",
    "aws:SourceIp": "IpAddress",
    "s3:max-keys": "Numeric",
    "aws:TokenIssueTime": "Date",
    "aws:MultiFactorAuthPresent": "Bool",
    "test:Binary": "Binary",
}


def cases(seed: int, count: int) -> Iterator[tuple[Request, Policies]]:
    """Yield random requests with the policies that count for them."""
    random = Random(seed)  # noqa: S311 - not for secrets
    for _ in range(count):
        yield _request(random), _policies(random)


def _request(random: Random) -> Request:
    keys: dict[str, Value] = {"aws:SourceIp": random.choice(_SINGLE["aws:SourceIp"])}
    for key, values in _SINGLE.items():
        if random.random() < 0.7:
            keys[_some_case(random, key)] = random.choice(values)
    for key, values in _MANY.items():
        if random.random() < 0.7:
            keys[_some_case(random, key)] = tuple(random.sample(values, random.choice((0, 1, 1, 2, 3))))
    return Request(random.choice(_ACTIONS), random.choice(_RESOURCES), random.choice((SESSION, SESSION, USER)), keys)


def _some_case(random: Random, name: str) -> str:
    return random.choice((name, name, name.lower(), name.upper()))


def _policies(random: Random) -> Policies:
    def maybe(share: float, principal: bool = False) -> list[Document] | None:  # noqa: FBT001, FBT002 - private
        return [_document(random, principal=principal)] if random.random() < share else None

    (resource,) = maybe(0.4, principal=True) or (None,)
    return Policies(
        identity=[_document(random) for _ in range(random.choice((0, 1, 1, 2)))],
        session=maybe(0.3),
        boundary=maybe(0.2),
        resource=resource,
        owner=random.choice((ACCOUNT, ACCOUNT, ACCOUNT, OTHER_ACCOUNT)) if resource else "",
        must_name=resource is not None and random.random() < 0.1,
    )


def _document(random: Random, *, principal: bool = False) -> Document:
    statements = [_statement(random, principal=principal) for _ in range(random.choice((1, 1, 2, 3)))]
    version = random.choice(("2012-10-17",) * 8 + ("2008-10-17", ""))
    return {
        **({"Version": version} if version else {}),
        "Statement": statements if random.random() < 0.9 else statements[0],
    }


def _statement(random: Random, *, principal: bool) -> Document:
    statement: Document = {"Effect": random.choice(("Allow",) * 3 + ("Deny",))}
    statement["Action" if random.random() < 0.9 else "NotAction"] = _some(random, _ACTION_FORMS)
    statement["Resource" if random.random() < 0.9 else "NotResource"] = _some(random, _RESOURCE_FORMS)
    if random.random() < 0.7:
        conditions: dict[str, dict[str, Any]] = {}
        for _ in range(random.choice((1, 1, 2))):
            key = random.choice((*_SINGLE, *_MANY, *_MANY))
            operator, values = _condition(random, key)
            conditions.setdefault(operator, {})[_some_case(random, key)] = values
        statement["Condition"] = conditions
    if principal:
        statement["Principal"] = random.choice(
            (
                "*",
                {"AWS": "*"},
                {"AWS": ACCOUNT},
                {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]},
                {"AWS": _ROLE},
                {"AWS": [SESSION, USER]},
                {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
                {"Service": "sns.amazonaws.com"},
            )
        )
    return statement


def _condition(random: Random, key: str) -> tuple[str, Any]:
    """Return an operator and values for a key: a set operator for keys with many values only, as AWS asks."""
    if random.random() < 0.15:
        return "Null", random.choice(("true", "false", ["false"], ["true", "false"]))
    kind = random.choice((_KIND.get(key, "String"), "String" if key == "aws:SourceArn" else _KIND.get(key, "String")))
    if kind == "IpAddress":
        kind = random.choice(("IpAddress", "NotIpAddress"))
    names, values = _OPERATORS[kind]
    quantifier = random.choice(("ForAllValues:", "ForAnyValue:", "")) if key in _MANY else ""
    suffix = "IfExists" if random.random() < 0.2 else ""
    own = () if kind in {"Date", "Numeric"} else (*_SINGLE.get(key, ()), *_MANY.get(key, ()))
    return f"{quantifier}{kind}{random.choice(names)}{suffix}", _some(random, (*values, *own))


def _some(random: Random, words: tuple[str, ...]) -> Any:  # noqa: ANN401 - one, or a list
    chosen = random.sample(words, random.choice((1, 1, 2, 3)) if len(words) > 3 else 1)
    return chosen[0] if len(chosen) == 1 and random.random() < 0.5 else chosen
