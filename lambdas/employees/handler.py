"""Lists, adds, replaces and removes the employees of the caller's tenant, with credentials that reach no other's."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from employees.store import Employees
from tenantry.model.errors import BadRequestError, NotFoundError
from tenantry.model.names import usable_name
from tenantry.runtime.rest import Reply, Request, RestSettings, rest_handler
from tenantry.runtime.vending import TokenVendor


class _Settings(RestSettings):
    employees_table: str


_Id = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9][A-Za-z0-9-]{0,63}\z")]


class Employee(BaseModel):
    """An employee, as the body of a request has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    Id: _Id
    Name: Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(usable_name)]
    Title: Annotated[str, StringConstraints(max_length=256), AfterValidator(usable_name)] = ""


settings = _Settings.load()
vendor = TokenVendor.from_environment()


def route(request: Request) -> Reply:
    """Do what the request asks for in the caller's tenant."""
    caller = request.caller.in_tenant()
    # The one line that matters: from here on, nothing but this tenant's rows can be reached.
    client = vendor.session(caller, "employees").client("dynamodb")
    employees = Employees(client, settings.employees_table, caller.tenant_id)
    match request.route.partition(" ")[0]:
        case "GET":
            return Reply(body={"employees": employees.all()})
        case "POST":
            employee = request.body(Employee)
            employees.add(employee.model_dump())
            return Reply(status=HTTPStatus.CREATED, body={"Id": employee.Id})
        case "PUT":
            employee = request.body(Employee)
            if employee.Id != request.path.get("id"):
                raise BadRequestError("Invalid request body: Id must equal the Id in the path")
            employees.replace(employee.model_dump())
            return Reply(body={"Id": employee.Id})
        case "DELETE":
            employees.remove(_named(request))
            return Reply(status=HTTPStatus.NO_CONTENT, body=None)
        case other:
            raise BadRequestError(f"Unsupported method {other}")


def _named(request: Request) -> str:
    try:
        return TypeAdapter(_Id).validate_python(request.path.get("id"))
    except ValidationError:
        raise NotFoundError("Employee not found") from None


handler = rest_handler(route, cors_headers=settings.cors_headers)
