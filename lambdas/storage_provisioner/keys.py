"""A tenant's own KMS key: found by its alias, or made by one run alone."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.tags import TENANT_ID_TAG, principal_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_kms import KMSClient

    from tenantry.model.identifiers import TenantId

# A key is made in about two seconds; whoever waits for it gives up before the function's own time is over.
_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 0.5


class KeyIsBeingMadeError(Exception):
    """Another run makes the tenant's key and has not finished; trying again finds it."""


@dataclass(frozen=True, kw_only=True)
class KeyMaker:
    """Makes tenants' keys.

    Isolation: a key refuses every session that is tagged with another tenant than the one it was made for, whatever
    the session's own policies say. What its maker may do with it, its own policy says: give it its alias and have it
    rotated. The maker has no grant of its own on any key, so that it can neither use one nor delete one.

    Attributes
    ----------
    kms
        KMS, with the maker's credentials.
    account, partition
        Where the keys are.
    maker_role
        ARN of the maker's role.
    """

    kms: KMSClient
    account: str
    partition: str
    maker_role: str

    def key(self, alias: str, tenant: TenantId, take_turn: Callable[[TenantId], bool]) -> str:
        """Return the ARN of the key with this alias, which is made if there is none.

        Parameters
        ----------
        alias, tenant
            Which key, and whose.
        take_turn
            Returns whether this run alone may make the key. A second key could not be taken back.

        Raises
        ------
        KeyIsBeingMadeError
            Another run is making it and takes its time.
        botocore.exceptions.ClientError
            KMS refuses.
        """
        for _ in range(_LOOKS):
            try:
                return _arn(self.kms.describe_key(KeyId=alias))
            except self.kms.exceptions.NotFoundException:
                if take_turn(tenant):
                    return self._make(alias, tenant)
            time.sleep(_PAUSE_SECONDS)
        raise KeyIsBeingMadeError(f"Another run is creating {alias}. Try again in a minute.")

    def has(self, alias: str) -> bool:
        """Return whether there is a key with this alias."""
        try:
            self.kms.describe_key(KeyId=alias)
        except self.kms.exceptions.NotFoundException:
            return False
        return True

    def _make(self, alias: str, tenant: TenantId) -> str:
        arn = _arn(
            self.kms.create_key(Description=f"Objects of the tenant {tenant}", Policy=json.dumps(self._policy(tenant)))
        )
        self.kms.enable_key_rotation(KeyId=arn)
        self.kms.create_alias(AliasName=alias, TargetKeyId=arn)  # the last step: a key that is found is finished
        return arn

    def _policy(self, tenant: TenantId) -> dict[str, Any]:
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountDecides",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{self.partition}:iam::{self.account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Sid": "MakerFinishes",
                    "Effect": "Allow",
                    "Principal": {"AWS": self.maker_role},
                    "Action": ["kms:CreateAlias", "kms:EnableKeyRotation"],
                    "Resource": "*",
                },
                {
                    "Sid": "ThisTenantOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    "Resource": "*",
                    "Condition": {
                        "StringNotEquals": {principal_tag(TENANT_ID_TAG): tenant},
                        "Null": {principal_tag(TENANT_ID_TAG): "false"},
                    },
                },
            ],
        }


def _arn(described: Any) -> str:  # noqa: ANN401 - the client's typed dict
    arn: str = described["KeyMetadata"]["Arn"]
    return arn
