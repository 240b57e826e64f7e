"""Lists, adds, replaces and removes the employees of the caller's tenant, with credentials that reach no other's."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from msgspec import Meta, to_builtins

from employees.store import Employees
from tenantry.model.errors import BadRequestError, NotFoundError
from tenantry.model.names import name_refusal
from tenantry.runtime.inputs import Input, refuse
from tenantry.runtime.rest import Request, RestSettings, created, no_content, rest_handler
from tenantry.runtime.vending import TokenVendor


class _Settings(RestSettings):
    employees_table: str


_ID: Final = r"\A[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z"


class Employee(Input, frozen=True):
    """An employee, as the body of a request has it."""

    Id: Annotated[str, Meta(pattern=_ID)]
    Name: Annotated[str, Meta(min_length=1, max_length=256)]
    Title: Annotated[str, Meta(max_length=256)] = ""

    def __post_init__(self) -> None:
        """Refuse text that is no name."""
        refuse("Name", name_refusal(self.Name))
        refuse("Title", name_refusal(self.Title))


settings = _Settings.load()
vendor = TokenVendor.from_environment()


def list_employees(request: Request) -> dict[str, Any]:
    """Return the employees of the caller's tenant."""
    return {"employees": _employees(request).all()}


def add_employee(request: Request) -> dict[str, Any]:
    """Add an employee."""
    employees, employee = _employees(request), request.body(Employee)
    employees.add(to_builtins(employee))
    return {"Id": employee.Id}


def replace_employee(request: Request) -> dict[str, Any]:
    """Replace an employee."""
    employees, employee = _employees(request), request.body(Employee)
    if employee.Id != request.path.get("id"):
        raise BadRequestError("Invalid request body: Id must equal the Id in the path")
    employees.replace(to_builtins(employee))
    return {"Id": employee.Id}


def remove_employee(request: Request) -> None:
    """Remove an employee."""
    _employees(request).remove(_named(request))


def _employees(request: Request) -> Employees:
    caller = request.caller.in_tenant()
    # The one line that matters: from here on, nothing but this tenant's rows can be reached.
    client = vendor.session(caller, "employees").client("dynamodb")
    return Employees(client, settings.employees_table, caller.tenant_id)


def _named(request: Request) -> str:
    named = request.path.get("id", "")
    if not re.search(_ID, named):
        raise NotFoundError("Employee not found")
    return named


handler = rest_handler(
    {
        "GET /employees": list_employees,
        "POST /employees": created(add_employee),
        "PUT /employees/{id}": replace_employee,
        "DELETE /employees/{id}": no_content(remove_employee),
    },
    cors_headers=settings.cors_headers,
)
