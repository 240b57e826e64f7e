"""Two instances of the app in one account share nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.local import cdk
from tenantry.local.outputs import local
from tenantry.local.settings import find_project
from tenantry.operate.environment import Environment
from tenantry.operate.storage import DeployedNames
from tests.e2e.storage import ACCOUNT, PARTITIONS, Operator, StorageApi, result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_SECOND: Final = "second"
_TENANT: Final = f"same-{secrets.token_hex(8)}"
_KEY: Final = "the/same/key.txt"


@pytest.fixture(scope="module")
def second(deployed: LocalCloud, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Deploy a second application's storage stack, and what it needs, beside the first's; remove it in the end."""
    folder = tmp_path_factory.mktemp("second")
    where: Any = {
        "variables": deployed.variables,
        "assembly": folder / "cdk.out",
        "log": folder / "deploy.log",
        "project": find_project(),
    }
    cdk.synthesize(**where, application=_SECOND)
    storage = f"{_SECOND}-storage"
    raw = cdk.deploy(**where, outputs=folder / "outputs.json", stacks=[storage], exclusively=False)
    outputs = local(raw, deployed.endpoint, "")
    environment = Environment(name="local", app=_SECOND, outputs=outputs, aws=world.target.aws)
    yield environment
    _remove(world, DeployedNames.of(environment))


def _remove(world: World, names: DeployedNames) -> None:
    aws, operator = world.target.aws, Operator(world.target)
    for bucket in (found["Name"] for found in aws.s3.list_buckets()["Buckets"]):
        if bucket.startswith(names.all_begin):
            operator.empty(bucket)
        if bucket == names.own_bucket_of(_TENANT):
            aws.s3.delete_bucket(Bucket=bucket)
    aws.s3control.delete_access_point(AccountId=ACCOUNT, Name=names.access_point_of(_TENANT))
    for stack in ("storage", "tenant", "user", "common"):
        name = f"{_SECOND}-{stack}"
        aws.cloudformation.delete_stack(StackName=name)
        aws.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def test_same_tenant_id_in_two_instances_is_separate(world: World, deployed: LocalCloud, second: Environment) -> None:
    apis = {
        "first": StorageApi(world.http, deployed.output("StorageApiUrl")),
        "second": StorageApi(world.http, second.output("storage", "StorageApiUrl")),
    }
    tokens = {which: api.token(_TENANT, "user1") for which, api in apis.items()}
    for partition in PARTITIONS:
        assert result(apis["first"].put(tokens["first"], partition, _KEY, f"{partition} of the first"))
        assert apis["second"].names(tokens["second"], partition) == []
        assert apis["second"].get(tokens["second"], partition, _KEY).status == 404

        assert result(apis["second"].put(tokens["second"], partition, _KEY, f"{partition} of the second"))
        for which, api in apis.items():
            assert api.names(tokens[which], partition) == [_KEY]
            assert result(api.get(tokens[which], partition, _KEY)) == f"{partition} of the {which}"

    # Each issues its own tokens, and takes no other's.
    assert apis["first"].get(tokens["second"], "prefix", _KEY).status == 401
    assert apis["second"].get(tokens["first"], "prefix", _KEY).status == 401


def test_instances_share_no_bucket(world: World, second: Environment) -> None:
    first, other = world.target.storage_names, DeployedNames.of(second)

    assert set(first.all_begin).isdisjoint(other.all_begin)
    assert first.own_bucket_of("acme") == "aws-saas-s3-acme-000000000000"
    assert first.access_point_of("acme") != other.access_point_of("acme")
