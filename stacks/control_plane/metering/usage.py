"""What a tenant uses: counted where its data is, with credentials of that tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aws_cdk import Duration, Stack

from stacks.platform.defaults import function_defaults
from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.isolation.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from stacks.environments import Environment
    from tenantry.isolation.api import ApiDefaults
    from tenantry.isolation.vending import Purpose
    from tenantry.streaming import DataLake


class Countable(Protocol):
    """A partition in which a tenant's objects can be counted."""

    def grant_tenant_count(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions list what the tenant has, and read none of it."""


@dataclass(frozen=True, kw_only=True)
class Partitions:
    """Where tenants' objects are.

    Attributes
    ----------
    buckets
        The five partitions.
    variables
        What tells a function their names.
    """

    buckets: Sequence[Countable]
    variables: Mapping[str, str]


def usage_function(
    scope: Construct, *, environment: Environment, apis: ApiDefaults, partitions: Partitions, lake: DataLake
) -> PythonFunction:
    """Make the function that counts: it has no grant on data, and vends sessions that list and read what they count."""
    function = PythonFunction(
        scope,
        "TenantUsage",
        entry=package_folder("tenant_usage"),
        defaults=function_defaults(environment),
        description="Shows the stored data and recent records of the caller's tenant",
        tenant_isolated=environment.tenant_isolated_functions,
        timeout=Duration.seconds(20),
        memory_size=1024,
        environment={
            "CORS_HEADERS": Stack.of(scope).to_json_string(dict(apis.cors_headers)),
            "LAKE_BUCKET": lake.bucket_name,
            **partitions.variables,
        },
    )
    vendor = TokenVendor(scope, "UsageVendor")
    for bucket in partitions.buckets:
        bucket.grant_tenant_count(vendor.purpose("storage"))
    lake.grant_tenant_read_aggregates(vendor.purpose("ingestion"))
    vendor.grant_vend(function, purposes=["storage", "ingestion"])
    return function
