"""The policies that authorizers return to API Gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tenantry.model.caller import Caller

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_BOUND: Final = frozenset({"tenantId", "userId"})
_ANYBODY: Final = "*"


@dataclass(frozen=True, kw_only=True)
class RouteRule:
    """A route that a caller may use, with the path parameters that must name the caller.

    Attributes
    ----------
    method
        The HTTP method.
    path
        The path, parameters in braces. ``{tenantId}`` stands for the caller's active tenant and ``{userId}`` for the
        caller; any other parameter may be anything.
    """

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule written as ``GET /tenant/{tenantId}``.

        Raises
        ------
        ValueError
            It is not of that form.
        """
        method, _, path = text.partition(" ")
        if not method.isupper() or not path.startswith("/"):
            raise ValueError(f"Invalid route {text!r}: use e.g. 'GET /tenant/{{tenantId}}'.")
        return cls(method=method, path=path)

    @property
    def shape(self) -> str:
        """The path with a wildcard for each parameter, whatever its name."""
        return _PARAMETER.sub("*", self.path)

    def resource(self, caller: Caller) -> str | None:
        """Return what the caller may invoke, as ``GET/tenant/<id>``; None when they lack what the path names."""
        values = {"tenantId": caller.tenant_id, "userId": caller.user_id}
        if any(values.get(name, "*") is None for name in _PARAMETER.findall(self.path)):
            return None
        return self.method + _PARAMETER.sub(lambda found: str(values.get(found[1], "*")), self.path)

    def covers(self, other: RouteRule, *, bound_to: str) -> bool:
        """Whether what somebody may invoke by this rule is also a call of another route.

        A free parameter is a wildcard, which in a policy also matches slashes.

        Parameters
        ----------
        other
            The other route.
        bound_to
            What its parameters name, the free ones as well; ``own`` is the caller.
        """
        pattern = "".join(
            re.escape(part) if number % 2 == 0 else "own" if part in _BOUND else ".+"
            for number, part in enumerate(_PARAMETER.split(self.path))
        )
        path = _PARAMETER.sub(bound_to, other.path)
        return self.method == other.method and re.fullmatch(pattern, path) is not None


def check_bindings(rules: Iterable[RouteRule]) -> None:
    """Check that no rule lets a caller past the binding of another.

    Isolation: a free parameter becomes a wildcard, which in a policy also matches slashes. A rule whose wildcard could
    stand for a path that is bound to another caller would undo that binding.

    Raises
    ------
    ValueError
        One does.
    """
    known = list(rules)
    for free in known:
        for bound in known:
            is_bound = _BOUND & set(_PARAMETER.findall(bound.path))
            if is_bound and free.covers(bound, bound_to="other"):
                raise ValueError(f"{free.path!r} also covers {bound.path!r}, which is bound to its caller.")


