"""Teardown of a whole instance: deployed, used, torn down in part, then completely."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.attacks.target import Target
from tenantry.attacks.world import World
from tenantry.cli.main import main
from tenantry.local import cdk
from tenantry.local.cloud import LocalCloud
from tenantry.local.settings import ACCOUNT, PORT_VARIABLE, find_project
from tenantry.operate.teardown import stacks
from tests.e2e.parks import ParksApi
from tests.e2e.storage import PARTITIONS, StorageApi
from tests.inventory import inventory
from tests.operate.teardown.shop import Shop
from tests.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TENANTS: Final = ("Acme-1", "two-acme")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a running cloud that nobody else uses, prepared for the CDK."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PORT_VARIABLE, raising=False)
        cloud = LocalCloud(tmp_path_factory.mktemp("torn-down"))
        cloud.start()
        cdk.bootstrap(cloud.session(), find_project())
        yield cloud
        cloud.stop()


def use(cloud: LocalCloud, folder: Path) -> None:
    """Let tenants and operators make everything that is made at run time."""
    world = World(Target.named(state=cloud.folder.root))
    client: Callable[[str], Any] = cloud.session().client
    storage = StorageApi(world.http, cloud.output("StorageApiUrl"))
    for tenant in _TENANTS:
        token = storage.token(tenant, "ada")
        for partition in PARTITIONS:
            for value in ("before", "after"):
                assert storage.put(token, partition, "reports/2026.txt", value).status == 201
        assert main(["devices", "issue", tenant, "till", "--out", str(folder / tenant), *_state(cloud)]) == 0
    assert main(["devices", "revoke", _TENANTS[0], "--yes", *_state(cloud)]) == 0
    s3 = client("s3")
    prefix = f"aws-saas-s3-prefix-{ACCOUNT}"
    s3.delete_object(Bucket=prefix, Key=f"{_TENANTS[0]}/ada/reports/2026.txt")
    s3.create_multipart_upload(Bucket=prefix, Key=f"{_TENANTS[0]}/ada/large.bin")
    texas = ParksApi.of_a_new_tenant(world, "texas")
    texas.add("alamo")
    with Receiver(cloud) as receiver:
        texas.await_confirmed("alamo", texas.subscribe("alamo", "park-closed", receiver.url))
    client("iam").create_access_key(UserName=cloud.output("TestUserName"))
    api = client("apigateway").get_rest_apis()["items"][0]["id"]
    # What API Gateway does at an API's first error.
    client("logs").create_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api}/prod")


def test_teardown_removes_one_instance_only(
    own: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    neighbour = Shop(own, "tenantry-2")
    neighbour.deploy()
    neighbour.use()
    before = inventory(own)
    own.deploy()
    use(own, tmp_path)
    teardown = partial(main, ["teardown", "--confirm", "tenantry", "--json", *_state(own)])

    made = inventory(own) - before
    assert main(["teardown", "--dry-run", *_state(own)]) == 0
    assert inventory(own) - before == made

    with monkeypatch.context() as patch:
        patch.setattr(stacks, "finish", _interrupt_at("tenantry-tenant", stacks.finish))
        assert teardown() == 1
    half = inventory(own) - before
    assert half
    assert half < made
    capsys.readouterr()

    status, report = teardown(), json.loads(capsys.readouterr().out)

    assert report["left"] == []
    assert status == 0
    assert inventory(own) == before
    assert teardown() == 0
    neighbour.check()


def _interrupt_at(name: str, finish: Callable[..., None]) -> Callable[..., None]:
    def interrupted(hand: Any, stack: Any) -> None:  # noqa: ANN401 - handed on
        if stack.name == name:
            raise KeyboardInterrupt
        finish(hand, stack)

    return interrupted


def _state(cloud: LocalCloud) -> list[str]:
    return ["--state", str(cloud.folder.root)]
