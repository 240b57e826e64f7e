"""Policy variables such as `${aws:PrincipalTag/...}` take their values from the request.

AWS: `${aws:PrincipalTag/TenantId}` and the like, in `Resource` and in conditions, stand for the value in the request.
A `*` or `?` in that value is a character, not a wildcard. A variable without a single value makes its statement match
nothing. In an ARN a variable is replaced after the fifth colon only. A policy that names no version is of 2008, and has
no variables.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

MiniStack: compares the text of the variable itself.

Here: variables are replaced, in policies of version 2012-10-17, as AWS does.
"""

import re
from contextvars import ContextVar
from functools import cache, partial
from typing import Any

from ministack.core import iam_evaluator

from tenantry.local.patching import Fields, Original, holding, read_object, replace, require, wrap

# Stand for a literal * and ? that came from a value; private characters that no ARN has.
_STAR, _QUESTION_MARK = "\ue000", "\ue001"
_VERSION, _WITHOUT_VARIABLES = "2012-10-17", "2008-10-17"
# MiniStack parses what applies of a resource's policy without its version.
_version_of_part = ContextVar("_version_of_part", default=_WITHOUT_VARIABLES)
_COMPONENTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": _STAR, "?": _QUESTION_MARK, "$": "$"}


def close() -> None:
    """Close the gap."""
    require(iam_evaluator, "_resolve_condition_key", "_action_matches", "_resource_matches")
    replace(iam_evaluator, "_fnmatch_compile", _compile)
    wrap(iam_evaluator, "parse_policy_document", _noting_version)
    wrap(iam_evaluator, "evaluate_resource_policy", _keeping_version)
    replace(iam_evaluator, "_first_match", partial(_first_match, iam_evaluator._conditions_met))
    wrap(iam_evaluator, "_conditions_met", _expanding)


@cache
def _compile(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - MiniStack's signature
    special = {"*": ".*", "?": ".", _STAR: r"\*", _QUESTION_MARK: r"\?"}
    text = "".join(special.get(character) or re.escape(character) for character in pattern)
    return re.compile(rf"\A{text}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _noting_version(parse: Original, document: Any) -> Any:
    statements = parse(document)
    version = _version(document, otherwise=_version_of_part.get())
    for statement in statements:
        statement.has_variables = version == _VERSION
    return statements


def _keeping_version(evaluate: Original, document: Any, *arguments: Any, **named: Any) -> Any:
    with holding(_version_of_part, _version(document, otherwise=_WITHOUT_VARIABLES)):
        return evaluate(document, *arguments, **named)


def _version(document: Any, *, otherwise: str) -> str:
    content = read_object(document) if isinstance(document, str) else document
    return content.get("Version", otherwise) if isinstance(content, dict) else otherwise


def _expand(text: str, context: Any, *, is_pattern: bool) -> str | None:
    """Return the text with its variables replaced; None when one has no single value."""
    without_value = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal without_value
        name, _, default = (part.strip() for part in match[1].partition(","))
        if name in _LITERALS:
            return _LITERALS[name] if is_pattern else name
        value = iam_evaluator._resolve_condition_key(name, context)
        if value is None and default:
            value = default.strip("'")
        if value is None or isinstance(value, list | tuple):
            without_value = True
            return ""
        text = str(value)
        return text.replace("*", _STAR).replace("?", _QUESTION_MARK) if is_pattern else text

    expanded = _VARIABLE.sub(value_of, text)
    return None if without_value else expanded


def _in_arn(text: str, context: Any) -> str | None:
    *head, last = text.split(":", _COMPONENTS - 1)
    if len(head) < _COMPONENTS - 1:
        return text
    expanded = _expand(last, context, is_pattern=True)
    return None if expanded is None else ":".join([*head, expanded])


def _first_match(met_as_written: Original, context: Any, statements: list[Any], effect: str) -> Any:
    for statement in statements:
        if statement.effect != effect:
            continue
        if not iam_evaluator._action_matches(context.action, statement.actions, statement.not_actions):
            continue
        resources, not_resources = statement.resources, statement.not_resources
        if has_variables := getattr(statement, "has_variables", True):
            found = [_in_arn(resource, context) for resource in resources]
            excluded = [_in_arn(resource, context) for resource in not_resources]
            if (resources and not any(found)) or (effect == "Allow" and None in excluded):
                continue
            resources = [resource for resource in found if resource is not None]
            not_resources = [resource for resource in excluded if resource is not None]
        met = iam_evaluator._conditions_met if has_variables else met_as_written
        if iam_evaluator._resource_matches(context.resource_arn, resources, not_resources) and met(
            statement.conditions, context
        ):
            return statement
    return None


def _expanding(met: Original, conditions: Fields, context: Any) -> bool:
    expanded = {operator: _expanded(operator, block, context) for operator, block in (conditions or {}).items()}
    return None not in expanded.values() and met(expanded, context)


def _expanded(operator: str, block: Any, context: Any) -> Any:
    """Return the block with its variables replaced; None when a key is left without anything to compare with."""
    if not isinstance(block, dict):
        return block
    is_pattern = "like" in operator.lower() or "arn" in operator.lower()
    expanded = {}
    for key, wanted in block.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        found = [_expand(item, context, is_pattern=is_pattern) if isinstance(item, str) else item for item in values]
        expanded[key] = [item for item in found if item is not None]
        if values and not expanded[key]:
            return None
    return expanded
