"""The names that this project gives to AWS resources, where two parts must agree on one or AWS's scope is wide.

A name is distinct by application, account and region wherever AWS compares it in a wider circle than the stack
(docs/adr/0025-names-of-resources.md).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Literal, get_args

from aws_cdk import Token

StackName = Literal[
    "common", "user", "tenant", "control", "membership", "ingestion", "storage", "employees", "parks", "dashboard"
]
STACKS: Final[tuple[StackName, ...]] = get_args(StackName)
"""All stacks of an environment, without the application's name; each after those that it depends on."""

CONTROL_PLANE: Final[tuple[StackName, ...]] = ("common", "user", "tenant", "control", "membership")
"""The stacks that need no others: they deploy alone."""

HANDS_ON: Final = "aws-saas-s3"
"""What the names of the S3 hands-on begin with."""

_READABLE, _DIGEST = 4, 6


def admin_api_parameter(application: str) -> str:
    """Return the SSM parameter that holds the tenant admin API's address.

    The tenant stack writes it and the user stack's hook reads it at run time: that late binding is what keeps the
    two stacks from depending on each other in a circle (docs/adr/0003-late-binding.md).
    """
    return f"/{application}/tenant-admin-api-url"


def usage_path(application: str) -> str:
    """Return the path of the SSM parameters by which stacks register what counts a tenant's usage.

    The usage function of the tenant stack lists them at run time (docs/adr/0032-usage-is-registered.md).
    """
    return f"/{application}/usage"


@dataclass(frozen=True, kw_only=True)
class StorageNames:
    """Names of the buckets and access points of tenants' objects.

    Isolation: no two instances have a bucket or an access point in common, whatever their tenants are called.

    Attributes
    ----------
    application
        The instance's prefix of names.
    account, region
        Where it is; the account may be what CloudFormation fills in.
    hands_on
        Whether it has the names of the S3 hands-on, which only one instance of an account can have.
    """

    application: str
    account: str
    region: str
    hands_on: bool

    @property
    def _instance(self) -> str:
        if self.hands_on:
            return HANDS_ON
        # The storage stack keeps a template without a region from being deployed.
        return instance_code(self.application, "" if Token.is_unresolved(self.region) else self.region)

    def shared_bucket(self, word: str) -> str:
        """Return the name of the bucket of all tenants that goes by one of `tenantry.model.identifiers.RESERVED_WORDS`.

        It is as short as that of the hands-on: functions carry it in session policies, within Lambda's 4 KB.
        """
        return f"{self._instance}-{word}-{self.account}"

    def tenant_bucket(self, tenant: str) -> str:
        """Return the name of a tenant's own bucket: with 38 characters of a tenant it has the 63 that S3 takes."""
        return f"{self._instance}-{tenant}-{self.account}"

    def access_point(self, tenant: str) -> str:
        """Return the name of a tenant's access point, which is one within account and region: 50 characters at most."""
        return f"{self._instance}-{tenant}"


def instance_code(application: str, region: str) -> str:
    """Return what stands for application and region where a name has 11 characters for both, as ``tena-k3w5xq``.

    A part of it can be read; the digest tells instances apart.
    """
    digest = hashlib.sha256(f"{application} {region}".encode()).digest()
    return f"{application[:_READABLE].rstrip('-')}-{base64.b32encode(digest).decode().lower()[:_DIGEST]}"
