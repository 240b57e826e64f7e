"""Teardown of a small application beside another whose name begins with its name."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.cli.main import main
from tenantry.extras import EXIT_USAGE
from tenantry.operate.environment import Environment
from tenantry.operate.teardown.deployment import TeardownRefusedError
from tenantry.operate.teardown.removal import Hand
from tenantry.operate.teardown.work import Teardown
from tests.inventory import inventory, operator
from tests.operate.teardown.shop import TENANT, Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.local.cloud import LocalCloud

    Tenantry = Callable[..., int]


@pytest.fixture(scope="module")
def name() -> str:
    # Short: the neighbour's access point has a tenant of 38 characters in its name, and AWS takes 50.
    return f"s-{secrets.token_hex(2)}"


@pytest.fixture(scope="module")
def neighbour(cloud: LocalCloud, name: str) -> Iterator[Shop]:
    """Return an application whose name begins with the other's, and see that it is untouched in the end."""
    neighbour = Shop(cloud, f"{name}-two")
    neighbour.deploy()
    neighbour.use()
    yield neighbour
    neighbour.check()


@pytest.fixture
def before(cloud: LocalCloud, neighbour: Shop) -> set[tuple[str, str]]:
    """Return what is there before the shop is."""
    neighbour.check()
    return inventory(cloud)


@pytest.fixture(scope="module")
def synthesized(cloud: LocalCloud, name: str) -> Shop:
    return Shop(cloud, name)


@pytest.fixture
def shop(cloud: LocalCloud, name: str, synthesized: Shop, before: set[tuple[str, str]]) -> Iterator[Shop]:
    shop = synthesized
    shop.deploy()
    shop.use()
    assert inventory(cloud) > before
    yield shop
    Teardown(_hand(cloud, lambda _: None), app=name, environment="local").run()


@pytest.fixture
def tenantry(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Tenantry:
    """Return the command, for an application in the cloud."""

    def run(app: str, *arguments: str, env: str = "local") -> int:
        environment = Environment(name=env, app=app, outputs={}, aws=operator(cloud))
        monkeypatch.setattr(Environment, "reach", lambda *_, **__: environment)
        return main(["teardown", *arguments])

    return run


def test_interrupted_teardown_can_be_finished(cloud: LocalCloud, shop: Shop, before: set[tuple[str, str]]) -> None:
    """Stop it after each single removal, and begin again."""
    runs = 0
    while True:
        runs += 1
        try:
            teardown = Teardown(_hand(cloud, _stop), app=shop.app, environment="local")
            teardown.run()
        except KeyboardInterrupt:
            continue
        break

    assert runs > 10
    assert teardown.left == []
    assert inventory(cloud) == before


def test_other_instances_apis_keep_logging(cloud: LocalCloud, shop: Shop, neighbour: Shop) -> None:
    gateway = operator(cloud).apigateway
    assert gateway.get_account()["cloudwatchRoleArn"].endswith(f"/{shop.physical('ApiLoggingRole')}")

    Teardown(_hand(cloud, lambda _: None), app=shop.app, environment="local").run()

    assert gateway.get_account()["cloudwatchRoleArn"].endswith(f"/{neighbour.physical('ApiLoggingRole')}")


def test_leftovers_of_cdk_destroy_are_found(
    cloud: LocalCloud, shop: Shop, before: set[tuple[str, str]], tenantry: Tenantry, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.remove()
    assert inventory(cloud) > before

    assert tenantry(shop.app, "--confirm", shop.app, "--json") == 0

    report = json.loads(capsys.readouterr().out)
    assert report["left"] == []
    assert {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::IoT::Thing"} <= {one["kind"] for one in report["removed"]}
    assert inventory(cloud) == before


def test_resource_of_another_stack_is_kept(cloud: LocalCloud, shop: Shop, tenantry: Tenantry) -> None:
    """A table that the shop's stack has kept is imported into a stack of somebody else's."""
    table = shop.physical("OrdersTable")
    shop.remove()
    cloudformation = operator(cloud).cloudformation
    kept = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": _table(cloud, table)}
    stack = f"heir-{secrets.token_hex(3)}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps({"Resources": {"Heirloom": kept}}),
        ResourcesToImport=[
            {
                "ResourceType": "AWS::DynamoDB::Table",
                "LogicalResourceId": "Heirloom",
                "ResourceIdentifier": {"TableName": table},
            }
        ],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName=stack, ChangeSetName="import", WaiterConfig={"Delay": 1}
    )
    cloudformation.execute_change_set(StackName=stack, ChangeSetName="import")
    cloudformation.get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})

    assert tenantry(shop.app, "--confirm", shop.app) == 0

    assert table in operator(cloud).dynamodb.list_tables()["TableNames"]
    cloudformation.delete_stack(StackName=stack)
    operator(cloud).dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    operator(cloud).dynamodb.delete_table(TableName=table)


