"""Policy variables such as `${aws:PrincipalTag/...}` take their values from the request.

AWS: `${aws:PrincipalTag/TenantId}` and the like, in `Resource` and in conditions, stand for the value in the request.
A `*` or `?` in that value is a character, not a wildcard. A variable without a single value makes its statement match
nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

MiniStack: compares the text of the variable itself.

Here: variables are replaced, in policies of version 2012-10-17, as AWS does.
"""

import re
from functools import cache
from typing import Any

from ministack.core import iam_evaluator

from tenantry.local.patching import Fields, Original, read_object, replace, require, wrap

# Stand for a literal * and ? that came from a value; private characters that no ARN has.
_STAR, _QUESTION_MARK = "\ue000", "\ue001"
_VERSION = "2012-10-17"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": _STAR, "?": _QUESTION_MARK, "$": "$"}


def close() -> None:
    """Close the gap."""
    require(iam_evaluator, "_resolve_condition_key", "_action_matches", "_resource_matches")
    replace(iam_evaluator, "_fnmatch_compile", _compile)
    wrap(iam_evaluator, "parse_policy_document", _noting_version)
    replace(iam_evaluator, "_first_match", _first_match)
    wrap(iam_evaluator, "_conditions_met", _expanding)


@cache
def _compile(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - MiniStack's signature
    special = {"*": ".*", "?": ".", _STAR: r"\*", _QUESTION_MARK: r"\?"}
    text = "".join(special.get(character) or re.escape(character) for character in pattern)
    return re.compile(rf"\A{text}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _noting_version(parse: Original, document: Any) -> Any:
    statements = parse(document)
    content = read_object(document) if isinstance(document, str) else document
    # MiniStack parses parts of documents without their version; a whole one without is of 2008, on AWS.
    version = content.get("Version", _VERSION) if isinstance(content, dict) else ""
    for statement in statements:
        statement.has_variables = version == _VERSION
    return statements


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


def _first_match(context: Any, statements: list[Any], effect: str) -> Any:
    for statement in statements:
        if statement.effect != effect:
            continue
        if not iam_evaluator._action_matches(context.action, statement.actions, statement.not_actions):
            continue
        resources, not_resources = statement.resources, statement.not_resources
        if getattr(statement, "has_variables", True):
            found = [_expand(resource, context, is_pattern=True) for resource in resources]
            excluded = [_expand(resource, context, is_pattern=True) for resource in not_resources]
            if (resources and not any(found)) or (effect == "Allow" and None in excluded):
                continue
            resources = [resource for resource in found if resource is not None]
            not_resources = [resource for resource in excluded if resource is not None]
        if iam_evaluator._resource_matches(
            context.resource_arn, resources, not_resources
        ) and iam_evaluator._conditions_met(statement.conditions, context):
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
