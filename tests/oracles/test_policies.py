"""Parliament: every policy names actions, resources and condition keys that IAM knows, and that fit each other."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.model.policies import PolicyTemplate
from tests.oracles.templates import ACCOUNT, ENVIRONMENTS, resolved
from tests.synthesized import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it reads its data with pkg_resources
    import parliament

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRUST: Final = "AssumeRolePolicyDocument"
_VENDED: Final = "TOKEN_VENDOR"
_PLACEHOLDER: Final = re.compile(r"\{\{\w+\}\}")  # of a session policy, filled in with ids
_DOCUMENTED: Final = re.compile(r"^ *```json\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Accepted:
    """A finding that is no fault.

    Attributes
    ----------
    issue, of
        What parliament calls it, and what is found in where it stands and what it says.
    because
        Why it is no fault.
    """

    issue: str
    of: str
    because: str


_ACCEPTED: Final = (
    Accepted("RESOURCE_STAR", r"/KeyPolicy ", "In a key's own policy `*` is the key."),
    Accepted(
        "UNKNOWN_ACTION",
        r"iot:AssumeRoleWithCertificate",
        "AWS documents it with the credentials provider and not among IAM's actions: "
        "https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html",
    ),
    Accepted(
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"dynamodb:EnclosingOperation for action dynamodb:ConditionCheckItem",
        "AWS's own examples have it: "
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html",
    ),
    Accepted(
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"s3:TlsVersion for action s3:(InitiateReplication|PutAccessPointPublicAccessBlock)",
        "The denial is of `s3:*`; it does not matter that two actions, which have no request, do not carry the key.",
    ),
    Accepted(
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"s3:DataAccessPointAccount for action s3:GetObject(Torrent|VersionTorrent|VersionForReplication)",
        "The statement denies `s3:GetObject*` to whoever comes by none of our access points: without the key it denies.",
    ),
    Accepted(
        "MISMATCHED_TYPE",
        r"s3:TlsVersion requires a value of type Numeric but given \['1\.2'\]",
        "1.2 is a number; parliament knows integers only.",
    ),
    Accepted(
        "MISMATCHED_TYPE_BUT_USABLE",
        r"StringEquals requires a value of type String but given Arn",
        "One exact ARN is meant. An operator for ARNs would read wildcards.",
    ),
    Accepted(
        "RESOURCE_MISMATCH",
        r"logs:DescribeLogGroups",
        "Newer than parliament's data: the action takes log groups as its resource, and Managed Flink's own example "
        "grants it so: https://docs.aws.amazon.com/managed-flink/latest/java/how-zeppelin-appendix-iam.html",
    ),
    Accepted(
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
        r"/StorageProvisioner",
        "The provisioner makes tenants' buckets and writes their policies. tests/stacks/test_security.py lists what it "
        "may do; parliament does not read what is denied.",
    ),
)


def _documents(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Return every policy in a value, in settings of functions as well."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield path, value
        for name, part in value.items():
            if name == _VENDED:
                for purpose, statements in json.loads(part)["policies"].items():
                    yield f"{path}/{purpose}", dict(PolicyTemplate.of(statements, account=ACCOUNT).document)
            else:
                yield from _documents(part, f"{path}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _documents(part, path)


def _as_text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a condition as parliament reads it: IAM takes numbers, truth values and lists of one for their text."""
    if isinstance(value, dict):
        return {name: _as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return _as_text(value[0]) if len(value) == 1 else [_as_text(part) for part in value]
    return value if isinstance(value, str) else json.dumps(value)


def _findings(path: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what parliament says of a policy: the issue, and where it stands with what is said."""
    given = document["Statement"]
    statements = []
    for statement in given if isinstance(given, list) else [given]:
        condition = {"Condition": _as_text(statement["Condition"])} if "Condition" in statement else {}
        own = {"Resource": f"arn:aws:iam::{ACCOUNT}:role/own"} if path.endswith(_TRUST) else {}  # a trust leaves it out
        statements.append({**own, **statement, **condition})
    text = _PLACEHOLDER.sub("placeholder", json.dumps({**document, "Statement": statements}))
    return [(finding.issue, f"{path} {finding.detail}") for finding in parliament.analyze_policy_string(text).findings]


def _reason(issue: str, where: str) -> Accepted | None:
    return next((known for known in _ACCEPTED if known.issue == issue and re.search(known.of, where)), None)


def test_session_policies_are_included() -> None:
    stacks = resolved("prod")
    paths = [path for stack in stacks for path, _ in _documents(stacks[stack]["Resources"], stack)]

    assert any(path.startswith("employees/") and path.endswith("/Variables/employees") for path in paths)


def _all(environment: str) -> Iterator[tuple[str, str]]:
    for stack, template in resolved(environment).items():
        for path, document in _documents(template["Resources"], stack):
            yield from _findings(path, document)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_name_known_actions_and_resources(environment: str) -> None:
    found = list(_all(environment))

    assert [finding for finding in found if not _reason(*finding)] == []


def test_every_accepted_finding_is_still_found() -> None:
    met = {_reason(*finding) for environment in ENVIRONMENTS for finding in _all(environment)}

    assert [known for known in _ACCEPTED if known not in met] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_documented_policies_name_known_actions(page: Path) -> None:
    texts = [text for text in _DOCUMENTED.findall(page.read_text()) if '"Statement"' in text]
    policies = [json.loads(text) for text in texts if '"Principal"' not in text]  # it knows no GitHub to trust

    assert [finding for policy in policies for finding in _findings(page.name, policy)] == []


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjects", "Resource": "arn:aws:s3:::a/*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::a"}, "RESOURCE_MISMATCH"),
        (
            {
                "Action": "dynamodb:Scan",
                "Resource": f"arn:aws:dynamodb:eu-north-1:{ACCOUNT}:table/a",
                "Condition": {"StringEquals": {"s3:prefix": "a"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
        (
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*", "Condition": {"StringEqual": {"aws:a": "b"}}},
            "UNKNOWN_OPERATOR",
        ),
    ],
)
def test_planted_error_is_found(statement: dict[str, Any], issue: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}

    assert issue in [found for found, _ in _findings("stack/Role/Properties/PolicyDocument", document)]
