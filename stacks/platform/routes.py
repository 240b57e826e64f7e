"""Routes of the stacks' APIs, each by a rule such as ``GET /employees``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from tenantry.isolation.api import Access, Answer, Parameter, Route, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_lambda as lambda_

    from tenantry.isolation.direct import ServiceIntegration


BAD_ID: Final = Answer.refusal("Malformed path or query parameter; the message names it")
UNFINISHED: Final = Answer.refusal("The change is incomplete and is in a dead-letter queue; send the request again")


class _More(TypedDict, total=False):
    access: Access
    roles: Sequence[str]
    own_roles: Sequence[str]
    takes: Schema
    parameters: Sequence[Parameter]


def route(
    rule: str,
    summary: str,
    answers: Mapping[int, Answer],
    *,
    handler: lambda_.IFunction | ServiceIntegration,
    **more: Unpack[_More],
) -> Route:
    """Return the route of a method and a path, with what else `Route` takes."""
    method, path = rule.split()
    return Route(method=method, path=path, handler=handler, summary=summary, answers=answers, **more)
