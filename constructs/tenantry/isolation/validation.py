"""Checks of what constructs are given, before anything is made of it.

A token, whose value is known when the stack is deployed, passes unchecked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Token

from tenantry.model.placeholders import TENANT_NAME


@dataclass(frozen=True)
class _Form:
    """What a text must be. Called with a text, it returns it or says what is wrong with it."""

    what: str
    pattern: str
    remedy: str

    def __call__(self, value: str) -> str:
        return self.check(value, value)

    def check(self, value: str, text: str) -> str:
        """Return a value of which `text` has the form."""
        form = re.compile(self.pattern, re.ASCII | re.DOTALL)
        if isinstance(value, str) and (Token.is_unresolved(value) or form.fullmatch(text)):
            return value
        raise ValueError(f"The {self.what} {value!r} is not valid: {self.remedy}.")


class _TenantsForm(_Form):
    """The form of a name that each tenant has, with a placeholder for the tenant."""

    def __call__(self, value: str) -> str:
        if not isinstance(value, str) or value.count(TENANT_NAME) != 1:
            raise ValueError(
                f"The {self.what} {value!r} is not valid: put TENANT_NAME ({TENANT_NAME!r}) into it once, so that each "
                "tenant has one."
            )
        return self.check(value, value.replace(TENANT_NAME, _LONGEST_TENANT))


def _tenants_form(what: str, pattern: str, most: int) -> _TenantsForm:
    allowed = f"lower-case letters, digits and '-', {most} characters at most with a tenant of {len(_LONGEST_TENANT)}"
    return _TenantsForm(what, pattern, f"use {allowed}")


_GREEDY: Final = "+}"
_LONGEST_TENANT: Final = "t" * 38
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_TABLE: Final = (r"[A-Za-z0-9_.-]{3,255}", "use 3 to 255 letters, digits, '_', '.' and '-'")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.html
_ACCESS_POINT: Final = r"(?!.*-s3alias$)[a-z0-9][a-z0-9-]{1,48}[a-z0-9]"

_PATH: Final = _Form(
    "API path",
    r"/|(/([A-Za-z0-9._~-]+|\{[A-Za-z0-9._-]+\+?\}))+",
    "begin with '/', write a parameter as '{name}', and leave out a '/' at the end",
)
# The methods that the CORS headers of every API allow.
http_method: Final = _Form("HTTP method", "GET|PUT|POST|DELETE", "use one of GET, PUT, POST, DELETE, in upper case")
attribute_name: Final = _Form("attribute name", ".{1,255}", "use 1 to 255 characters")
table_name: Final = _Form("table name", *_TABLE)
index_name: Final = _Form("index name", *_TABLE)
bucket_name: Final = _Form(
    "bucket name",
    _BUCKET,
    "use 3 to 63 lower-case letters, digits, '.' and '-', begin and end with a letter or digit, and give no IP address",
)
tenants_bucket_name: Final = _tenants_form("bucket name", _BUCKET, 63)
tenants_access_point_name: Final = _tenants_form("access point name", _ACCESS_POINT, 50)
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
bus_name: Final = _Form("event bus name", "[A-Za-z0-9._-]{1,256}", "use 1 to 256 letters, digits, '.', '_' and '-'")
event_source: Final = _Form(
    "event source",
    r"(?!aws\.)[A-Za-z0-9._-]{1,256}",
    "use 1 to 256 letters, digits, '.', '_' and '-', and do not begin with 'aws.'",
)
detail_type: Final = _Form(
    "detail-type",
    "[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}",
    "use 1 to 128 letters, digits, spaces, '.', '_' and '-'",
)
# The value of a session tag as well.
purpose_name: Final = _Form("purpose", "[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "use 1 to 64 letters, digits, '_' and '-'")
# Names a part of the reply of whoever shows usage.
counter_name: Final = _Form(
    "counter name",
    "(?!failed$)[a-z][a-z0-9_]{0,31}",
    "use 1 to 32 lower-case letters, digits and '_', a letter first, not 'failed'",
)
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
parameter_path: Final = _Form(
    "parameter path",
    "(/[A-Za-z0-9_.-]+)+",
    "begin with '/', leave out a '/' at the end, and use letters, digits, '_', '.' and '-' between",
)
# Of a Glue database that Athena can query.
database_name: Final = _Form("database name", "[a-z0-9_]{1,255}", "use lower-case letters, digits and '_'")
# The name of an API behind a page.
path_segment: Final = _Form("API name", "[a-z0-9][a-z0-9-]*", "use lower-case letters, digits and '-'")
# It stands in search expressions.
application_name: Final = _Form(
    "application name", "[A-Za-z0-9][A-Za-z0-9_.-]*", "use letters, digits, '_', '.' and '-'"
)


def api_path(value: str) -> str:
    """Return the path of a route, each of whose parameters is a segment of its own, and named once.

    A parameter that takes all that follows, as ``{proxy+}`` does, is the last.
    """
    _PATH(value)
    if _GREEDY in value.removesuffix(_GREEDY):
        raise ValueError(f"The API path {value!r} is not valid: a parameter with '+' takes the rest, so put it last.")
    names = [name.removesuffix("+") for name in re.findall(r"\{([^}]+)\}", value)]
    if len(names) != len(set(names)):
        raise ValueError(f"The API path {value!r} is not valid: give each parameter a name of its own.")
    return value
