"""One request, judged by AWS's documented logic: nothing here is shared with the prover or with the local cloud.

Pages of the IAM user guide, https://docs.aws.amazon.com/IAM/latest/UserGuide/ and

- `reference_policies_evaluation-logic_policy-eval-denyallow.html`: the order of policies, what a boundary, a session
  policy and a resource's policy add and limit;
- `reference_policies_evaluation-logic-cross-account.html`: across accounts both sides allow;
- `reference_policies_elements_condition_operators.html`: operators, `...IfExists`, `Null`, what an absent key means;
- `reference_policies_condition-single-vs-multi-valued-context-keys.html`: `ForAllValues`, `ForAnyValue`;
- `reference_policies_variables.html`: variables, defaults, `${*}`, where they are replaced, and from which version on;
- `reference_policies_elements_resource.html`, `..._action.html`, `..._principal.html`: wildcards, and what has a case.

Where those pages leave something open, this reads it as allowing more: a wildcard of a resource goes beyond colons, and
a plain operator on a key with many values is met by any one of them.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from tests.statements import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Document = dict[str, Any]
Value = str | tuple[str, ...]
"""What a request gives for a key: one text, or several for a key that has many values."""

_VARIABLES_SINCE: Final = "2012-10-17"
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_COMPONENTS: Final = 6
_ANY, _ONE = object(), object()  # wildcards in a pattern, beside its literal texts
_Pattern = tuple[object, ...]


class Decision(StrEnum):
    """What AWS answers."""

    ALLOW = "allow"
    DENY = "deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes
    ----------
    action, resource
        Such as ``s3:GetObject``, and an ARN.
    principal
        The caller's ARN, a session's or a user's; the name of an AWS service; empty for nobody known.
    keys
        The context: a text, or a tuple for a key that has many values; absent keys are not in it.
    """

    action: str
    resource: str
    principal: str
    keys: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Names of keys have no case; a key without any value is absent."""
        object.__setattr__(self, "keys", {name.lower(): value for name, value in self.keys.items() if value != ()})

    def values(self, key: str) -> tuple[str, ...]:
        """Return a key's values, none if it is absent."""
        given = self.keys.get(key.lower(), ())
        return (given,) if isinstance(given, str) else given


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The policies that apply to one request.

    Attributes
    ----------
    identity
        What is attached to the caller.
    session, boundary
        Limits: the policies passed with the session, the permissions boundary; None without one.
    resource
        The resource's own policy, if it has one.
    owner
        The account of the resource.
    must_name
        Whether the resource's policy has to allow in any case, as a key's has.
    """

    identity: Sequence[Document] = ()
    session: Sequence[Document] | None = None
    boundary: Sequence[Document] | None = None
    resource: Document | None = None
    owner: str = ""
    must_name: bool = False


def decide(request: Request, policies: Policies) -> Decision:
    """Return what AWS answers to a request."""
    limits = [limit for limit in (policies.boundary, policies.session) if limit is not None]
    own = [policies.resource] if policies.resource is not None else []
    attached = [*policies.identity, *(document for limit in limits for document in limit)]
    if _any("Deny", attached, request) or _any("Deny", own, request, by=_names):
        return Decision.DENY
    if not request.principal.startswith("arn:"):  # has no policies of its own
        return _answer(_any("Allow", own, request, by=_names))
    within = all(_any("Allow", limit, request) for limit in limits)
    identity = _any("Allow", policies.identity, request) and within
    account = request.principal.split(":")[4]
    if policies.owner not in {"", account}:
        return _answer(identity and _any("Allow", own, request, by=_names))
    if policies.must_name and not _any("Allow", own, request, by=_names):
        return Decision.IMPLICIT_DENY
    return _answer(
        identity
        or (within and _any("Allow", own, request, by=_names_more_than_account))
        or _any("Allow", own, request, by=_names_itself)
    )


def _answer(allowed: bool) -> Decision:  # noqa: FBT001 - private
    return Decision.ALLOW if allowed else Decision.IMPLICIT_DENY


# Statements.


def _any(
    effect: str,
    documents: Sequence[Document],
    request: Request,
    *,
    by: Callable[[object, str], bool] | None = None,
) -> bool:
    """Return whether a statement with this effect matches; in a resource's policy, one that names the caller."""
    return any(
        statement["Effect"] == effect
        and (by is None or by(statement["Principal"], request.principal))
        and matches(statement, request, variables=document.get("Version", "") >= _VARIABLES_SINCE)
        for document in documents
        for statement in listed(document["Statement"])
    )


