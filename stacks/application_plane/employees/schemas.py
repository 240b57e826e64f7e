"""What goes in and out of the employees API, for its document."""

from __future__ import annotations

from typing import Final

from stacks.platform.name_schemas import name_schema
from stacks.platform.schema_parts import TEXT, object_schema
from tenantry.isolation.api import Parameter, Schema

_EMPLOYEE_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"}
_EMPLOYEE_NAME: Final = name_schema()
_EMPLOYEE_TITLE: Final = name_schema(shortest=0)
EMPLOYEE_ID: Final = Parameter(name="id", where="path", schema=_EMPLOYEE_ID)
EMPLOYEE: Final = Schema(
    name="Employee", definition=object_schema(Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, optional={"Title": _EMPLOYEE_TITLE})
)
EMPLOYEES: Final = Schema(
    name="Employees",
    definition=object_schema(
        employees={
            "type": "array",
            "items": object_schema(Tenant=TEXT, Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, Title=_EMPLOYEE_TITLE),
        }
    ),
)
EMPLOYEE_KEY: Final = Schema(name="EmployeeKey", definition=object_schema(Id=_EMPLOYEE_ID))
