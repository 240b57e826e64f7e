"""Concrete requests: whether one is allowed and touches what is somebody else's, and a search for one that does.

A proof that fails says little to people; a request that would succeed says all. The search tries tenants that differ in
every way that patterns go wrong. It proves nothing when it finds none.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from tenantry.prove.bindings import is_single_valued
from tenantry.prove.patterns import ONE, STAR, Chars, Free, Pattern, Token, Var, literally, parse
from tenantry.prove.principals import Caller
from tenantry.prove.questions import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tenantry.prove.ownership import Fact, Way
    from tenantry.prove.principals import Condition, Statement
    from tenantry.prove.questions import Question

_TENANTS: Final = (
    ("acme", "globex"),
    ("acme", "acme1"),
    ("acme1", "acme"),
    ("acme", "acme-1"),
    ("acme-1", "acme"),
    ("acme", "xacme"),
    ("xacme", "acme"),
)
_USERS: Final = (("ann", "bob"), ("ann", "ann1"), ("ann1", "ann"), ("ann", "xann"))
_MOST_KEYS, _MOST_FILLS = 300, 40
# What a wildcard or a free text may be; ids are added.
_ANYTHING: Final = ("x", "", "1", "-1", "/x", "-1/x", "1/x", "#x", "^x", "_x", "1#x", "1_x", "-1#x")
_SOME_OF_KIND: Final = {"k": "0a1b2c3d-0000-4000-8000-00000000abcd", "m": "prod", "p": "globex-point"}


@dataclass(frozen=True)
class Request:
    """A request that a principal may make and that touches what is somebody else's.

    Attributes
    ----------
    action, resource
        What it asks for.
    keys
        Its condition keys, as far as they matter; what is not there is absent.
    ids
        ``t1`` and ``u1`` of the caller, ``t2`` and ``u2`` of the owner.
    """

    action: str
    resource: str
    keys: Mapping[str, Sequence[str]]
    ids: Mapping[str, str]

    def __str__(self) -> str:
        """Return it in one line."""
        keys = ", ".join(f"{key}={'|'.join(values)}" for key, values in self.keys.items()) or "no keys"
        ids = ", ".join(f"{name}={value}" for name, value in self.ids.items())
        return f"{self.action} on {self.resource} ({keys}; {ids})"


Keys = dict[str, tuple[str, ...]]
Ids = tuple[tuple[str, str], ...]


@cache
def _expression(form: Pattern, ids: Ids, *, unknown: bool) -> re.Pattern[str]:
    """Return a form as an expression; what is not known matches anything, or nothing."""
    values = dict(ids)

    def written(token: Token) -> str:
        match token:
            case str():
                return re.escape(token)
            case Var(name) if name in values:
                return re.escape(values[name])
            case Var(name):
                return {"m": "[^/]+", "p": "[a-z0-9-]{3,50}", "k": "[0-9a-f-]{36}"}.get(name[0], "(?!)")
            case Chars(of):
                return f"[{re.escape(''.join(sorted(of)))}]"
            case Free():
                return ".*" if unknown else "(?!)"
        return ".*" if token is STAR else "."

    return re.compile("".join(map(written, form)), re.DOTALL)


def _matches(form: Pattern, text: str, ids: Ids, *, unknown: bool = True) -> bool:
    return _expression(form, ids, unknown=unknown).fullmatch(text) is not None


def allowed(statements: Iterable[Statement], request: Request, ids: Ids) -> bool:
    """Return whether statements allow a request and none of them denies it.

    What is not known, a parameter or an operator, allows and does not deny.
    """
    effects = {statement.allows for statement in statements if _applies(statement, request, ids)}
    return effects == {True}


def _applies(statement: Statement, request: Request, ids: Ids) -> bool:
    unknown = statement.allows
    named = any(_matches(parse(form), request.resource, ids, unknown=unknown) for form in statement.resources)
    return (
        statement.names(request.action)
        and named != statement.not_resource
        and all(_holds(condition, request.keys, ids, allows=statement.allows) for condition in statement.conditions)
    )


def _given(keys: Mapping[str, Sequence[str]], name: str) -> Sequence[str]:
    """Return the values of a condition key, whose name has no case."""
    return {key.lower(): values for key, values in keys.items()}.get(name.lower(), ())


def _holds(condition: Condition, keys: Mapping[str, Sequence[str]], ids: Ids, *, allows: bool) -> bool:
    given = _given(keys, condition.key)
    quantifier, bare = parts(condition.operator)
    if bare == "Null":
        return any((value == "true") == (not given) for value in condition.values)
    if_exists, bare = bare.endswith("IfExists"), bare.removesuffix("IfExists")
    negated, plain = "Not" in bare, bare.replace("Not", "")
    if plain not in {"StringEquals", "StringLike", "ArnEquals", "ArnLike"}:
        return allows
    forms = [literally(parse(value)) if plain == "StringEquals" else parse(value) for value in condition.values]

    def one(value: str) -> bool:
        return any(_matches(form, value, ids, unknown=allows != negated) for form in forms) != negated

    if quantifier == "ForAllValues":
        return all(map(one, given))
    if not given:
        return if_exists or (negated and quantifier != "ForAnyValue")
    return any(map(one, given))


def touches(way: Way, request: Request, ids: Ids) -> bool:
    """Return whether a request touches what is the owner's, in a way."""
    return (
        way.actions(request.action)
        and _matches(way.resource, request.resource, ids)
        and any(all(_is_so(fact, request.keys, ids) for fact in facts) for facts in way.facts)
    )


