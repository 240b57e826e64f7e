"""From statements and holdings to questions: does a request exist that this allows and that touches somebody else's.

A statement's resources, the ways of touching and their facts are alternatives, so each question is a conjunction: one
action, one form of the resource, one way of touching, all conditions. It is refuted where one part of the conjunction
cannot be unless both tenants are the same. What is not understood counts as allowed, and what denies is left out: more
requests than AWS lets through, never fewer.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.prove.automata import forces
from tenantry.prove.bindings import JUDGED, SOME_ACTIONS, is_single_valued, names_what_is_touched
from tenantry.prove.patterns import STAR, Free, Pattern, Token, Var, apart, head, literally, parse
from tenantry.prove.principals import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenantry.prove.ownership import Fact, Holding, Way
    from tenantry.prove.principals import Condition, Statement

_OWNERS: Final = re.compile("<[a-z][12]>")
_ALL_VALUES, _ANY_VALUE, _IF_EXISTS = "ForAllValues", "ForAnyValue", "IfExists"
# Operators that compare the whole of a value, case included, with forms.
_COMPARING: Final = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
# Operators that the proofs do not use: a condition with one is left out, which allows more.
_LEFT_OUT: Final = frozenset(
    {
        "ArnNotEquals", "ArnNotLike", "BinaryEquals", "Bool", "DateEquals", "DateGreaterThan", "DateGreaterThanEquals",
        "DateLessThan", "DateLessThanEquals", "DateNotEquals", "IpAddress", "NotIpAddress", "Null", "NumericEquals",
        "NumericGreaterThan", "NumericGreaterThanEquals", "NumericLessThan", "NumericLessThanEquals",
        "NumericNotEquals", "StringEqualsIgnoreCase", "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """Whether a request exists that a statement allows and that touches what is somebody else's.

    Attributes
    ----------
    holding, way
        What is touched, and how.
    facts
        One alternative of the way's facts.
    statement
        What allows it.
    action
        One of the actions.
    resource
        The form of the statement's resource.
    caller
        Whose ids the statement can name.
    """

    holding: Holding
    way: Way
    facts: tuple[Fact, ...]
    statement: Statement
    action: str
    resource: Pattern
    caller: Caller

    @property
    def is_refuted(self) -> bool:
        """Whether there is no such request, for all tenants and users."""
        if self.caller is Caller.NOBODY and _names_caller(self.resource):
            return True  # a variable without a value matches nothing
        if not self.statement.not_resource and self._forced(self.resource, self.way.resource):
            return True
        required, refused = self._presence()
        for fact in self.facts:
            if (fact.what == "absent" and fact.key.lower() in required) or (
                fact.what != "absent" and fact.key.lower() in refused
            ):
                return True
        return any(self._contradicts(condition) for condition in self.statement.conditions)

    def _presence(self) -> tuple[set[str], set[str]]:
        """Return the keys that the request must have, and those that it must not have."""
        required: set[str] = set()
        refused: set[str] = set()
        for condition in self.statement.conditions:
            quantifier, bare = parts(condition.operator)
            if bare == "Null":
                if quantifier:
                    continue  # of no values, "for all of them" is true
                (required if condition.values == ("false",) else refused).add(condition.key.lower())
                if set(condition.values) != {"true"}:
                    refused.discard(condition.key.lower())
            elif bare in _COMPARING and quantifier != _ALL_VALUES:
                required.add(condition.key.lower())
        return required, refused

    def _contradicts(self, condition: Condition) -> bool:
        """Return whether a condition and a fact of the same key cannot both be."""
        quantifier, bare = parts(condition.operator)
        if bare not in _COMPARING:
            return False
        # Of many values, another than the one that the fact is about may be the one that matches.
        if quantifier != _ALL_VALUES and not is_single_valued(condition.key):
            return False
        forms = [literally(parse(value)) if bare == "StringEquals" else parse(value) for value in condition.values]
        if self.caller is Caller.NOBODY:
            forms = [form for form in forms if not _names_caller(form)]
        facts = [fact for fact in self.facts if fact.key.lower() == condition.key.lower()]
        for fact in facts:
            if fact.what in {"is", "begins"}:
                prefix = fact.what == "begins"
                if all(self._forced(form, fact.form, prefix=prefix) for form in forms):
                    return True
            elif fact.what == "not" and forms == [fact.form]:
                return True
        # Without a fact about the key, a condition that no value of the caller's can meet is never met.
        return not forms and quantifier != _ALL_VALUES

    def _forced(self, one: Pattern, other: Pattern, *, prefix: bool = False) -> bool:
        if self.caller is not Caller.TENANT:
            one = tuple(Free(str(token)) if _is_callers(token) else token for token in one)
        return any(forces(one, other, letter, prefix=prefix) for letter in self.holding.letters)


def is_denied(question: Question, denials: Iterable[Statement]) -> bool:
    """Return whether a denial without conditions covers all that is asked about."""
    return any(
        not denial.conditions
        and not denial.not_resource
        and _denies(denial, question)
        and any(_covers(parse(form), question.way.resource) for form in denial.resources)
        for denial in denials
    )


def _denies(denial: Statement, question: Question) -> bool:
    """Return whether a denial names an action, or all those that an action of no real name stands for."""
    if question.action in {*SOME_ACTIONS, *question.statement.actions}:
        return denial.names(question.action)
    service = question.action.partition(":")[0].lower()
    return not denial.not_action and any(form.lower() in {"*", f"{service}:*"} for form in denial.actions)


def _covers(form: Pattern, other: Pattern) -> bool:
    """Return whether every text of another form has this one, as far as literal beginnings tell."""
    begins = form[-1:] == (STAR,) and form[:-1] in {(), (head(form),)}
    return form == other or (begins and head(other).startswith(head(form)))


def is_partitioned(statement: Statement, others: Iterable[Statement], actions: Iterable[str]) -> bool:
    """Return whether what a statement lets a tenant reach, no statement lets another tenant reach.

    What keeps them apart is in the resources, or in a condition on one key that names what the actions touch. That is
    enough for what nobody declares, as a table of another app: whatever it holds, what one tenant reaches of it no
    other does.

    Parameters
    ----------
    statement
        What one tenant has.
    others
        What other tenants have: the statement itself is among them.
    actions
        What it is about.
    """
    if statement.not_resource or statement.not_action:
        return False
    own = _bound_values(statement, actions)
    return all(
        all(_is_never_shared(parse(one), parse(other)) for one in statement.resources for other in theirs.resources)
        or any(
            all(_is_never_shared(one, other) for one in own[key] for other in values)
            for key, values in _bound_values(theirs, actions).items()
            if key in own
        )
        for theirs in others
    )


def _bound_values(statement: Statement, actions: Iterable[str]) -> dict[str, list[Pattern]]:
    """Return the values that every request has of keys that name what actions touch, by the key in lower case."""
    present = {
        condition.key.lower()
        for condition in statement.conditions
        if condition.operator == "Null" and condition.values == ("false",)
    }
    found: dict[str, list[Pattern]] = {}
    for condition in statement.conditions:
        key, (quantifier, bare) = condition.key.lower(), parts(condition.operator)
        is_bound = (quantifier == _ALL_VALUES and key in present) or (not quantifier and is_single_valued(key))
        if bare in _COMPARING and is_bound and all(names_what_is_touched(key, action) for action in actions):
            values = [parse(value) for value in condition.values]
            found[key] = [literally(value) if bare == "StringEquals" else value for value in values]
    return found


def _is_never_shared(one: Pattern, other: Pattern) -> bool:
    theirs = tuple(
        Var(f"{token.name[0]}2") if isinstance(token, Var) and _is_callers(token) else token for token in other
    )
    return any(forces(one, theirs, letter) for letter in "tn")


def parts(operator: str) -> tuple[str, str]:
    """Return an operator's quantifier, empty if it has none, and the rest of it, ``IfExists`` included."""
    quantifier, _, bare = operator.rpartition(":")
    return quantifier, bare


