"""Only the holder of the root access key is root.

AWS: a request is the root user's if the root access key has signed it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html

MiniStack: accepts the key `test`, any twelve digits and the configured key as root's, verifies no signature made with
one of them, and allows requests without a key to list and create buckets.

Here: root's key is the configured one, random for each installation, and its signature is verified like any other.
"""

import os
from functools import partial
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import sts

from tenantry.local.patching import Original, replace, require, wrap

_ACCOUNT_WIDE = {"s3:ListAllMyBuckets", "s3:CreateBucket"}


def close() -> None:
    """Close the gap."""
    require(iam_evaluator, "_anonymous", "EvalResult")
    root_key = os.environ["AWS_ACCESS_KEY_ID"]
    for module in (iam_evaluator, sts):
        # An empty key: MiniStack's own calls, and requests without credentials, which it has refused or judged before.
        replace(module, "is_root_access_key", lambda key: not key or key == root_key)
    # The keys whose signature goes unverified.
    replace(iam_evaluator, "_is_root_key", lambda key: not key)
    wrap(iam_evaluator, "resolve_caller_identity", partial(_knowing_root, root_key))
    wrap(iam_evaluator, "enforce", _refusing_strangers)


def _knowing_root(root_key: str, resolve: Original, key: str) -> Any:
    if key != root_key:
        return resolve(key)
    account = get_account_id()
    return {
        "accessKey": key,
        "accountId": account,
        "userArn": f"arn:aws:iam::{account}:root",
        "userId": account,
        "principalOrgId": None,
        "session": None,
    }


def _refusing_strangers(enforce: Original, key: str, action: str, *arguments: Any, **named: Any) -> Any:
    if action in _ACCOUNT_WIDE and iam_evaluator._anonymous.get():
        return iam_evaluator.EvalResult("ImplicitDeny", "anonymous")
    return enforce(key, action, *arguments, **named)
