"""Every policy of the app with requests that look like what it says, for some tenants whose names are alike."""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.policies import PolicyTemplate
from tenantry.model.variables import TOKEN_VENDOR
from tests.oracles.templates import ACCOUNT, resolved
from tests.prove.evaluator import Document, Policies, Request, Value, statements
from tests.statements import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS: Final = ("acme", "acme1", "ACME", "acme-1", "globex")
_CALLER: Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/Tenant/ann"
# What every request carries, whatever the caller sends.
_ALWAYS: Final = {
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalArn": _CALLER,
    "aws:PrincipalType": "AssumedRole",
    "aws:RequestedRegion": "us-east-1",
    "aws:ResourceAccount": ACCOUNT,
    "s3:ResourceAccount": ACCOUNT,
}
_HOLE: Final = re.compile(r"\$\{([^}]*)\}|\{\{(\w+)\}\}|\*|\?")
_MANY_VALUED: Final = re.compile(
    r"dynamodb:(leadingkeys|attributes)|aws:tagkeys|s3:requestobjecttagkeys", re.IGNORECASE
)
_FREE: Final = ("x", "", "1", "-1", "/x", "ann", "ann/x", "acme", "#1")


def cases(environment: str, seed: int, count: int) -> Iterator[tuple[Request, Policies]]:
    """Yield requests for every statement of an environment's templates, `count` each."""
    random = Random(seed)  # noqa: S311 - not for secrets
    for document in documents(resolved(environment)):
        for statement in statements([document]):
            for _ in range(count):
                yield _case(random, document, statement)


def documents(value: Any) -> Iterator[Document]:  # noqa: ANN401 - any part of a template
    """Return every policy in a part of a template, those that functions are handed as well."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for name, part in value.items():
            if name == TOKEN_VENDOR:
                for given in json.loads(part)["policies"].values():
                    yield dict(PolicyTemplate.of(given, account=ACCOUNT).document)
            else:
                yield from documents(part)
    elif isinstance(value, list):
        for part in value:
            yield from documents(part)


def _case(random: Random, document: Document, statement: Document) -> tuple[Request, Policies]:
    own = random.choice(TENANTS)
    filled = json.loads(re.sub(r"\{\{\w+\}\}", own, json.dumps(document)))
    keys: dict[str, Value] = {
        "aws:PrincipalTag/TenantId": own,
        "aws:PrincipalTag/TenantName": own.lower(),
        "credentials-iot:ThingTypeName": own,
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": random.choice(("true", "false")),
    }
    for one in statements([document]):
        for operator, block in one.get("Condition", {}).items():
            for key, given in block.items():
                values = [str(part).lower() if isinstance(part, bool) else str(part) for part in listed(given)]
                if operator != "Null" and random.random() < 0.85:
                    texts = [_text(random, random.choice(values), own) for _ in range(random.choice((1, 1, 2)))]
                    keys[key] = tuple(texts) if _MANY_VALUED.fullmatch(key) else texts[0]
    keys.update(_ALWAYS)
    if random.random() < 0.1:
        keys.pop("aws:PrincipalTag/TenantId")
    action = _text(random, random.choice(listed(statement.get("Action", statement.get("NotAction")))), own)
    resource = _text(random, random.choice(listed(statement.get("Resource", statement.get("NotResource", "*")))), own)
    request = Request(action, resource if ":" in resource else "arn:aws:s3:::other/x", _CALLER, keys)
    if "Principal" not in statement:
        return request, Policies(identity=[filled])
    for one in statements([filled]):
        one["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Tenant"}
    return request, Policies(resource=filled, owner=ACCOUNT)


def _text(random: Random, form: str, own: str) -> str:
    """Return a text that a form of a policy might match: often the caller's own, sometimes another's."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "?":
            return "1"
        if found[0] == "*":
            return random.choice((*_FREE, *TENANTS))
        return own if random.random() < 0.7 else random.choice(TENANTS)

    return _HOLE.sub(value, form)