def _is_so(fact: Fact, keys: Mapping[str, Sequence[str]], ids: Ids) -> bool:
    given = _given(keys, fact.key)
    match fact.what:
        case "absent":
            return not given
        case "is":
            return any(_matches(fact.form, value, ids) for value in given)
        case "begins":
            begun = _filled(fact.form, dict(ids), "")
            return any(begun.startswith(value) or _matches(fact.form, value, ids) for value in given)
    return bool(given) and not any(_matches(fact.form, value, ids) for value in given)


def find(question: Question, statements: Sequence[Statement]) -> Request | None:
    """Return a request that `statements` allow and that touches what is somebody else's; None if none was found."""
    for (t1, t2), (u1, u2) in product(_TENANTS, _USERS):
        if question.holding.letters == "u":
            t2 = t1  # noqa: PLW2901 - users of one tenant
        if question.caller is Caller.ANYBODY:
            t1, u1 = t2, u2  # noqa: PLW2901 - whose ids its policy names is not known
        values = {"t1": t1, "n1": t1.lower(), "u1": u1, "t2": t2, "n2": t2.lower(), "u2": u2}
        nobody = question.caller is Caller.NOBODY
        ids = tuple((name, value) for name, value in values.items() if not nobody or name.endswith("2"))
        for resource in sorted(_resources(question, values, ids)):
            for keys in _keys(question, values):
                shown = {"t1": t1, "t2": t2} if question.holding.letters != "u" else {"t": t1, "u1": u1, "u2": u2}
                request = Request(question.action, resource, keys, shown)
                if allowed(statements, request, ids) and touches(question.way, request, ids):
                    return request
    return None


def _resources(question: Question, values: Mapping[str, str], ids: Ids) -> set[str]:
    texts = {text for form in (question.way.resource, question.resource) for text in _fills(form, values)}
    return {
        text for text in texts if _matches(question.way.resource, text, ids) and _matches(question.resource, text, ids)
    }


def _keys(question: Question, values: Mapping[str, str]) -> Iterator[Keys]:
    """Yield keys of requests: those that conditions ask for, and those that facts are about."""
    choices: dict[str, list[tuple[str, ...]]] = {}
    for condition in question.statement.conditions:
        given = choices.setdefault(condition.key, [()])
        if parts(condition.operator)[1] != "Null":
            given += [(text,) for value in condition.values for text in islice(_fills(parse(value), values), 6)]
    for fact in question.facts:
        key = next((known for known in choices if known.lower() == fact.key.lower()), fact.key)
        if fact.what == "absent":
            choices[key] = [()]
        elif fact.what != "not":
            own = [(text,) for text in _fills(fact.form, values)]
            own += [(values["t2"],), (values["t1"],), ("",)] if fact.what == "begins" else []
            mixed = [] if is_single_valued(key) else [(*o, *c) for o in own[:6] for c in choices.get(key, []) if c]
            choices[key] = [*own, *mixed]
        else:
            choices.setdefault(key, []).append(("other",))
    for picked in islice(product(*choices.values()), _MOST_KEYS):
        yield {key: given for key, given in zip(choices, picked, strict=True) if given}


def _fills(form: Pattern, values: Mapping[str, str]) -> list[str]:
    """Return texts of a form, each wildcard as something else."""
    anything = (*_ANYTHING, values["u1"] + "/x", values["t2"], f"{values['t2']}/{values['u2']}/x", f"{values['u2']}/x")
    return list(dict.fromkeys(_filled(form, values, text) for text in anything))[:_MOST_FILLS]


def _filled(form: Pattern, values: Mapping[str, str], anything: str) -> str:
    def written(token: Token) -> str:
        match token:
            case str():
                return token
            case Var(name):
                return values.get(name) or _SOME_OF_KIND[name[0]]
            case Chars(of):
                return "#" if "#" in of else max(of)
        return (anything[:1] or "x") if token is ONE else anything

    return "".join(map(written, form))
