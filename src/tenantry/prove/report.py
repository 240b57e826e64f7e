"""What a proof has found: for people, as JSON, and as SARIF for code scanning.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.prover import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.prove.prover import Finding, Proof

ASSUMPTIONS: Final = (
    "Tenant and user ids are legal, as `tenantry.model.identifiers` checks them.",
    "No two tenants have one name, the id in lower case: a bucket or access point is taken by the first.",
    "An index of a tenant's table has the table's own partition key, or one that begins with the same tenant.",
    "S3 uses a key of many tenants' data only for what it may give out to the same caller.",
    "Condition keys bind actions as AWS's service authorization reference says (`tenantry.prove.bindings`).",
    "Principals outside of the templates, such as an administrator, are no part of the proof.",
)
"""What every proof rests on."""

_SHOWN: Final = {
    Result.COUNTEREXAMPLE: "COUNTEREXAMPLE",
    Result.OPEN: "NOT JUDGED",
    Result.ACKNOWLEDGED: "acknowledged",
}
_LEVELS: Final = {
    Result.COUNTEREXAMPLE: "error",
    Result.OPEN: "error",
    Result.ACKNOWLEDGED: "note",
}
_RULE: Final = "tenant-isolation"
_SARIF: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def failing(proof: Proof) -> list[Finding]:
    """Return what keeps a proof from being one, the worst first."""
    return [*proof.of(Result.COUNTEREXAMPLE), *proof.of(Result.OPEN)]


def described(finding: Finding) -> str:
    """Return all that there is to say of a finding, in a few lines."""
    lines = [f"{finding.principal or finding.path}: {finding.resource}: {finding.reason}"]
    if finding.actions:
        lines.append(f"actions: {', '.join(finding.actions)}")
    if finding.statement:
        lines.append(f"statement of {finding.path}: {json.dumps(finding.statement)}")
    if finding.request:
        lines.append(f"request: {finding.request}")
    return "\n    ".join(lines)


def as_text(proof: Proof) -> Iterator[str]:
    """Yield the lines of a report for people: what is wrong, what was answered for, and the sums."""
    for result, shown in _SHOWN.items():
        for finding in proof.of(result):
            yield f"{shown} {described(finding)}"
    counts = Counter(finding.result for finding in proof.findings)
    yield ", ".join(f"{counts[result]} {result.replace('open', 'not judged')}" for result in Result)
    yield f"{proof.questions} questions, each for all tenants, users and requests"


def as_json(proof: Proof) -> str:
    """Return the whole report as JSON."""
    return json.dumps(
        {
            "proven": proof.exit_status == 0,
            "questions": proof.questions,
            "assumptions": list(ASSUMPTIONS),
            "findings": [_entry(finding) for finding in proof.findings],
            "reached": [asdict(one) for one in proof.reached],
        },
        indent=2,
    )


def _entry(finding: Finding) -> dict[str, Any]:
    request = finding.request
    whole = {
        "result": str(finding.result),
        "principal": finding.principal,
        "resource": finding.resource,
        "path": finding.path,
        "reason": finding.reason,
        "actions": list(finding.actions),
        "statement": dict(finding.statement),
        "request": request
        and {
            "action": request.action,
            "resource": request.resource,
            "keys": {key: list(values) for key, values in request.keys.items()},
            "ids": dict(request.ids),
        },
    }
    return {key: value for key, value in whole.items() if value}


def as_sarif(proof: Proof) -> str:
    """Return what is not proven as SARIF, each finding at its construct."""
    results = [
        {
            "ruleId": _RULE,
            "level": level,
            "message": {"text": described(finding)},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.path, "kind": "resource"}]}],
        }
        for result, level in _LEVELS.items()
        for finding in proof.of(result)
    ]
    rule = {"id": _RULE, "shortDescription": {"text": "No tenant reaches another tenant's data"}}
    driver = {"name": "tenantry prove", "rules": [rule]}
    document = {"$schema": _SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(document, indent=2)


def as_table(proof: Proof) -> Iterator[str]:
    """Yield the lines of a table in Markdown: principal, resource, what is known of them.

    The reasons of what is acknowledged are in `residual_table`.
    """
    yield "| Principal | Resource | Result |"
    yield "|---|---|---|"
    rows: dict[tuple[str, str], list[str]] = {}
    for finding in sorted(proof.findings, key=lambda found: (found.principal, found.result, found.resource)):
        named = finding.reason and finding.result is not Result.ACKNOWLEDGED
        result = f"{finding.result}: {finding.reason}" if named else str(finding.result)
        rows.setdefault((finding.principal, result), []).append(finding.resource)
    for (principal, result), resources in rows.items():
        yield _row(principal, ", ".join(resources), result)
    reached = sorted(proof.reached, key=lambda one: one.path)
    shared = [one for one in reached if one.who and one.type != "AWS::Lambda::Function"]
    if shared:
        yield from ("", "| What works for every tenant | Who reaches it |", "|---|---|")
        yield from (_row(one.path, f"{one.how} {'; '.join(one.who)}") for one in shared)


def residual_table(proof: Proof) -> Iterator[str]:
    """Yield the lines of a table in Markdown: for each reason, who reaches what of tenants, and by which actions.

    These are the principals that could cross tenants if their code were wrong. Those that reach the same are one row.
    """
    reach: dict[tuple[str, str], dict[str, set[str]]] = {}
    for finding in sorted(proof.of(Result.ACKNOWLEDGED), key=lambda found: (found.reason, found.principal)):
        allowed = reach.setdefault((finding.reason, finding.principal), {}).setdefault(finding.resource, set())
        allowed.update(finding.actions)
    rows: dict[tuple[str, str], list[str]] = {}
    for (reason, principal), resources in reach.items():
        alike: dict[str, list[str]] = {}
        for resource in sorted(resources):
            alike.setdefault(", ".join(sorted(resources[resource])), []).append(resource)
        reached = "; ".join(f"{', '.join(names)}: {actions}" for actions, names in alike.items())
        rows.setdefault((reason, reached), []).append(principal)
    yield "| Reason | Principals | What they reach |"
    yield "|---|---|---|"
    for (reason, reached), principals in rows.items():
        yield _row(reason, ", ".join(principals), reached)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
