"""Who makes tenants' buckets: what it can do to a bucket that it has made, to the shared ones, and to keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.assertions import all_denied, expect, together
from tenantry.attacks.outcome import Outcome, breached
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.storage import Storage
from tenantry.attacks.surfaces.roles import roles
from tenantry.attacks.world import policy

if TYPE_CHECKING:
    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.storage import Owner
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws


def _maker(world: World) -> Aws:
    """Return a principal with the grants and the tags of the provisioner's role."""
    return world.clone_of("StorageProvisioner")


@once_per_run
def _made(world: World) -> Owner:
    """Return a tenant whose bucket the provisioner has just made."""
    api = Storage.of(world)
    owner = api.stranger(f"{world.run[-8:]}-made", "user1")
    expect(api.put(owner, "bucket", {"key": "prize.txt", "value": "x"}), "Storing an object")
    return owner


def _policy_of(world: World, bucket: str) -> str:
    """Return the policy that a bucket has, or one that changes little, which S3 would take as well."""
    try:
        return world.target.aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
    plain: Any = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Condition": plain}
    return policy({**deny, "Resource": f"arn:aws:s3:::{bucket}/*"})


def _changes(aws: Aws, bucket: str, document: str, application: str) -> Calls:
    """Return every change that the provisioner makes to a bucket; let through, each leaves the bucket as it is."""
    s3, named = aws.s3, cast("Any", {"Bucket": bucket})
    rule: Any = {"ID": "all", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    encryption: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    owner: Any = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    tag: Any = {"Key": "application", "Value": application}  # by which `tenantry teardown` knows tenants' buckets
    public: Any = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    return [
        ("give away", partial(s3.put_bucket_policy, **named, Policy=document)),
        ("claim", partial(s3.put_bucket_tagging, **named, Tagging={"TagSet": [tag]})),
        ("expire", partial(s3.put_bucket_lifecycle_configuration, **named, LifecycleConfiguration={"Rules": [rule]})),
        ("forget versions", partial(s3.put_bucket_versioning, **named, VersioningConfiguration={"Status": "Enabled"})),
        ("make public", partial(s3.put_public_access_block, **named, PublicAccessBlockConfiguration=public)),
        ("encrypt", partial(s3.put_bucket_encryption, **named, ServerSideEncryptionConfiguration=encryption)),
        ("let others own", partial(s3.put_bucket_ownership_controls, **named, OwnershipControls=owner)),
    ]


def _data(aws: Aws, bucket: str, key: str) -> Calls:
    s3, named = aws.s3, cast("Any", {"Bucket": bucket, "Key": key})
    return [
        ("read", partial(s3.get_object, **named)),
        ("write", partial(s3.put_object, **named, Body=b"x")),
        ("delete an object", partial(s3.delete_object, **named)),
        ("list", partial(s3.list_objects_v2, Bucket=bucket)),
    ]


def _checked(calls: Calls) -> Outcome:
    return together(*all_denied(calls), told=f"{len(calls)} calls, all denied")


@roles.attack("provisioner-finished-bucket", threat=threats.LOOSE_POLICY, must="Each is denied by the bucket itself.")
def _(world: World) -> Outcome:
    """Change a tenant's finished bucket in every way, and reach for its objects, with the grants of who made it."""
    api, aws, owner = Storage.of(world), _maker(world), _made(world)
    bucket, key = api.bucket("bucket", owner.tenant), api.full_key("bucket", owner, "prize.txt")
    destroy: Calls = [
        ("take the policy away", partial(aws.s3.delete_bucket_policy, Bucket=bucket)),
        ("delete", partial(aws.s3.delete_bucket, Bucket=bucket)),
    ]
    changes = _changes(aws, bucket, _policy_of(world, bucket), world.target.app)
    outcome = _checked([*changes, *_data(aws, bucket, key), *destroy])
    sealed = aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]  # which is its job, and shows that it works
    return outcome if '"Sealed"' in sealed else breached(f"the bucket is not sealed: {sealed}")


@roles.attack("provisioner-shared-buckets", threat=threats.LOOSE_POLICY, must="Each is denied.")
def _(world: World) -> Outcome:
    """Change each bucket of the stacks, whose names may have the form that the provisioner makes, and its objects."""
    aws = _maker(world)
    return _checked(
        [
            (f"{name} {bucket}", call)
            for bucket in world.ids_of("AWS::S3::Bucket")
            for name, call in [
                *_changes(aws, bucket, _policy_of(world, bucket), world.target.app),
                *_data(aws, bucket, world.run),
            ]
        ]
    )


@roles.attack("provisioner-keys", threat=threats.LOOSE_POLICY, must="Each is denied.")
def _(world: World) -> Outcome:
    """Use, tag, take over and delete keys, the stacks' and a tenant's own one, with the grants of the provisioner.

    Where the environment sets no `tenant_keys`, the provisioner has no grant on keys at all, and no tenant has one:
    what it may do with them is then shown by `tests/stacks/test_ownership.py` alone.
    """
    kms, keys = _maker(world).kms, world.target.aws.kms
    alias = f"alias/{world.target.app}-storage-{{}}"
    tag: Any = {"TagKey": "TenantryAttack", "TagValue": world.run}
    calls: Calls = []
    for key in [*world.ids_of("AWS::KMS::Key"), *_tenants_key(world, alias)]:
        document = keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        taken = alias.format(f"{world.run[-8:]}-taken")
        world.cleanup.later(f"the deletion of the key {key}", partial(_keep, world, key))
        calls += [
            (f"tag {key}", partial(kms.tag_resource, KeyId=key, Tags=[tag])),
            (f"untag {key}", partial(kms.untag_resource, KeyId=key, TagKeys=["TenantryAttack"])),
            (f"delete {key}", partial(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=30)),
            (f"encrypt {key}", partial(kms.encrypt, KeyId=key, Plaintext=b"x")),
            (f"data key {key}", partial(kms.generate_data_key, KeyId=key, KeySpec="AES_256")),
            (f"alias {key}", partial(kms.create_alias, AliasName=taken, TargetKeyId=key)),
            (f"stop the rotation of {key}", partial(kms.disable_key_rotation, KeyId=key)),
            (f"open {key}", partial(kms.put_key_policy, KeyId=key, Policy=document)),
        ]
    return _checked(calls)


def _tenants_key(world: World, alias: str) -> list[str]:
    """Return the key of a tenant who has just stored an object; none where tenants have none."""
    kms = world.target.aws.kms
    try:
        return [kms.describe_key(KeyId=alias.format(_made(world).tenant.lower()))["KeyMetadata"]["Arn"]]
    except kms.exceptions.NotFoundException:
        return []


def _keep(world: World, key: str) -> None:
    """Take a deletion back that was let through, and an alias."""
    kms = world.target.aws.kms
    for found in kms.list_aliases(KeyId=key)["Aliases"]:
        if found["AliasName"].endswith(f"{world.run[-8:]}-taken"):
            kms.delete_alias(AliasName=found["AliasName"])
    if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)
