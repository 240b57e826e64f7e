"""CloudFormation does not delete a bucket with content, or a protected table or user pool.

AWS: a bucket with an object, a version, a delete marker or an access point is not deleted, nor a table or a user pool
that is protected against it, nor a user pool that has a domain; the stack ends in DELETE_FAILED, with what is left.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html

MiniStack: deletes them with their content, though its `DeleteBucket` and `DeleteTable` refuse; `DeleteUserPool`
does not.

Here: CloudFormation asks the services, and `DeleteUserPool` refuses.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito, dynamodb, s3

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

_Reply = tuple[int, Any, Any]


def close() -> None:
    """Close the gap."""
    require(s3, "_delete_bucket", "_buckets")
    require(dynamodb, "_delete_table", "_tables")
    require(cognito, "_resolve_pool", "_user_pools")
    wrap(cognito, "_delete_user_pool", _unless_protected)
    _ask("AWS::S3::Bucket", lambda: s3._buckets, s3._delete_bucket)
    _ask("AWS::DynamoDB::Table", lambda: dynamodb._tables, lambda name: dynamodb._delete_table({"TableName": name}))
    _ask(
        "AWS::Cognito::UserPool",
        lambda: cognito._user_pools,
        lambda pool: cognito._delete_user_pool({"UserPoolId": pool}),
    )


def _ask(resource_type: str, known: Callable[[], Any], delete: Callable[[str], _Reply]) -> None:
    forget = cloudformation.handlers(resource_type)["delete"]

    def delete_if_allowed(name: str, properties: Fields) -> None:
        if name in known():  # it may have been deleted
            status, _, body = delete(name)
            if status >= 400:  # noqa: PLR2004 - HTTP's first error
                raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
        forget(name, properties)

    cloudformation.handlers(resource_type)["delete"] = delete_if_allowed


def _unless_protected(delete: Original, data: Fields) -> Any:
    pool = cognito._user_pools.get(data.get("UserPoolId")) or {}
    problem = ""
    if pool.get("DeletionProtection") == "ACTIVE":
        problem = "The user pool cannot be deleted because deletion protection is activated."
    elif pool.get("Domain") or pool.get("CustomDomain"):
        problem = "User pool cannot be deleted. It has a domain configured that should be deleted first."
    return error_response_json("InvalidParameterException", problem, 400) if problem else delete(data)
