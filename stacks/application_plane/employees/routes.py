"""The routes of the employees API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stacks.application_plane.employees import schemas
from stacks.platform.routes import route
from tenantry.isolation.api import Answer
from tenantry.model.roles import READERS, WRITERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Route


def employee_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes to the function."""
    employees = partial(route, handler=function)
    return [
        employees(
            "GET /employees",
            "List the employees of the caller's tenant",
            {200: Answer("All employees of the tenant", schemas.EMPLOYEES)},
            roles=READERS,
        ),
        employees(
            "POST /employees",
            "Add an employee",
            {
                201: Answer("Added", schemas.EMPLOYEE_KEY),
                409: Answer.refusal("An employee with this Id already exists"),
            },
            roles=WRITERS,
            takes=schemas.EMPLOYEE,
        ),
        employees(
            "PUT /employees/{id}",
            "Replace an employee; the Id in the body must equal the Id in the path",
            {
                200: Answer("Replaced", schemas.EMPLOYEE_KEY),
                404: Answer.refusal("Employee not found in the caller's tenant"),
            },
            roles=WRITERS,
            takes=schemas.EMPLOYEE,
            parameters=[schemas.EMPLOYEE_ID],
        ),
        employees(
            "DELETE /employees/{id}",
            "Remove an employee",
            {204: Answer("Removed"), 404: Answer.refusal("Employee not found in the caller's tenant")},
            roles=[Role.ADMIN],
            parameters=[schemas.EMPLOYEE_ID],
        ),
    ]
