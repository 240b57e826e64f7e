"""Checks of what constructs are given, before anything is made of it.

A token, whose value is known when the stack is deployed, passes unchecked.
"""

from __future__ import annotations

import re
from typing import Final

from aws_cdk import Token

from tenantry.model.placeholders import TENANT_NAME

METHODS: Final = ("GET", "PUT", "POST", "DELETE")
"""The methods that a route may have: those that the CORS headers of every API allow."""
_PATH: Final = re.compile(r"/|(/([A-Za-z0-9._~-]+|\{[A-Za-z0-9._-]+\+?\}))+", re.ASCII)
_PARAMETER: Final = re.compile(r"\{([^}]+)\}")
_GREEDY: Final = "+}"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_TABLE: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}", re.ASCII)
_ATTRIBUTE: Final = re.compile(r".{1,255}", re.DOTALL)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.html
_ACCESS_POINT: Final = re.compile(r"(?!.*-s3alias$)[a-z0-9][a-z0-9-]{1,48}[a-z0-9]", re.ASCII)
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
_BUS: Final = re.compile(r"[A-Za-z0-9._-]{1,256}", re.ASCII)
_SOURCE: Final = re.compile(r"(?!aws\.)[A-Za-z0-9._-]{1,256}", re.ASCII)
_DETAIL_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}", re.ASCII)
_PURPOSE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_DATABASE: Final = re.compile(r"[a-z0-9_]{1,255}", re.ASCII)
_COUNTER: Final = re.compile(r"(?!failed$)[a-z][a-z0-9_]{0,31}", re.ASCII)
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER_PATH: Final = re.compile(r"(/[A-Za-z0-9_.-]+)+", re.ASCII)
_API: Final = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_APPLICATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_LONGEST_TENANT: Final = "t" * 38


def http_method(value: str) -> str:
    """Return the method of a route."""
    if value not in METHODS and not Token.is_unresolved(value):
        raise ValueError(f"The HTTP method {value!r} is not valid: use one of {', '.join(METHODS)}, in upper case.")
    return value


def api_path(value: str) -> str:
    """Return the path of a route, each of whose parameters is a segment of its own, and named once.

    A parameter that takes all that follows, as ``{proxy+}`` does, is the last.
    """
    _check("API path", value, _PATH, "begin with '/', write a parameter as '{name}', and leave out a '/' at the end")
    if _GREEDY in value.removesuffix(_GREEDY):
        raise ValueError(f"The API path {value!r} is not valid: a parameter with '+' takes the rest, so put it last.")
    names = [name.removesuffix("+") for name in _PARAMETER.findall(value)]
    if len(names) != len(set(names)):
        raise ValueError(f"The API path {value!r} is not valid: give each parameter a name of its own.")
    return value


def attribute_name(value: str) -> str:
    """Return the name of an attribute of a DynamoDB table."""
    return _check("attribute name", value, _ATTRIBUTE, "use 1 to 255 characters")


def table_name(value: str) -> str:
    """Return the name of a DynamoDB table."""
    return _check("table name", value, _TABLE, "use 3 to 255 letters, digits, '_', '.' and '-'")


def index_name(value: str) -> str:
    """Return the name of an index of a DynamoDB table."""
    return _check("index name", value, _TABLE, "use 3 to 255 letters, digits, '_', '.' and '-'")


def bucket_name(value: str) -> str:
    """Return the name of an S3 bucket."""
    return _check(
        "bucket name",
        value,
        _BUCKET,
        "use 3 to 63 lower-case letters, digits, '.' and '-', begin and end with a letter or digit, and give no IP "
        "address",
    )


def tenants_bucket_name(value: str) -> str:
    """Return the name of a bucket that each tenant has, with a placeholder for the tenant."""
    return _of_tenant("bucket name", value, _BUCKET, 63)


def tenants_access_point_name(value: str) -> str:
    """Return the name of an access point that each tenant has, with a placeholder for the tenant."""
    return _of_tenant("access point name", value, _ACCESS_POINT, 50)


def bus_name(value: str) -> str:
    """Return the name of an event bus."""
    return _check("event bus name", value, _BUS, "use 1 to 256 letters, digits, '.', '_' and '-'")


def event_source(value: str) -> str:
    """Return the source of an event."""
    return _check(
        "event source", value, _SOURCE, "use 1 to 256 letters, digits, '.', '_' and '-', and do not begin with 'aws.'"
    )


def detail_type(value: str) -> str:
    """Return the detail-type of an event."""
    return _check("detail-type", value, _DETAIL_TYPE, "use 1 to 128 letters, digits, spaces, '.', '_' and '-'")


def purpose_name(value: str) -> str:
    """Return the name of a purpose, which is the value of a session tag as well."""
    return _check("purpose", value, _PURPOSE, "use 1 to 64 letters, digits, '_' and '-'")


def counter_name(value: str) -> str:
    """Return the name of a counter of usage, which names a part of the reply."""
    return _check(
        "counter name", value, _COUNTER, "use 1 to 32 lower-case letters, digits and '_', a letter first, not 'failed'"
    )


def parameter_path(value: str) -> str:
    """Return a path in Parameter Store."""
    return _check(
        "parameter path",
        value,
        _PARAMETER_PATH,
        "begin with '/', leave out a '/' at the end, and use letters, digits, '_', '.' and '-' between",
    )


def database_name(value: str) -> str:
    """Return the name of a Glue database that Athena can query."""
    return _check("database name", value, _DATABASE, "use lower-case letters, digits and '_'")


def path_segment(value: str) -> str:
    """Return the name of an API behind a page, which is a segment of the path."""
    return _check("API name", value, _API, "use lower-case letters, digits and '-'")


def application_name(value: str) -> str:
    """Return the name of an application, which stands in search expressions."""
    return _check("application name", value, _APPLICATION, "use letters, digits, '_', '.' and '-'")


def _of_tenant(what: str, value: str, pattern: re.Pattern[str], most: int) -> str:
    if value.count(TENANT_NAME) != 1:
        raise ValueError(
            f"The {what} {value!r} is not valid: put TENANT_NAME ({TENANT_NAME!r}) into it once, so that each tenant "
            "has one."
        )
    longest = value.replace(TENANT_NAME, _LONGEST_TENANT)
    remedy = (
        f"use lower-case letters, digits and '-', {most} characters at most with a tenant of {len(_LONGEST_TENANT)}"
    )
    if not (Token.is_unresolved(value) or pattern.fullmatch(longest)):
        raise ValueError(f"The {what} {value!r} is not valid: {remedy}.")
    return value


def _check(what: str, value: str, pattern: re.Pattern[str], remedy: str) -> str:
    if Token.is_unresolved(value) or pattern.fullmatch(value):
        return value
    raise ValueError(f"The {what} {value!r} is not valid: {remedy}.")
