"""S3 refuses invalid bucket policies, and keys and tags that are too long.

AWS: refuses a policy without a principal, with a principal of this account that does not exist, with a resource that is
not of the bucket, with more than 20 KB; a key of more than 1,024 bytes; a tag's key of more than 128 characters and a
value of more than 256. CloudFormation sets policies by the same call.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

MiniStack: keeps any policy, key and tag.

Here: as on AWS.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from ministack.core.responses import get_account_id
from ministack.services import iam, s3

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

_POLICY_BYTES = 20 * 1024
_KEY_BYTES = 1024
_TAG_KEY, _TAG_VALUE = 128, 256
_IDENTITY = re.compile(r"arn:aws:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")


def close() -> None:
    """Close the gap."""
    require(s3, "_error", "_no_such_bucket")
    require(iam, "_roles", "_users")
    wrap(s3, "_put_bucket_policy", _checked_policy)
    wrap(s3, "_put_object", _checked_object)
    cloudformation.before("AWS::S3::BucketPolicy", _template_problem)


def _checked_policy(put: Original, name: str, body: bytes) -> Any:
    if problem := _problem(name, body.decode(errors="replace")):
        return s3._error("MalformedPolicy", problem, 400)
    return put(name, body)


def _template_problem(properties: Fields) -> str:
    document = properties.get("PolicyDocument")
    return _problem(str(properties.get("Bucket")), document if isinstance(document, str) else json.dumps(document))


def _problem(bucket: str, text: str) -> str:
    """Return what is wrong with a policy; empty when nothing is."""
    if len(text.encode()) > _POLICY_BYTES:
        return "Policy exceeds the maximum allowed document size."
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, TypeError, KeyError):
        return "This policy contains invalid Json"
    for statement in [statements] if isinstance(statements, dict) else statements:
        if not {"Principal", "NotPrincipal"} & set(statement):
            return "Missing required field Principal"
        if unknown := next(_unknown(statement.get("Principal")), None):
            return f"Invalid principal in policy: {unknown}"
        arn = f"arn:aws:s3:::{bucket}"
        for resource in _listed(statement.get("Resource")):
            if resource != arn and not resource.startswith(f"{arn}/"):
                return f"Policy has invalid resource: {resource}"
    return ""


def _unknown(principal: object) -> Iterator[str]:
    for arn in _listed(principal.get("AWS")) if isinstance(principal, dict) else []:
        found = _IDENTITY.fullmatch(arn)
        if found and found[1] == get_account_id():
            known = iam._roles if found[2] == "role" else iam._users
            if found[3] not in known:
                yield arn


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []


def _checked_object(put: Original, bucket: str, key: str, body: bytes, headers: dict[str, str]) -> Any:
    if len(key.encode()) > _KEY_BYTES:
        return s3._error("KeyTooLongError", "Your key is too long", 400)
    tagging = next((value for name, value in headers.items() if name.lower() == "x-amz-tagging"), "")
    for name, value in parse_qsl(tagging, keep_blank_values=True):
        if len(name) > _TAG_KEY or len(value) > _TAG_VALUE:
            return s3._error("InvalidTag", "The TagKey or TagValue you have provided is invalid", 400)
    return put(bucket, key, body, headers)
