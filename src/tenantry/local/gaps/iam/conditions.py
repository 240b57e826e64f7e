"""Conditions compare ARNs part by part and read keys with many or no values, and unknown operators are refused.

AWS: the six parts of an ARN, between its colons, are compared one by one, so that a wildcard stays within its part.
`Null` with several values is met by any of them; a key whose list of values is empty is absent. An operator without
`ForAllValues` or `ForAnyValue` is for keys with one value; that it does not match any value of a key with many is not
said anywhere, so that no policy may depend on it. IAM refuses a policy that names an operator which does not exist.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html

MiniStack: a wildcard of an ARN crosses colons, `Null` looks at its first value, an empty list is present, a plain
operator never matches a key with many values, and a statement with an unknown operator never matches.

Here: as on AWS; a plain operator is met when any value meets it, which hides no fault that AWS might show.
"""

import re
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import sts

from tenantry.local.patching import Original, read_object, replace, require, wrap

_PARTS = 6
_SET_OPERATOR = re.compile(r"(forallvalues|foranyvalue):", re.IGNORECASE)
_OPERATOR = re.compile(r"(?:(?:forallvalues|foranyvalue):)?(\w+?)(?:ifexists)?", re.IGNORECASE)


def close() -> None:
    """Close the gap."""
    require(iam_evaluator, "_CONDITION_OPS", "fnmatch_iam_cs")
    for name in ("arnequals", "arnlike"):
        iam_evaluator._CONDITION_OPS[name] = _arn_matches
        iam_evaluator._CONDITION_OPS[name.replace("arn", "arnnot")] = _arn_differs
    wrap(iam_evaluator, "_evaluate_single_condition", _evaluate)
    wrap(iam_evaluator, "validate_policy_document", _knowing_operators)
    # It has taken the function over by name.
    require(sts, "validate_policy_document")
    replace(sts, "validate_policy_document", iam_evaluator.validate_policy_document)


def _arn_matches(actual: str, expected: str) -> bool:
    given, wanted = actual.split(":", _PARTS - 1), expected.split(":", _PARTS - 1)
    return len(given) == len(wanted) == _PARTS and all(map(iam_evaluator.fnmatch_iam_cs, given, wanted))


def _arn_differs(actual: str, expected: str) -> bool:
    return not _arn_matches(actual, expected)


def _evaluate(evaluate: Original, operator: str, actual: Any, expected: list[Any]) -> bool:
    actual = None if actual in ([], ()) else actual
    if operator.lower() == "null":
        return any(evaluate(operator, actual, [one]) for one in expected)
    if isinstance(actual, list | tuple) and not _SET_OPERATOR.match(operator):
        return any(evaluate(operator, one, expected) for one in actual)
    return bool(evaluate(operator, actual, expected))


def _knowing_operators(validate: Original, document: Any) -> str | None:
    if problem := validate(document):
        return str(problem)
    content = read_object(document) if isinstance(document, str) else document
    statements = content["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        for operator in statement.get("Condition") or {}:
            found = _OPERATOR.fullmatch(operator)
            if operator.lower() != "null" and (not found or found[1].lower() not in iam_evaluator._CONDITION_OPS):
                return f"Invalid Condition type : {operator}."
    return None
