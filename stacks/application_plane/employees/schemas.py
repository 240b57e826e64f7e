"""What goes in and out of the employees API, for its document."""

from __future__ import annotations

from typing import Final

from stacks.platform.schema_parts import TEXT, body, name_schema
from tenantry.isolation.api import Parameter
from tenantry.isolation.documentation import array, object_schema

_EMPLOYEE_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"}
_EMPLOYEE_NAME: Final = name_schema()
_EMPLOYEE_TITLE: Final = name_schema(shortest=0)
EMPLOYEE_ID: Final = Parameter(name="id", where="path", schema=_EMPLOYEE_ID)
EMPLOYEE: Final = body("Employee", {"Id": _EMPLOYEE_ID, "Name": _EMPLOYEE_NAME}, optional={"Title": _EMPLOYEE_TITLE})
EMPLOYEES: Final = body(
    "Employees",
    {
        "employees": array(
            object_schema({"Tenant": TEXT, "Id": _EMPLOYEE_ID, "Name": _EMPLOYEE_NAME, "Title": _EMPLOYEE_TITLE})
        )
    },
)
EMPLOYEE_KEY: Final = body("EmployeeKey", {"Id": _EMPLOYEE_ID})
