"""Tenants' objects on S3, in five partition modes behind one API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aws_cdk import Duration

from stacks.application_plane.storage.partitions import StoragePartitions
from stacks.application_plane.storage.provisioner import storage_provisioner
from stacks.application_plane.storage.routes import DESCRIPTION, REFUSALS, storage_routes
from stacks.application_plane.storage.tokens import shared_tokens
from stacks.platform.defaults import directory, grant_on
from stacks.platform.functions import api_function, usage_counter
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import TenantApi
from tenantry.isolation.vending import TokenVendor

if TYPE_CHECKING:
    from constructs import Construct

    from tenantry.isolation.metering import UsageRegistry


class StorageStack(ApplicationStack):
    """The five partition modes behind one API, the token issuer, and what makes a tenant's own bucket and access point.

    Attributes
    ----------
    api_url
        Address of the storage API.
    """

    name = "storage"

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform, usage: UsageRegistry) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        apis = replace(platform.api_defaults, token_header="x-token")  # noqa: S106 - a name
        partitions = StoragePartitions(self, environment)
        provisioner = storage_provisioner(self, platform, partitions.names, apis=apis)
        objects = api_function(
            self,
            "tenant_objects",
            "Stores, lists and reads the caller's objects",
            foundation=platform,
            apis=apis,
            tenant_isolated=environment.tenant_isolated_functions,
            timeout=Duration.seconds(28),  # API Gateway waits 29; a first object waits for its bucket
            memory_size=1024,
            environment={
                **partitions.variables,
                "DOCUMENTS_TABLE": partitions.metadata.table_name,
                "PROVISIONER": provisioner.function_name,
            },
        )
        grant_on(provisioner.function_arn, objects, "lambda:InvokeFunction")
        vendor = TokenVendor(self, "Vendor")
        partitions.grant_tenant_read_write(vendor)
        vendor.grant_vend(objects, purposes=["bucket", "prefix", "tag", "access_point", "db_nosql"])
        usage_counter(
            self,
            "storage",
            "Counts the objects of a tenant",
            platform=platform,
            registry=usage,
            grant=partitions.grant_tenant_count,
            environment=partitions.variables,
        )
        tokens, issuer = shared_tokens(self, platform, apis=apis)
        api = TenantApi(
            self,
            "Api",
            api_name=f"{environment.application}-storage-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=directory(self, environment),
            routes=storage_routes(objects=objects, issuer=issuer, tokens_are_open=bool(environment.hands_on_secret)),
            description=DESCRIPTION,
            defaults=apis,
            function_defaults=platform.function_defaults,
            authorizer_cache_ttl=Duration.seconds(environment.authorizer_cache_seconds),
            shared_tokens=tokens,
            refusals=REFUSALS,
        )
        self.api_url = api.url
        self.add_outputs(
            StorageApiUrl=api.url,
            StorageTenantRoleArn=vendor.role_arn,
            **partitions.outputs(),
        )
