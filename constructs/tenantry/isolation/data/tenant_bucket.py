"""Objects of many tenants on S3, in five partition modes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from tenantry.functions import declare_store
from tenantry.isolation._imported import imported
from tenantry.isolation.data.private_bucket import private_bucket
from tenantry.isolation.validation import bucket_name as checked_bucket_name
from tenantry.isolation.validation import tenants_access_point_name, tenants_bucket_name
from tenantry.isolation.vending.tenant_statement import TenantStatement
from tenantry.model.placeholders import TENANT, TENANT_IN_NAME, USER, USER_IN_NAME, run_time_form
from tenantry.model.stores import By, Content, Store
from tenantry.model.tags import OBJECT_TENANT_TAG, OBJECT_USER_TAG

if TYPE_CHECKING:
    from typing import Self

    from tenantry.isolation.vending.token_vendor import Purpose

_OBJECT_ACTIONS: Final = ("s3:GetObject", "s3:PutObject")
# How many writes of one key may overtake each other, or end between object and row, before the row's version is old.
_OVERTAKING: Final = 20


_COUNTS: Final = "It counts what all users of the tenant have: it lists their objects, and reads none."


class PooledBucket(Construct):
    """One bucket for all tenants: encrypted, private, TLS only, versioned; each key begins with its tenant.

    Isolation: of its methods, the ``grant_tenant_*`` ones alone give access, and they give it to sessions of a
    `TokenVendor`. A session reaches its own tenant's objects and, unless the bucket is the whole tenant's, those of its
    own user only. Both layers name the tenant; the user is in the session policy alone.

    Parameters
    ----------
    scope, construct_id
        Where the bucket stands in the app.
    bucket_name
        Its name, where a contract names it.
    per_user
        Whether a user reaches their own objects only (keys are ``tenant/user/key``), or those of the whole tenant
        (``tenant/key``). A bucket has keys of one form: choose once.
    old_versions
        How long an overwritten or deleted object can be brought back.
    removal_policy
        What becomes of it with the stack.

    Raises
    ------
    ValueError
        A name is not one.
    """

    # How many overwritten versions of an object are kept however old they are.
    _kept_versions: ClassVar[int | None] = None
    _store: ClassVar[Store] = Store(
        holds="objects", by=By.PREFIX, forms=(f"{TENANT_IN_NAME}/{USER_IN_NAME}/",), emptied=(Content.OBJECTS,)
    )

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_name: str | None = None,
        per_user: bool = True,
        old_versions: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket = private_bucket(
            self,
            removal_policy=removal_policy,
            bucket_name=bucket_name and checked_bucket_name(bucket_name),
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="OldVersions",
                    noncurrent_version_expiration=old_versions or Duration.days(30),
                    noncurrent_versions_to_retain=self._kept_versions,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        self._refer(bucket_name, per_user=per_user)
        store = self._store
        if not per_user:
            forms, prefixes = (
                tuple(form.replace(f"{USER_IN_NAME}/", "") for form in found) for found in (store.forms, store.prefixes)
            )
            store = replace(store, forms=forms, prefixes=prefixes)
        declare_store(self._bucket, store)

    @classmethod
    def from_bucket_name(cls, scope: Construct, construct_id: str, *, bucket_name: str, per_user: bool = True) -> Self:
        """Return the bucket of another stack by its name.

        Isolation: its grants are the same as those of the stack that makes it.
        """
        checked_bucket_name(bucket_name)
        return imported(cls, scope, construct_id, lambda bucket: bucket._refer(bucket_name, per_user=per_user))  # noqa: SLF001 - its own class

    def _refer(self, bucket_name: str | None, *, per_user: bool) -> None:
        # Spelt out where the name is: as a reference it would count as longer than it is (`TokenVendor`).
        self._name = bucket_name or self._bucket.bucket_name
        self._arn = f"arn:{Stack.of(self).partition}:s3:::{bucket_name}" if bucket_name else self._bucket.bucket_arn
        self._per_user = per_user
        self._own = f"{TENANT}/{USER}/" if per_user else f"{TENANT}/"

    @property
    def bucket_name(self) -> str:
        """The bucket's name, for the functions that vend."""
        return self._name

    def grant_tenant_count(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions list what all users of the tenant have, and read none of it.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return purpose.allow(self._list(f"{TENANT}/")).acknowledge(_COUNTS)

    def _list(self, prefix: str) -> TenantStatement:
        return TenantStatement(
            actions=["s3:ListBucket"],
            resources=[self._arn],
            # With the slash at its end: "t1/" never lists what is under "t10/".
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*"]}},
        )


class PrefixBucket(PooledBucket):
    """Keeps tenants apart by the prefix of the key.

    Isolation: a session reads, writes and lists under ``tenant/user/`` (or ``tenant/``) and nowhere else.
    """

    def grant_tenant_read_write(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions read, write and list the caller's own objects.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return purpose.allow(
            TenantStatement(actions=_OBJECT_ACTIONS, resources=[f"{self._arn}/{self._own}*"]),
            self._list(self._own),
        )


class TaggedBucket(PooledBucket):
    """Keeps tenants apart by the tags ``tenant_id`` and ``user_id`` of each object.

    Isolation: a session reads an object only if its tags name the caller, and writes one only if the same call gives
    it these tags and no others: what a session writes is never without them. In a bucket of the whole tenant, the one
    tag is ``tenant_id``.
    """

    _store = replace(
        PooledBucket._store,  # noqa: SLF001 - its own base
        by=By.TAG,
        key=OBJECT_TENANT_TAG,
        forms=(TENANT_IN_NAME,),
        prefixes=PooledBucket._store.forms,  # noqa: SLF001 - its own base
    )

    def grant_tenant_read_write(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions read, write and list the caller's own objects.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        own = [f"{self._arn}/{self._own}*"]
        tags = {OBJECT_TENANT_TAG: TENANT, **({OBJECT_USER_TAG: USER} if self._per_user else {})}
        return purpose.allow(
            TenantStatement(
                actions=["s3:GetObject"],
                resources=own,
                conditions={"StringLike": {f"s3:ExistingObjectTag/{name}": [value] for name, value in tags.items()}},
            ),
            TenantStatement(
                actions=["s3:PutObject", "s3:PutObjectTagging"],
                resources=own,
                conditions={
                    "StringLike": {f"s3:RequestObjectTag/{name}": [value] for name, value in tags.items()},
                    "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": list(tags)},
                },
            ),
            self._list(self._own),
        )


class AccessPointBucket(PooledBucket):
    """Keeps tenants apart by one access point for each; the bucket itself answers nobody.

    Isolation: the bucket refuses every request for data that does not come through an access point of this account,
    and a session may use its own tenant's access point only. Access points are made when a tenant is onboarded.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html

    Parameters
    ----------
    scope, construct_id, bucket_name, per_user, old_versions, removal_policy
        As for `PooledBucket`.
    access_point_name
        Name of a tenant's access point, with `TENANT_NAME` in it.
    """

    _store = replace(PooledBucket._store, emptied=(Content.OBJECTS, Content.ACCESS_POINTS))  # noqa: SLF001 - its own base

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        access_point_name: str,
        bucket_name: str | None = None,
        per_user: bool = True,
        old_versions: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        tenants_access_point_name(access_point_name)
        super().__init__(
            scope,
            construct_id,
            bucket_name=bucket_name,
            per_user=per_user,
            old_versions=old_versions,
            removal_policy=removal_policy,
        )
        stack = Stack.of(self)
        declare_store(
            self._bucket,
            Store(
                holds="ways to a tenant's objects",
                by=By.NAME,
                kind="AWS::S3::AccessPoint",
                name=run_time_form(access_point_name),
            ),
        )
        self._lead_through(access_point_name)
        self._bucket.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:ListBucket*"],
                resources=[self._bucket.bucket_arn, self._bucket.arn_for_objects("*")],
                conditions={"StringNotEquals": {"s3:DataAccessPointAccount": stack.account}},
            )
        )

    @classmethod
    def from_bucket_name(  # type: ignore[override]  # it takes the access points' name as well
        cls, scope: Construct, construct_id: str, *, bucket_name: str, access_point_name: str, per_user: bool = True
    ) -> Self:
        """Return the bucket of another stack by its name and that of its access points; see `PooledBucket`."""
        checked_bucket_name(bucket_name)
        tenants_access_point_name(access_point_name)

        def refer(bucket: Self) -> None:
            bucket._refer(bucket_name, per_user=per_user)
            bucket._lead_through(access_point_name)

        return imported(cls, scope, construct_id, refer)

    def _lead_through(self, access_point_name: str) -> None:
        self._access_point = Stack.of(self).format_arn(
            service="s3", resource="accesspoint", resource_name=access_point_name
        )
        self._through = {"StringEquals": {"s3:DataAccessPointArn": [self._access_point]}}

    def _list(self, prefix: str) -> TenantStatement:
        listing = super()._list(prefix)
        return replace(
            listing,
            resources=[self._access_point, *listing.resources],
            conditions={**listing.conditions, **self._through},
        )

    def grant_tenant_read_write(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions read, write and list the caller's own objects, through their access point.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return purpose.allow(
            # S3 asks for both: the access point, and the bucket behind it.
            TenantStatement(
                actions=_OBJECT_ACTIONS,
                resources=[f"{self._access_point}/object/{self._own}*", f"{self._arn}/{self._own}*"],
                conditions=self._through,
            ),
            self._list(self._own),
        )


