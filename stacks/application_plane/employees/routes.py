"""The routes of the employees API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.application_plane.employees import schemas
from tenantry.isolation.api import Answer, Route
from tenantry.model.roles import READERS, WRITERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction


def employee_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes to the function."""
    return [
        Route(
            method="GET",
            path="/employees",
            handler=function,
            roles=READERS,
            summary="List the employees of the caller's tenant",
            answers={200: Answer(description="All employees of the tenant", schema=schemas.EMPLOYEES)},
        ),
        Route(
            method="POST",
            path="/employees",
            handler=function,
            roles=WRITERS,
            takes=schemas.EMPLOYEE,
            summary="Add an employee",
            answers={
                201: Answer(description="Added", schema=schemas.EMPLOYEE_KEY),
                409: Answer.refusal("An employee with this Id already exists"),
            },
        ),
        Route(
            method="PUT",
            path="/employees/{id}",
            handler=function,
            roles=WRITERS,
            takes=schemas.EMPLOYEE,
            summary="Replace an employee; the Id in the body must equal the Id in the path",
            parameters=[schemas.EMPLOYEE_ID],
            answers={
                200: Answer(description="Replaced", schema=schemas.EMPLOYEE_KEY),
                404: Answer.refusal("Employee not found in the caller's tenant"),
            },
        ),
        Route(
            method="DELETE",
            path="/employees/{id}",
            handler=function,
            roles=[Role.ADMIN],
            summary="Remove an employee",
            parameters=[schemas.EMPLOYEE_ID],
            answers={
                204: Answer(description="Removed"),
                404: Answer.refusal("Employee not found in the caller's tenant"),
            },
        ),
    ]
