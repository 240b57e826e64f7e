"""Policies can depend on the tags of an object.

AWS: `s3:RequestObjectTag/x` and `s3:RequestObjectTagKeys` hold the tags that a request sets, `s3:ExistingObjectTag/x`
those that the object has.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html

MiniStack: has neither on the calls that read or write tags and permissions.

Here: both are present.
"""

from urllib.parse import parse_qsl

from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3

from tenantry.local.patching import Fields, Original, require, wrap

_SETTING_TAGS = {"s3:PutObjectTagging", "s3:PutObjectVersionTagging"}
_ON_AN_OBJECT = {
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:DeleteObjectTagging",
    "s3:GetObjectAcl",
    "s3:PutObjectAcl",
}


def close() -> None:
    """Close the gap."""
    require(s3, "object_tags_for_condition")
    require(iam_evaluator, "_signed_request")
    wrap(iam_actions, "s3_service_context", _with_tags)


def _with_tags(
    context_of: Original, action: str, query: Fields, path: str = "", headers: dict[str, str] | None = None
) -> Fields:
    context: Fields = context_of(action, query, path, headers)
    requested = _requested(action, headers or {})
    context.update({f"s3:RequestObjectTag/{name}": value for name, value in requested.items()})
    if requested:
        context["s3:RequestObjectTagKeys"] = list(requested)
    bucket, _, key = path.lstrip("/").partition("/")
    if key and action in _ON_AN_OBJECT:
        existing = s3.object_tags_for_condition(bucket, key, query or {})
        context.update({f"s3:ExistingObjectTag/{name}": value for name, value in existing.items()})
    return context


def _requested(action: str, headers: dict[str, str]) -> dict[str, str]:
    if action == "s3:PutObject":
        return dict(parse_qsl(headers.get("x-amz-tagging") or "", keep_blank_values=True))
    request = iam_evaluator._signed_request.get()
    if action not in _SETTING_TAGS or request is None:
        return {}
    try:
        root = fromstring(request.body)
    except ParseError:
        return {}
    tags = [tag for tag in root.iter() if tag.tag.rpartition("}")[2] == "Tag"]
    parts = [{part.tag.rpartition("}")[2]: part.text or "" for part in tag} for tag in tags]
    return {part.get("Key", ""): part.get("Value", "") for part in parts}