def matches(statement: Document, request: Request, *, variables: bool = True) -> bool:
    """Return whether a statement is about a request, its effect and its principal aside."""
    return (
        _on_action(statement, request.action)
        and _on_resource(statement, request, variables=variables)
        and all(
            holds(operator, key, listed(values), request, variables=variables)
            for operator, block in statement.get("Condition", {}).items()
            for key, values in block.items()
        )
    )


def _on_action(statement: Document, action: str) -> bool:
    named = "Action" in statement
    forms = listed(statement["Action" if named else "NotAction"])
    return named == any(_like(_pattern(form.lower()), action.lower()) for form in forms)


def _on_resource(statement: Document, request: Request, *, variables: bool) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        return True  # a trust policy is about its role
    named = "Resource" in statement
    found = []
    for text in listed(statement["Resource" if named else "NotResource"]):
        # Before the fifth colon a variable is not replaced.
        *head, last = text.split(":", 5)
        pattern: _Pattern | None = _pattern(text)
        if variables and len(head) == _COMPONENTS - 1:
            tail = _filled(last, request)
            pattern = None if tail is None else (*_pattern(":".join(head) + ":"), *tail)
        if pattern is None and not named and statement["Effect"] == "Allow":
            return False  # nobody knows what is spared
        found.append(pattern is not None and _like(pattern, request.resource))
    return named == any(found)


# Principals of a resource's policy.


def _names(principal: object, caller: str) -> bool:
    if not caller.startswith("arn:"):
        services = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
        return caller in services or "*" in _aws(principal)
    return any(_is_account(one, caller) for one in _aws(principal)) or _names_more_than_account(principal, caller)


def _names_more_than_account(principal: object, caller: str) -> bool:
    return any(one in {"*", _role_of(caller)} for one in _aws(principal)) or _names_itself(principal, caller)


def _names_itself(principal: object, caller: str) -> bool:
    """Return whether the session or the user is named: the role's limits do not count for what is granted so."""
    return caller in _aws(principal)


def _aws(principal: object) -> list[str]:
    if isinstance(principal, dict):
        return listed(principal.get("AWS", []))
    return ["*"] if principal == "*" else []


def _is_account(one: str, caller: str) -> bool:
    account = caller.split(":")[4]
    return one in {account, f"arn:aws:iam::{account}:root"}


def _role_of(caller: str) -> str:
    """Return the role of a session; of a user, nobody's."""
    _, _, service, _, account, what = caller.split(":", 5)
    if service != "sts":
        return ""
    return f"arn:aws:iam::{account}:role/{what.split('/')[1]}"


# Conditions.


def holds(operator: str, key: str, wanted: list[Any], request: Request, *, variables: bool = True) -> bool:
    """Return whether one condition is met.

    Raises
    ------
    ValueError
        There is no such operator: AWS refuses the policy.
    """
    given = request.values(key)
    if operator == "Null":
        return any((str(one).lower() == "true") == (not given) for one in wanted)
    quantifier, _, name = operator.rpartition(":")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negated = "Not" in name
    compare = _OPERATORS.get(name.replace("Not", ""))
    if compare is None or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise ValueError(f"{operator!r} is no operator of IAM.")
    texts = [_json_text(one) for one in wanted]
    if name.startswith(("String", "Arn")):
        filled = [_filled(text, request) if variables else _pattern(text) for text in texts]
        patterns = [one for one in filled if one is not None]
        if not patterns:
            return False  # nothing to compare with: the statement is not about this request
    else:
        patterns = [(text,) for text in texts]
    if not given:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    met = (any(compare(pattern, value) for pattern in patterns) != negated for value in given)
    return all(met) if quantifier == "ForAllValues" else any(met)