@dataclass(frozen=True, kw_only=True)
class RoleRule:
    """A route, and the roles in the active tenant that open it.

    Attributes
    ----------
    route
        The route.
    roles
        The roles, of which one is enough; None if whoever is signed in may use it, also without any tenant.
    """

    route: RouteRule
    roles: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule written as ``GET /parks admin,member``, or ``GET /settings *`` for everybody.

        Raises
        ------
        ValueError
            It is not of that form.
        """
        route, _, roles = text.rpartition(" ")
        rule = RouteRule.parse(route)
        if roles == _ANYBODY:
            return cls(route=rule, roles=None)
        names = frozenset(roles.split(","))
        if not all(name.isidentifier() for name in names):
            raise ValueError(f"Invalid roles {roles!r}: use e.g. 'GET /parks admin,member'.")
        return cls(route=rule, roles=names)

    def opens_to(self, roles: frozenset[str]) -> bool:
        """Whether somebody with these roles may use the route."""
        return self.roles is None or bool(self.roles & roles)


class RoleTable:
    """An API's routes and the roles that open them, declared beside the routes.

    Isolation: roles add up, and what none of a caller's roles opens stays denied, even where the wildcard of another
    route would cover it: API Gateway's wildcards match slashes, so that ``GET /parks/*`` is also ``GET
    /parks/x/webhooks``. Such a route is denied by name.

    Parameters
    ----------
    rules
        The rules; several may be about one route.

    Raises
    ------
    ValueError
        Two routes cannot be kept apart by a policy.
    """

    def __init__(self, rules: Iterable[RoleRule]) -> None:
        self._rules = list(rules)
        check_bindings(rule.route for rule in self._rules)
        self._known = self.roles
        self._denied_to: dict[frozenset[str], list[str]] = {}  # roles that open no route of their own change nothing
        known = sorted(self._known)
        for count in range(len(known) + 1):
            for roles in combinations(known, count):
                held = frozenset(roles)
                denied = self._denied(held)
                self._check(held, denied)
                self._denied_to[held] = [f"{method}{shape}{end}" for method, shape in denied for end in ("", "/")]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a table, a rule a line; see `RoleRule.parse`."""
        return cls(map(RoleRule.parse, text.splitlines()))

    @property
    def roles(self) -> frozenset[str]:
        """All roles that open a route."""
        return frozenset().union(*(rule.roles or frozenset() for rule in self._rules))

    def allowed(self, caller: Caller, roles: frozenset[str]) -> Sequence[str]:
        """Return what a caller may invoke."""
        found = (rule.route.resource(caller) for rule in self._rules if rule.opens_to(roles))
        return list(dict.fromkeys(resource for resource in found if resource))

    def denied(self, roles: frozenset[str]) -> Sequence[str]:
        """Return what somebody with these roles could invoke by the wildcard of a route that is open to them.

        Each is denied with a closing slash as well, with which API Gateway finds the same route.
        """
        return self._denied_to[roles & self._known]

    def _denied(self, roles: frozenset[str]) -> list[tuple[str, str]]:
        opened = [rule.route for rule in self._rules if rule.opens_to(roles)]
        shapes = {(route.method, route.shape) for route in opened}
        denied = {
            (rule.route.method, rule.route.shape)
            for rule in self._rules
            if any(route.covers(rule.route, bound_to="own") for route in opened)
        }
        return sorted(denied - shapes)

    def _check(self, roles: frozenset[str], denied: Iterable[tuple[str, str]]) -> None:
        for method, shape in denied:
            pattern = re.compile(re.escape(shape).replace(r"\*", ".+"))
            for rule in self._rules:
                path = rule.route.shape.replace("*", "any")
                if rule.opens_to(roles) and rule.route.method == method and pattern.fullmatch(path):
                    raise ValueError(
                        f"A policy cannot allow {rule.route.path!r} and deny {shape!r} to {sorted(roles)}."
                    )


def answer(
    caller: Caller,
    *,
    allowed: Sequence[str],
    denied: Sequence[str] = (),
    method_arn: str,
    context: Mapping[str, str],
) -> dict[str, Any]:
    """Return an authorizer's answer: everything that the caller may do at this API and stage, and no more.

    Isolation: API Gateway may keep the answer for the token and apply it to every route, so it lists each route that
    the caller may use with their own ids filled in, rather than allowing the one that happened to be called first.
    The ids are checked (`tenantry.model.identifiers`) and hold no wildcard.

    Parameters
    ----------
    caller
        Who calls.
    allowed, denied
        What they may invoke and what not, as ``GET/tenant/<id>``.
    method_arn
        ARN of the called method; its API and stage are kept, its method and path are not used.
    context
        What is said of the caller to what is behind the API.
    """
    stage_arn = "/".join(method_arn.split("/", 2)[:2])
    statements = []
    if allowed:
        statements.append(_statement("Allow", stage_arn, allowed))
    if denied or not allowed:
        statements.append(_statement("Deny", stage_arn, denied if allowed else ["*"]))
    return {
        "principalId": caller.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": statements},
        "context": dict(context),
    }


def _statement(effect: str, stage_arn: str, resources: Sequence[str]) -> dict[str, Any]:
    arns = [f"{stage_arn}/{resource}" for resource in resources]
    return {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arns}
