"""Tenants' objects on S3, partitioned five ways behind one API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack, Token
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs

from stacks.application_plane.storage.provisioning import grant_provisioning
from stacks.control_plane.metering.usage import Partitions
from stacks.platform import schemas
from stacks.platform.defaults import api_defaults, directory, function_defaults, grant_on, table
from stacks.platform.events import Events
from stacks.platform.names import SHARED_BUCKETS, StorageNames
from stacks.platform.roles import ALL_ROLES, WRITERS
from tenantry.functions import PythonFunction, RuntimeLock, declare_store
from tenantry.functions.sources import package_folder
from tenantry.isolation.api import Access, Answer, Route, SharedTokens, TenantApi
from tenantry.isolation.data import (
    AccessPointBucket,
    DocumentedBucket,
    PrefixBucket,
    SiloBuckets,
    TaggedBucket,
    TenantTable,
)
from tenantry.isolation.events import dead_letter_queue
from tenantry.isolation.vending import TENANT, TENANT_NAME, USER, TokenVendor
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment
    from tenantry.isolation.events import ApplicationBus

_REFUSALS: Final = {
    "UNAUTHORIZED": {"status": "Unauthorized", "result": {"invalid": "x-token"}},
    "ACCESS_DENIED": {"status": "Forbidden", "result": {"invalid": "x-token"}},
    "BAD_REQUEST_BODY": {
        "status": "Bad Request",
        "result": {"invalid": "body: send a JSON object of the documented form, as application/json"},
    },
    "REQUEST_TOO_LARGE": {
        "status": "Request Entity Too Large",
        "result": {"invalid": "body: at most 6 MB, in which each quote, backslash and line feed counts twice"},
    },
}
_REFUSED: Final = {
    400: Answer(
        description="Unknown partition mode, or malformed key or body; `invalid` names the field",
        schema=schemas.REFUSED,
    ),
    401: Answer(description="Missing or invalid token, or the session has ended", schema=schemas.REFUSED),
    403: Answer(description="Valid token, not authorized for this resource", schema=schemas.REFUSED),
    413: Answer(
        description="The request body or the reply exceeds 6 MB (quotes, backslashes and line feeds count twice)",
        schema=schemas.REFUSED,
    ),
    409: Answer(
        description="`Expected-Tenant` names another tenant than the one this request would act in",
        schema=schemas.REFUSED,
    ),
}


class StorageStack(Stack):
    """The five partitions behind one API, the token issuer, and what makes a tenant's own bucket and access point.

    Attributes
    ----------
    api_url
        Address of the storage API.
    partitions
        The five partitions, for whoever counts what is in them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        alarms: sns.ITopic,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("storage")
        )
        self._environment = environment
        self._apis = replace(api_defaults(environment, alarms), token_header="x-token")  # noqa: S106 - a name
        names = self._storage_names(environment)
        bucket_name, access_point_name = names.tenant_bucket(TENANT_NAME), names.access_point(TENANT_NAME)

        kept = environment.removal_policy
        old_versions = Duration.days(environment.old_versions_days)
        prefix = PrefixBucket(
            self,
            "Prefix",
            bucket_name=names.shared_bucket("prefix"),
            old_versions=old_versions,
            removal_policy=kept,
        )
        tagged = TaggedBucket(
            self, "Tag", bucket_name=names.shared_bucket("tag"), old_versions=old_versions, removal_policy=kept
        )
        access_points = AccessPointBucket(
            self,
            "AccessPoint",
            bucket_name=names.shared_bucket("ap"),
            access_point_name=access_point_name,
            old_versions=old_versions,
            removal_policy=kept,
        )
        documents = DocumentedBucket(
            self,
            "Documents",
            bucket_name=names.shared_bucket("dbns"),
            old_versions=old_versions,
            removal_policy=kept,
        )
        metadata = TenantTable(
            self,
            "Metadata",
            partition_key="id_concat",
            sort_key="key_name",
            leading_key=f"{TENANT}^{USER}",
            deletion_protection=not environment.ephemeral,
            removal_policy=kept,
        )

        silos = SiloBuckets(self, name=bucket_name, tenant_keys=environment.tenant_keys)
        self.partitions = Partitions(
            buckets=[silos, prefix, tagged, access_points, documents],
            variables={
                "PREFIX_BUCKET": prefix.bucket_name,
                "TAG_BUCKET": tagged.bucket_name,
                "DOCUMENTS_BUCKET": documents.bucket_name,
                "TENANT_BUCKET": _for_runtime(bucket_name),
                "ACCESS_POINT_ARN": _for_runtime(
                    self.format_arn(service="s3", resource="accesspoint", resource_name=access_point_name)
                ),
            },
        )
        provisioner = self._provisioner(bus, alarms, names)
        objects = self._function(
            "tenant_objects",
            "Stores, lists and reads the caller's objects",
            tenant_isolated=environment.tenant_isolated_functions,
            timeout=Duration.seconds(28),  # API Gateway waits 29; a first object waits for its bucket
            memory_size=1024,
            environment={
                **self.partitions.variables,
                "DOCUMENTS_TABLE": metadata.table_name,
                "PROVISIONER": provisioner.function_name,
            },
        )
        grant_on(provisioner.function_arn, objects, "lambda:InvokeFunction")
        vendor = TokenVendor(self, "Vendor")
        silos.grant_tenant_read_write(vendor.purpose("bucket"))
        prefix.grant_tenant_read_write(vendor.purpose("prefix"))
        tagged.grant_tenant_read_write(vendor.purpose("tag"))
        access_points.grant_tenant_read_write(vendor.purpose("access_point"))
        documents.grant_tenant_read_write(vendor.purpose("db_nosql"))
        metadata.grant_tenant(vendor.purpose("db_nosql"), "GetItem", "Query", "PutItem")
        vendor.grant_vend(objects, purposes=["bucket", "prefix", "tag", "access_point", "db_nosql"])

        tokens = SharedTokens(
            self,
            "Tokens",
            issuer=f"{environment.application}-storage",
            published_secret=environment.hands_on_secret,
            removal_policy=kept,
        )
        issuer = self._function(
            "token_issuer", "Issues tokens for the hands-on", environment=tokens.settings, lock=RuntimeLock.TOKENS
        )
        tokens.grant_read(issuer)
        api = TenantApi(
            self,
            "Api",
            api_name=f"{environment.application}-storage-api",
            user_pool=user_pool,
            client=client,
            directory=directory(self, environment),
            routes=[
                Route(
                    method="GET",
                    path="/token",
                    handler=issuer,
                    access=Access.OPEN if environment.hands_on_secret else Access.IAM,
                    summary="Issue a token for any tenant and user; for the hands-on and for operators",
                    parameters=[schemas.FOR_TENANT, schemas.FOR_USER],
                    answers={
                        200: Answer(description="The token, valid for one hour", schema=schemas.TOKEN),
                        400: Answer(description="Malformed tenant or user id", schema=schemas.REFUSED),
                        401: Answer(description="Missing header", schema=schemas.NO_CALLER),
                    },
                ),
                Route(
                    method="PUT",
                    path="/object",
                    handler=objects,
                    roles=WRITERS,
                    takes=schemas.NEW_OBJECT,
                    summary="Store an object of the caller",
                    parameters=[schemas.PARTITION],
                    answers={201: Answer(description="Stored", schema=schemas.STORED), **_REFUSED},
                ),
                Route(
                    method="GET",
                    path="/object",
                    handler=objects,
                    roles=ALL_ROLES,
                    summary="List the caller's objects, or read one object",
                    parameters=[schemas.PARTITION, schemas.KEY, schemas.KEYS_AFTER, schemas.KEYS_LIMIT],
                    answers={
                        200: Answer(description="The caller's keys, or the object's content", schema=schemas.FOUND),
                        404: Answer(description="Object not found among the caller's objects", schema=schemas.REFUSED),
                        **_REFUSED,
                    },
                ),
            ],
            description="Objects of the caller, stored in one of five partition modes. "
            "`x-token` takes an ID token of the user pool, or a token from GET /token.",
            defaults=self._apis,
            function_defaults=function_defaults(environment),
            authorizer_cache_ttl=Duration.seconds(environment.authorizer_cache_seconds),
            shared_tokens=tokens,
            refusals=_REFUSALS,
        )

        self.api_url = api.url
        CfnOutput(self, "StorageApiUrl", value=api.url)
        CfnOutput(self, "StorageTenantRoleArn", value=vendor.role_arn)
        CfnOutput(self, "StorageMetadataTableName", value=metadata.table_name)
        for output, value in {
            "StoragePrefixBucketName": prefix.bucket_name,
            "StorageTagBucketName": tagged.bucket_name,
            "StorageAccessPointBucketName": access_points.bucket_name,
            "StorageDocumentsBucketName": documents.bucket_name,
            # These two with {tenant} for a tenant's name.
            "StorageTenantBucketName": _for_runtime(bucket_name),
            "StorageTenantAccessPointName": _for_runtime(access_point_name),
        }.items():
            CfnOutput(self, output, value=value)

    def _storage_names(self, environment: Environment) -> StorageNames:
        """Name the buckets; a template that suits any region cannot be deployed where a name depends on the region."""
        if Token.is_unresolved(self.region) and not environment.hands_on_names:
            missing = CfnParameter(
                self,
                "SynthesizedWithoutRegion",
                description="Placeholder that accepts no value: bucket names depend on the region. "
                "Synthesize again with --context region=REGION, or with AWS credentials.",
                allowed_pattern="(?!)",
            )
            CfnOutput(self, "RegionThatIsMissing", value=missing.value_as_string)
        return StorageNames(
            application=environment.application,
            account=self.account,
            region=self.region,
            hands_on=environment.hands_on_names,
        )

    def _provisioner(self, bus: ApplicationBus, alarms: sns.ITopic, names: StorageNames) -> PythonFunction:
        """Make what makes a tenant's bucket and access point. No session of a tenant has its role."""
        bucket_name, access_point_name = names.tenant_bucket(TENANT_NAME), names.access_point(TENANT_NAME)
        key_alias = f"alias/{self._environment.application}-storage-{TENANT_NAME}"
        claims = table(self, "TenantNames", hash_key="name", environment=self._environment)
        declare_store(claims, Store(holds="names that tenants have taken", by=By.ATTRIBUTE, key="tenantid"))
        queue = dead_letter_queue(
            self, "OnboardingDeadLetters", alarms=alarms, removal_policy=self._environment.removal_policy
        )
        provisioner = self._function(
            "storage_provisioner",
            "Creates the bucket and access point of each tenant",
            dead_letters=queue,
            timeout=Duration.seconds(25),
            environment={
                "APPLICATION": self._environment.application,
                "ACCOUNT": self.account,
                "PARTITION": self.partition,
                "NAMES_TABLE": claims.table_name,
                "TENANT_BUCKET": _for_runtime(bucket_name),
                "ACCESS_POINT_BUCKET": names.shared_bucket("ap"),
                "ACCESS_POINT_NAME": _for_runtime(access_point_name),
                "OLD_VERSIONS_DAYS": str(self._environment.old_versions_days),
                "KEY_ALIAS": _for_runtime(key_alias) if self._environment.tenant_keys else "",
            },
        )
        grant_on(claims.table_arn, provisioner, "dynamodb:PutItem")
        any_bucket = f"arn:{self.partition}:s3:::{bucket_name.replace(TENANT_NAME, '*')}"
        any_access_point = self.format_arn(
            service="s3", resource="accesspoint", resource_name=access_point_name.replace(TENANT_NAME, "*")
        )
        if self._environment.tenant_keys:
            declare_store(
                self,
                Store(
                    holds="the key of a tenant's objects",
                    by=By.NAME,
                    kind="AWS::KMS::Alias",
                    name=key_alias.replace(TENANT_NAME, "{tenant}"),
                ),
            )
        grant_provisioning(
            provisioner,
            buckets=any_bucket,
            # The hands-on's have names of the same form, and are none of its business.
            shared_buckets=[f"arn:{self.partition}:s3:::{names.shared_bucket(word)}" for word in SHARED_BUCKETS],
            access_points=any_access_point,
            key_aliases=key_alias.replace(TENANT_NAME, "*") if self._environment.tenant_keys else None,
        )
        event = Events(self._environment.application).tenant_created
        bus.add_rule(
            self,
            "Onboarding",
            event=event,
            target=targets.LambdaFunction(
                provisioner, dead_letter_queue=queue, retry_attempts=20, max_event_age=Duration.hours(24)
            ),
        )
        CfnOutput(self, "OnboardingDeadLetterQueueUrl", value=queue.queue_url)
        return provisioner

    def _function(
        self,
        name: str,
        description: str,
        *,
        environment: Mapping[str, str],
        timeout: Duration | None = None,
        memory_size: int = 512,
        tenant_isolated: bool = False,
        dead_letters: sqs.IQueue | None = None,
        lock: RuntimeLock | None = None,
    ) -> PythonFunction:
        return PythonFunction(
            self,
            "".join(word.capitalize() for word in name.split("_")),
            entry=package_folder(name),
            lock=lock,
            defaults=function_defaults(self._environment),
            description=description,
            timeout=timeout,
            memory_size=memory_size,
            tenant_isolated=tenant_isolated,
            dead_letters=dead_letters,
            environment={"CORS_HEADERS": self.to_json_string(dict(self._apis.cors_headers)), **environment},
        )


def _for_runtime(name: str) -> str:
    """Return a name with the placeholder that the functions fill in."""
    return name.replace(TENANT_NAME, "{tenant}")
