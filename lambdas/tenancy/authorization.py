"""The policy that an authorizer returns to API Gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenancy.caller import Caller

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_BOUND: Final = frozenset({"tenantId", "userId"})


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
            raise ValueError(f"Not a route: {text!r}. Use e.g. 'GET /tenant/{{tenantId}}'.")
        return cls(method=method, path=path)

    @classmethod
    def parse_all(cls, text: str) -> list[Self]:
        """Read the rules of an API, one a line.

        Isolation: a free parameter becomes a wildcard, which in a policy also matches slashes. A rule whose wildcard
        could stand for a path that is bound to a caller would undo that binding, and is refused.

        Raises
        ------
        ValueError
            A line is no route, or a free parameter covers another route that is bound to its caller.
        """
        rules = [cls.parse(line) for line in text.splitlines()]
        for free in rules:
            covers = re.compile(_PARAMETER.sub(".+", free.path))
            for bound in rules:
                if free.is_free and bound.is_bound and free.method == bound.method and covers.fullmatch(bound.path):
                    raise ValueError(f"{free.path!r} also covers {bound.path!r}, which is bound to its caller.")
        return rules

    @property
    def is_bound(self) -> bool:
        """Whether a parameter has to name the caller."""
        return bool(_BOUND & set(_PARAMETER.findall(self.path)))

    @property
    def is_free(self) -> bool:
        """Whether a parameter may be anything."""
        return bool(set(_PARAMETER.findall(self.path)) - _BOUND)

    def resource(self, caller: Caller) -> str | None:
        """Return what the caller may invoke, as ``GET/tenant/<id>``; None when they lack what the path names."""
        values = {"tenantId": caller.tenant_id, "userId": caller.user_id}
        if any(values.get(name, "*") is None for name in _PARAMETER.findall(self.path)):
            return None
        return self.method + _PARAMETER.sub(lambda found: str(values.get(found[1], "*")), self.path)


def policy(caller: Caller, rules: Iterable[RouteRule], method_arn: str) -> dict[str, Any]:
    """Return an authorizer's answer: everything that the caller may do at this API and stage, and no more.

    Isolation: API Gateway keeps the answer for the token and applies it to every route, so it lists each route that
    the caller may use with their own ids filled in, rather than allowing the one that happened to be called first.
    The ids are checked (`tenancy.identifiers`) and hold no wildcard.

    Parameters
    ----------
    caller
        From verified claims.
    rules
        The API's routes.
    method_arn
        ARN of the called method; its API and stage are kept, its method and path are not used.
    """
    stage_arn = "/".join(method_arn.split("/", 2)[:2])
    resources = [f"{stage_arn}/{resource}" for rule in rules if (resource := rule.resource(caller))]
    statement = (
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resources}
        if resources
        else {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [f"{stage_arn}/*"]}
    )
    return {
        "principalId": caller.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": caller.to_authorizer(),
    }