class DocumentedBucket(PooledBucket):
    """Holds objects whose metadata is in a `TenantTable`; it is the table that says what there is.

    Isolation: a session reads and writes under ``tenant/user/`` (or ``tenant/``) only. It cannot list the bucket,
    unless it is there to count: the names are in the table, whose rows are bound to the caller as well. A row may name
    a version that is not the latest, so that the latest ones are kept for good.
    """

    _kept_versions = _OVERTAKING

    def grant_tenant_read_write(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions write objects, read any version, and take back a version that was never recorded.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return purpose.allow(
            TenantStatement(
                actions=["s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObjectVersion"],
                resources=[f"{self._arn}/{self._own}*"],
            )
        )


class SiloBuckets:
    """A bucket for each tenant, made when the tenant is onboarded; keys are ``user/key`` or, for the whole tenant, any.

    Isolation: a session reaches the bucket of its own tenant's name and no other bucket; there, unless the buckets are
    the whole tenant's, what is under its own user.

    Parameters
    ----------
    scope
        A construct of the stack whose deployment makes the buckets, in which they are declared; nothing is made in it.
    name
        Name of a tenant's bucket, with `TENANT_NAME` in it.
    per_user
        Whether a user reaches their own objects only, or those of the whole tenant.
    tenant_keys
        Whether each bucket is encrypted with a KMS key of its tenant's own: a session can use keys through S3 and for
        its own tenant's bucket only, each key refuses sessions of other tenants, and without the key the bucket's
        objects are unreadable.
    declared
        Whether the stack declares them; not where another stack does.

    Raises
    ------
    ValueError
        The name is not one, or does not have the tenant in it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        per_user: bool = True,
        tenant_keys: bool = False,
        declared: bool = True,
    ) -> None:
        tenants_bucket_name(name)
        self._own = f"{USER}/" if per_user else ""
        stack = Stack.of(scope)
        self._arn = f"arn:{stack.partition}:s3:::{name}"
        self._s3 = f"s3.{stack.region}.{stack.url_suffix}"
        self._keys = stack.format_arn(service="kms", resource="key", resource_name="*") if tenant_keys else None
        if declared:
            declare_store(
                stack,
                Store(
                    holds="objects",
                    by=By.NAME,
                    forms=("{user}/",) if per_user else (),
                    emptied=(Content.OBJECTS,),
                    kind="AWS::S3::Bucket",
                    name=run_time_form(name),
                ),
            )

    def grant_tenant_read_write(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions read, write and list the caller's own objects.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        if self._keys:
            purpose.allow(
                TenantStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    # Keys have no names. S3 tells KMS whose bucket a data key is for: with bucket keys, by its ARN.
                    resources=[self._keys],
                    conditions={
                        "StringEquals": {
                            "kms:EncryptionContext:aws:s3:arn": [self._arn],
                            "kms:ViaService": [self._s3],
                        }
                    },
                )
            )
        return purpose.allow(
            TenantStatement(actions=_OBJECT_ACTIONS, resources=[f"{self._arn}/{self._own}*"]),
            TenantStatement(
                actions=["s3:ListBucket"],
                resources=[self._arn],
                conditions={"StringLike": {"s3:prefix": [f"{self._own}*"]}} if self._own else {},
            ),
        )

    def grant_tenant_count(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions list what all users of the tenant have, and read none of it.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return purpose.allow(TenantStatement(actions=["s3:ListBucket"], resources=[self._arn])).acknowledge(_COUNTS)