def questions(statement: Statement, holding: Holding, caller: Caller) -> Iterator[Question]:
    """Yield the questions about one statement that allows something, and one holding."""
    if not statement.allows:
        return
    forms = [parse("*")] if statement.not_resource else [parse(resource) for resource in statement.resources]
    for way in holding.ways:
        near = [form for form in forms if not apart(form, way.resource)]
        if not near:
            continue
        for action in representatives(statement):
            if way.actions(action):
                for form in near:
                    for facts in way.facts:
                        yield Question(holding, way, facts, statement, action, form, caller)


def representatives(statement: Statement) -> tuple[str, ...]:
    """Return the actions of a statement; of wildcards, one of each sort that they stand for."""
    if not statement.not_action and not any(set("*?") & set(form) for form in statement.actions):
        return statement.actions
    others = [f"{service}:SomethingElse" for service in JUDGED]
    others += [form.replace("*", "Xx").replace("?", "x") for form in statement.actions if form != "*"]
    return tuple(sorted(name for name in {*SOME_ACTIONS, *others} if ":" in name and statement.names(name)))


def not_understood(statement: Statement) -> Iterator[str]:
    """Yield what of a statement the prover does not know: operators, services."""
    for condition in statement.conditions:
        quantifier, bare = parts(condition.operator)
        known = bare.removesuffix(_IF_EXISTS) in _COMPARING | _LEFT_OUT
        if not known or quantifier not in {"", _ALL_VALUES, _ANY_VALUE}:
            yield f"the condition operator {condition.operator}"
    if _OWNERS.search(json.dumps(statement.raw)):
        yield "a text that reads as an id of the proof's own"
    if statement.allows and not statement.not_action:
        for action in statement.actions:
            service = action.partition(":")[0].lower()
            if service != "*" and service not in JUDGED:
                yield f"actions of the service {service}"


def _names_caller(form: Pattern) -> bool:
    return any(map(_is_callers, form))


def _is_callers(token: Token) -> bool:
    return isinstance(token, Var) and token.name.endswith("1")
