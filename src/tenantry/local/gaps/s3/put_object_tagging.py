"""Writing an object with tags requires the permission to tag it.

AWS: PutObject with the header `x-amz-tagging` needs `s3:PutObjectTagging` besides `s3:PutObject`, and the condition
keys of the tags hold for both.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

MiniStack: requires `s3:PutObject` only.

Here: both are required.
"""

from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl

from ministack.core import iam_actions, iam_evaluator

from tenantry.local.patching import Fields, Original, require, wrap

#: Both replace: iam_evaluator.enforce.
AFTER = ("dynamodb.attributes",)

_ACTION = "s3:PutObjectTagging"
#: The tags of the object that the request at hand writes.
_tags: ContextVar[dict[str, str]] = ContextVar("_tags", default={})  # noqa: B039 - never changed


def close() -> None:
    """Close the gap."""
    require(iam_actions, "_s3_action")
    wrap(iam_actions, "s3_additional_checks", _with_tagging)
    wrap(iam_evaluator, "enforce", _with_the_tags_of_a_new_object)


def _with_tagging(
    checks_of: Original, method: str, path: str, headers: dict[str, str], body: bytes, query: Fields
) -> list[tuple[str, str]]:
    checks = checks_of(method, path, headers, body, query)
    writes = iam_actions._s3_action(method, path, query) == "PutObject"
    tags = dict(parse_qsl(headers.get("x-amz-tagging") or "", keep_blank_values=True)) if writes else {}
    _tags.set(tags)
    return [*checks, (_ACTION, f"arn:aws:s3:::{path.lstrip('/')}")] if tags else checks


def _with_the_tags_of_a_new_object(enforce: Original, access_key: str, action: str, *rest: Any, **named: Any) -> Any:
    if action == _ACTION and (tags := _tags.get()):
        _tags.set({})
        named["service_context"] = {
            **(named.get("service_context") or {}),
            **{f"s3:RequestObjectTag/{name}": value for name, value in tags.items()},
            "s3:RequestObjectTagKeys": list(tags),
        }
    return enforce(access_key, action, *rest, **named)
