"""Which keys of a request bind which action, and what actions do: the assumptions about AWS that proofs rest on.

Each list names the page of AWS's service authorization reference that it is from; `tests/prove/test_bindings.py`
compares it with a copy of these pages.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

LEADING_KEYS: Final = frozenset(
    f"dynamodb:{operation}"
    for operation in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
)
"""Actions whose requests name the partition keys of all the rows that they touch, in ``dynamodb:LeadingKeys``.

``Scan`` is not among them, and PartiQL is left out on purpose: what it touches need not be named.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

PREFIX: Final = frozenset({"s3:ListBucket", "s3:ListBucketVersions"})
"""Actions that show only the keys that begin with ``s3:prefix``.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

ENCRYPTION_CONTEXT: Final = frozenset(
    {
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    }
)
"""Actions with a KMS key that name whose data it is for, in ``kms:EncryptionContext``.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

SINGLE_VALUED: Final = frozenset(
    {
        "aws:principalarn",
        "aws:resourceaccount",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:securetransport",
        "kms:viaservice",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:prefix",
        "sns:endpoint",
        "sns:protocol",
    }
)
"""Keys, in lower case, of which a request has one value. All others are taken to have many.

Without ``ForAllValues`` a condition on a key with many values holds as soon as one of them matches.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

_SINGLE_VALUED_FORMS: Final = (
    "aws:principaltag/*",
    "aws:requesttag/*",
    "aws:resourcetag/*",
    "kms:encryptioncontext:*",
    "s3:existingobjecttag/*",
    "s3:requestobjecttag/*",
)


def is_single_valued(key: str) -> bool:
    """Return whether a request has at most one value of a condition key."""
    lower = key.lower()
    return lower in SINGLE_VALUED or any(fnmatchcase(lower, form) for form in _SINGLE_VALUED_FORMS)


def names_what_is_touched(key: str, action: str) -> bool:
    """Return whether a condition key says what an action touches: not who asks, nor by which way."""
    lower = key.lower()
    by_action = {"dynamodb:leadingkeys": LEADING_KEYS, "s3:prefix": PREFIX}
    if lower.startswith("kms:encryptioncontext:"):
        return is_among(action, tuple(ENCRYPTION_CONTEXT))
    if lower in by_action:
        return is_among(action, tuple(by_action[lower]))
    return lower.startswith(("aws:resourcetag/", "s3:existingobjecttag/"))


DESCRIBING: Final = (
    "cognito-idp:DescribeUserPool*",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "kinesis:DescribeStream*",
    "kinesis:ListShards",
    "kms:DescribeKey",
    "s3:GetBucketLocation",
    "s3:GetBucketTagging",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
)
"""Actions that show how a resource is set up, and neither show nor change anything that it holds."""

LOGGING: Final = (
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "logs:DeleteLogDelivery",
    "logs:UpdateLogDelivery",
)
"""Actions that write log lines, or direct where a service writes them, and show none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
"""

BINDING: Final = (
    "iam:*",
    "sts:*",
    "organizations:*",
    "sso:*",
    "ram:*",
    "access-analyzer:*",
    "cloudformation:*",
    "*:*Policy",
    "*:*Policies",
    "*:*Permission",
    "*:*Permissions",
    "*:*Grant",
    "*:*Grants",
    "*:*Tag",
    "*:*Tags",
    "*:TagResource*",
    "*:UntagResource*",
    "*:*BucketAcl",
    "*:*ObjectAcl",
    "*:*ObjectVersionAcl",
    "*:*PublicAccessBlock",
    "*:*BucketOwnershipControls",
    "*:*AccessPoint*",
    "*:ReplicateTags",
    "*:*TagsFromStream",
    "*:*TagsToStream",
    "*:*Tagging",
    "dynamodb:UpdateAbacStatus",
    "iot:SetDefault*",
    "lambda:*Replication",
    "s3:BypassGovernanceRetention",
    "s3:ObjectOwnerOverrideToBucketOwner",
    "sqs:TagQueue",
    "sqs:UntagQueue",
    "sns:SetTopicAttributes",
    "sqs:SetQueueAttributes",
    "lambda:UpdateFunction*",
    "lambda:CreateFunction*",
    "iot:AttachPrincipal*",
    "iot:AttachThingPrincipal",
    "iot:CreateThing*",
    "iot:UpdateThing*",
)
"""Forms of actions that can change what binds a session: policies, permissions, roles, tags and grants.

What only reads these begins with `READING`. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand
has the five levels of access of which "permissions management" and "tagging" are two.
"""

_TAGS_OF_OBJECTS: Final = ("s3:*Object*Tagging",)  # the object's key binds these as it does the object

READING: Final = ("Describe", "Get", "List")


def is_binding(action: str) -> bool:
    """Return whether an action can change what binds a session."""
    name = action.partition(":")[2]
    reads = any(name.startswith(word) for word in READING) and not action.lower().startswith("sts:")
    own = is_among(action, _TAGS_OF_OBJECTS)
    return not reads and not own and is_among(action, BINDING)


def is_among(action: str, forms: tuple[str, ...]) -> bool:
    """Return whether an action has one of some forms."""
    return any(fnmatchcase(action.lower(), form.lower()) for form in forms)


JUDGED: Final = frozenset(
    {
        "apigateway", "athena", "cloudfront", "cloudwatch", "cognito-idp", "dynamodb", "ecr", "events", "execute-api",
        "glue", "iam", "iot", "kinesis", "kinesisanalytics", "kms", "lambda", "logs", "s3", "scheduler", "schemas",
        "secretsmanager", "sns", "sqs", "ssm", "states", "sts", "xray",
    }
)  # fmt: skip
"""Services whose actions are judged. An action of any other is not."""

SOME_ACTIONS: Final = (
    *sorted(LEADING_KEYS),
    "dynamodb:PartiQLSelect",
    "dynamodb:PutResourcePolicy",
    "dynamodb:Scan",
    "events:PutPermission",
    "execute-api:Invoke",
    "iam:PutRolePolicy",
    "kinesis:GetRecords",
    "kinesis:PutRecord",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "lambda:AddPermission",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "logs:FilterLogEvents",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutAccessPointPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutResourcePolicy",
    "sns:AddPermission",
    "sns:Publish",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sqs:AddPermission",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:SetQueueAttributes",
    "states:StartExecution",
    "sts:AssumeRole",
)
"""Actions that a wildcard may stand for, beside one of each service that nobody has thought of."""