def _json_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _exactly(pattern: _Pattern, value: str) -> bool:
    return _plain(pattern) == value


def _ignoring_case(pattern: _Pattern, value: str) -> bool:
    return _plain(pattern).lower() == value.lower()


def _arn(pattern: _Pattern, value: str) -> bool:
    """Each of an ARN's six components is compared on its own."""
    wanted, given = _components(pattern), value.split(":", _COMPONENTS - 1)
    return len(wanted) == len(given) == _COMPONENTS and all(map(_like, wanted, given))


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[_Pattern, str], bool]:
    def compared(pattern: _Pattern, value: str) -> bool:
        try:
            return compare(Decimal(value), Decimal(_plain(pattern)))
        except InvalidOperation:
            return False

    return compared


def _date(compare: Callable[[Any, Any], bool]) -> Callable[[_Pattern, str], bool]:
    return lambda pattern, value: compare(_moment(value), _moment(_plain(pattern)))


def _moment(text: str) -> datetime:
    """Return a moment given in ISO 8601 or in seconds."""
    if re.fullmatch(r"\d{5,}", text):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _address(pattern: _Pattern, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(_plain(pattern), strict=False)


def _bytes(pattern: _Pattern, value: str) -> bool:
    try:
        return base64.b64decode(_plain(pattern), validate=True) == base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


# Texts, wildcards and variables.


@lru_cache(maxsize=100_000)
def _pattern(text: str) -> _Pattern:
    """Return literal texts and wildcards."""
    return tuple({"*": _ANY, "?": _ONE}.get(part, part) for part in re.split(r"([*?])", text) if part)


def _filled(text: str, request: Request) -> _Pattern | None:
    """Return a pattern with the values of its variables as literal texts; None where one has no value."""
    if "${" not in text:
        return _pattern(text)
    parts: list[object] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts += _pattern(text[end : found.start()])
        end = found.end()
        name, _, default = (part.strip() for part in found[1].partition(","))
        value = name if name in {"*", "?", "$"} else request.keys.get(name.lower(), default.strip("'") or ())
        if not isinstance(value, str):
            return None
        parts.append(value)
    return (*parts, *_pattern(text[end:]))


def _plain(pattern: _Pattern) -> str:
    """Return a pattern as text, wildcards as the characters that they are."""
    return "".join({_ANY: "*", _ONE: "?"}.get(part, str(part)) for part in pattern)


def _components(pattern: _Pattern) -> list[_Pattern]:
    """Split a pattern at its first five colons."""
    components: list[list[object]] = [[]]
    for part in pattern:
        first, *rest = part.split(":", _COMPONENTS - len(components)) if isinstance(part, str) else [part]
        components[-1].append(first)
        components += [[one] for one in rest]
    return [tuple(one) for one in components]


def _like(pattern: _Pattern, text: str) -> bool:
    """Return whether a text has the form of a pattern: the set of all places that can have been reached goes along."""
    reached = {0}
    for part in pattern:
        if part is _ANY:
            reached = set(range(min(reached), len(text) + 1))
        elif part is _ONE:
            reached = {place + 1 for place in reached if place < len(text)}
        else:
            reached = {place + len(str(part)) for place in reached if text.startswith(str(part), place)}
        if not reached:
            return False
    return len(text) in reached


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
_OPERATORS: Final[dict[str, Callable[[_Pattern, str], bool]]] = {
    "StringEquals": _exactly,
    "StringEqualsIgnoreCase": _ignoring_case,
    "StringLike": _like,
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _ignoring_case,
    "IpAddress": _address,
    "BinaryEquals": _bytes,
    **{f"Numeric{name}": _number(compare) for name, compare in _COMPARE.items()},
    **{f"Date{name}": _date(compare) for name, compare in _COMPARE.items()},
}


def statements(documents: Sequence[Document]) -> Iterator[Document]:
    """Return all statements of some policies."""
    return (statement for document in documents for statement in listed(document["Statement"]))
