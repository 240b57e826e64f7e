"""Every way in which one statement of a policy can be weakened by one change."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from tests.prove.evaluator import Document
from tests.statements import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

_TENANT: Final = (
    "${aws:PrincipalTag/TenantId}",
    "${aws:PrincipalTag/TenantName}",
    "${credentials-iot:ThingTypeName}",
    "${aws:RequestTag/TenantId}",
    "{{tenant_id}}",
    "{{tenant_name}}",
    "{{user_id}}",
)
_OTHER: Final = {
    "${aws:PrincipalTag/TenantId}": "${aws:PrincipalTag/TenantName}",
    "{{tenant_id}}": "{{tenant_name}}",
    "{{user_id}}": "*",
}
_SEPARATORS: Final = "/-_^#:"
# Actions that reach more than those which statements of a service name.
_MORE: Final = {
    "dynamodb": ("dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"),
    "s3": ("s3:ListBucketVersions", "s3:PutBucketPolicy", "s3:GetObjectVersion"),
    "kms": ("kms:CreateGrant", "kms:Decrypt"),
    "sns": ("sns:Subscribe",),
    "sqs": ("sqs:ReceiveMessage",),
    "kinesis": ("kinesis:GetRecords",),
    "states": ("states:StartExecution",),
    "lambda": ("lambda:InvokeFunction",),
    "sts": ("sts:*",),
}
_FOREIGN: Final = "arn:aws:iam::999999999999:root"

Weakened = tuple[str, list[Document]]
"""What was done, and the statements in the place of the one that was weakened."""


def weakenings(statement: Document) -> Iterator[Weakened]:
    """Yield every weakening of a statement that makes a difference."""
    ways = _of_allow if statement["Effect"] == "Allow" else _of_deny
    for what, changed in ways(statement):
        if changed != [statement]:
            yield what, changed


def _of_deny(raw: Document) -> Iterator[Weakened]:
    yield "drop a denial", []
    for part in {"Action", "Resource"} & raw.keys():
        values = listed(raw[part])
        for value in values if len(values) > 1 else ():
            yield f"drop a {part.lower()} of a denial", [{**raw, part: [other for other in values if other != value]}]
    narrowed = copy.deepcopy(raw)
    narrowed.setdefault("Condition", {}).setdefault("StringEquals", {})["aws:UserAgent"] = "x"
    yield "add a condition to a denial", [narrowed]
    for operator, block in raw.get("Condition", {}).items():
        yield "negate a denial's operator", [_with_operator(raw, operator, _negated(operator))]
        for key, given in block.items():
            values = listed(given)
            for value in values if len(values) > 1 else ():
                yield "drop a value of a denial", [_with(raw, operator, key, [v for v in values if v != value])]
            if "Not" in operator:
                yield "spare everything from a denial", [_with(raw, operator, key, [*values, "*"])]


def _of_allow(raw: Document) -> Iterator[Weakened]:
    yield from _conditions(raw)
    yield from _texts(raw)
    yield from _resources(raw)
    yield from _actions(raw)
    yield from _principals(raw)


def _conditions(raw: Document) -> Iterator[Weakened]:
    conditions = raw.get("Condition", {})
    if conditions:
        yield "drop all conditions", [{key: value for key, value in raw.items() if key != "Condition"}]
    for operator, block in conditions.items():
        for key, given in block.items():
            yield "drop a condition", [_without(raw, operator, key)]
            if operator == "Null":
                flipped = ["true" if str(value).lower() == "false" else "false" for value in listed(given)]
                yield "turn Null round", [_with(raw, operator, key, flipped)]
                yield "accept any of Null", [_with(raw, operator, key, ["true", "false"])]
                continue
            other = _without(raw, operator, key)
            other.setdefault("Condition", {}).setdefault(operator, {})["aws:UserAgent"] = given
            yield "another key", [other]
            yield "add * to the values", [_with(raw, operator, key, [*listed(given), "*"])]
        for what, new in _operators(operator):
            yield what, [_with_operator(raw, operator, new)]


def _operators(operator: str) -> Iterator[tuple[str, str]]:
    if operator == "Null":
        return
    if not operator.endswith("IfExists"):
        yield "add IfExists", f"{operator}IfExists"
    yield "negate the operator", _negated(operator)
    if "Like" in operator:
        yield "Like to Equals", operator.replace("Like", "Equals")
    elif "StringEquals" in operator and "IgnoreCase" not in operator:
        yield "Equals to Like", operator.replace("StringEquals", "StringLike")
        if "IfExists" not in operator:
            yield "ignore case", operator.replace("StringEquals", "StringEqualsIgnoreCase")
    if operator.startswith("ForAllValues:"):
        yield "ForAllValues to ForAnyValue", operator.replace("ForAllValues:", "ForAnyValue:")
        yield "drop ForAllValues", operator.removeprefix("ForAllValues:")
    elif ":" not in operator:
        yield "add ForAllValues", f"ForAllValues:{operator}"


def _texts(raw: Document) -> Iterator[Weakened]:
    """Yield what is done to the tenant and the user in resources and values of conditions."""
    for variable in _TENANT:
        changes = [
            (variable, "*", "tenant to *"),
            (variable, f"{variable}*", "tenant followed by *"),
            (variable, f"*{variable}", "tenant after *"),
            (variable, f"{variable}?", "tenant followed by ?"),
            (variable, "${aws:username}", "another variable"),
            (variable, f"${{{variable[2:-1]}, '*'}}" if variable.startswith("$") else variable, "a default"),
            (variable, _OTHER.get(variable, variable), "another id"),
        ]
        for separator in _SEPARATORS:
            changes += [
                (variable + separator, variable, "drop the separator"),
                (variable + separator, f"{variable}*{separator}", "tenant, *, separator"),
            ]
        changes += [(f"{variable}/*/", f"{variable}*/", "drop a separator before a wildcard")]
        for old, new, what in changes:
            for changed in _replaced(raw, old, new):
                yield what.replace("tenant", "user") if "user" in variable else what, [changed]


def _replaced(raw: Document, old: str, new: str) -> Iterator[Document]:
    """Change one resource, or one value of one condition, at a time."""
    if old == new:
        return
    values = listed(raw.get("Resource", []))
    for number, value in enumerate(values):
        if old in value:
            yield {**raw, "Resource": [*values[:number], value.replace(old, new, 1), *values[number + 1 :]]}
    for operator, block in raw.get("Condition", {}).items():
        for key, given in block.items():
            texts = listed(given)
            for number, text in enumerate(texts):
                if old in str(text):
                    changed = [*texts[:number], text.replace(old, new, 1), *texts[number + 1 :]]
                    yield _with(raw, operator, key, changed)


def _resources(raw: Document) -> Iterator[Weakened]:
    if "Resource" not in raw:
        return
    values = listed(raw["Resource"])
    for number, resource in enumerate(values):
        head = resource.split("${")[0].split("{{")[0].rstrip("*")
        for wide, what in (
            ("*", "resource to *"),
            (f"{head}*", "resource to what it begins with"),
            (":".join(resource.split(":")[:5]) + ":*", "resource to its service"),
        ):
            if ":" in resource:
                yield what, [{**raw, "Resource": [*values[:number], wide, *values[number + 1 :]]}]
    yield "NotResource", [{**{k: v for k, v in raw.items() if k != "Resource"}, "NotResource": raw["Resource"]}]


def _actions(raw: Document) -> Iterator[Weakened]:
    actions = listed(raw.get("Action", []))
    for service in sorted({action.split(":")[0] for action in actions}):
        for action in _MORE.get(service, ()):
            if action not in actions:
                yield f"add {action}", [{**raw, "Action": [*actions, action]}]
                if "Condition" in raw:
                    plain = {**{k: v for k, v in raw.items() if k != "Condition"}, "Action": action}
                    yield f"add {action} without conditions", [raw, plain]
        yield "every action of the service", [{**raw, "Action": f"{service}:*"}]
    yield "every action", [{**raw, "Action": "*"}]
    yield "NotAction", [{**{k: v for k, v in raw.items() if k != "Action"}, "NotAction": raw.get("Action")}]


def _principals(raw: Document) -> Iterator[Weakened]:
    if "Principal" not in raw:
        return
    yield "anybody", [{**raw, "Principal": "*"}]
    if isinstance(raw["Principal"], dict):
        others = listed(raw["Principal"].get("AWS", []))
        yield "another account", [{**raw, "Principal": {**raw["Principal"], "AWS": [*others, _FOREIGN]}}]
        if others:
            account = [":".join([*name.split(":")[:5], "root"]) for name in others if name.startswith("arn:")]
            yield "every role of the account", [{**raw, "Principal": {**raw["Principal"], "AWS": account}}]


def _with(raw: Document, operator: str, key: str, values: list[Any]) -> Document:
    out = copy.deepcopy(raw)
    out["Condition"][operator][key] = values
    return out


def _without(raw: Document, operator: str, key: str) -> Document:
    out = copy.deepcopy(raw)
    del out["Condition"][operator][key]
    if not out["Condition"][operator]:
        del out["Condition"][operator]
    if not out["Condition"]:
        del out["Condition"]
    return out


def _with_operator(raw: Document, old: str, new: str) -> Document:
    out = copy.deepcopy(raw)
    out["Condition"].setdefault(new, {}).update(out["Condition"].pop(old))
    return out


def _negated(operator: str) -> str:
    for name in ("String", "Arn", "Numeric", "Date"):
        if f"{name}Not" in operator:
            return operator.replace(f"{name}Not", name)
        if name in operator:
            return operator.replace(name, f"{name}Not")
    return operator