def test_dry_run_lists_and_changes_nothing(
    cloud: LocalCloud, shop: Shop, tenantry: Tenantry, capsys: pytest.CaptureFixture[str]
) -> None:
    there = inventory(cloud)

    assert tenantry(shop.app, "--dry-run", "--json") == 0

    planned = {(one["kind"], one["name"]): one["amount"] for one in json.loads(capsys.readouterr().out)["planned"]}
    assert planned["AWS::S3::Bucket", shop.own_bucket] == "3 versions"
    assert planned["AWS::DynamoDB::Table", shop.physical("OrdersTable")] == "about 1 items"
    assert planned["AWS::ApiGateway::ApiKey", f"{shop.app}-{TENANT}"] == ""
    assert [name for _, name in planned if f"{shop.app}-two" in name] == [f"{shop.app}-two-T002"]  # its own, by its tag
    assert inventory(cloud) == there
    shop.check()


@pytest.mark.parametrize("confirmation", [[], ["--confirm", "shop"]])
def test_application_name_is_required(
    cloud: LocalCloud, shop: Shop, tenantry: Tenantry, confirmation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    there = inventory(cloud)

    assert tenantry(shop.app, *confirmation) == EXIT_USAGE

    assert f"pass --confirm {shop.app}" in capsys.readouterr().err.replace("\n", " ")
    assert inventory(cloud) == there


@pytest.mark.parametrize(
    ("environment", "ephemeral", "asked", "why"),
    [
        ("local", False, "local", "keeps its data"),
        ("dev", True, "local", "is of the environment 'dev', not of 'local'"),
    ],
)
def test_retaining_stacks_are_not_touched(
    cloud: LocalCloud,
    *,
    environment: str,
    ephemeral: bool,
    asked: str,
    why: str,
) -> None:
    name = f"kept-{secrets.token_hex(3)}"
    shop = Shop(cloud, name, environment=environment, ephemeral=ephemeral)
    shop.deploy()
    there = inventory(cloud)

    with pytest.raises(TeardownRefusedError, match=why):
        Teardown(_hand(cloud, _stop), app=name, environment=asked).run()

    assert inventory(cloud) == there
    shop.remove()


@pytest.mark.parametrize("env", ["staging", "prod"])
def test_staging_and_production_are_always_refused(
    tenantry: Tenantry, env: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenantry("shop", "--confirm", "shop", env=env) == EXIT_USAGE
    assert "cannot be torn down" in capsys.readouterr().err


def test_unknown_application_is_reported(tenantry: Tenantry, capsys: pytest.CaptureFixture[str]) -> None:
    assert tenantry("nobodys", "--confirm", "nobodys") == EXIT_USAGE
    assert "have no stack of 'nobodys'" in capsys.readouterr().err


def _table(cloud: LocalCloud, name: str) -> dict[str, Any]:
    found = operator(cloud).dynamodb.describe_table(TableName=name)["Table"]
    return {
        "TableName": name,
        "KeySchema": found["KeySchema"],
        "AttributeDefinitions": found["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _hand(cloud: LocalCloud, tell: Callable[[str], None]) -> Hand:
    aws = operator(cloud)
    return Hand(aws=aws, account=aws.sts.get_caller_identity()["Account"], tell=tell)


def _stop(told: str) -> None:
    if told.startswith("removed"):
        raise KeyboardInterrupt
    assert not told.startswith("left"), told
