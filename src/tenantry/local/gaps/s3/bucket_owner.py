"""A request can name the account that has to own the bucket.

AWS: a request with `x-amz-expected-bucket-owner`, or `x-amz-source-expected-bucket-owner` for what it copies from, that
names another account than the bucket's owner fails with 403 (AccessDenied); `aws:ResourceAccount` is the owner.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html

MiniStack: ignores both headers, and takes the caller's account for the owner of every bucket.

Here: the headers are compared with the owner, and policies get the owner.
"""

from typing import Any
from urllib.parse import unquote

from ministack.core import iam_evaluator
from ministack.services import s3

from tenantry.local.patching import Original, require, wrap

_ARN = "arn:aws:s3:::"


def close() -> None:
    """Close the gap."""
    require(s3, "_bucket_owner_account", "_error")
    wrap(s3, "_apply_bucket_scope", _of_the_expected_owner)
    wrap(iam_evaluator, "_resolve_condition_key", _knowing_the_owner)


def _of_the_expected_owner(
    apply: Original, method: str, bucket: str, key: str, headers: dict[str, str], *rest: Any
) -> Any:
    source = unquote(headers.get("x-amz-copy-source", "")).lstrip("/").partition("/")[0]
    for name, header in ((bucket, "x-amz-expected-bucket-owner"), (source, "x-amz-source-expected-bucket-owner")):
        expected, owner = headers.get(header), s3._bucket_owner_account(name)
        if expected and owner and expected != owner:
            return s3._error("AccessDenied", "Access Denied", 403, f"/{name}")
    return apply(method, bucket, key, headers, *rest)


def _knowing_the_owner(resolve: Original, key: str, context: Any) -> Any:
    if key.lower() in {"aws:resourceaccount", "s3:resourceaccount"} and context.resource_arn.startswith(_ARN):
        owner = s3._bucket_owner_account(context.resource_arn.removeprefix(_ARN).partition("/")[0])
        if owner:
            return owner
    return resolve(key, context)
