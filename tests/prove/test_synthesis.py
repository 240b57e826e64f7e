"""The proof as a part of synthesis: a planted weakness in another app fails it, and says where and how."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from tenantry.functions import FunctionDefaults, PythonFunction, acknowledge_reach, declare_store, package_folder
from tenantry.isolation.data import PrefixBucket, TenantTable
from tenantry.isolation.vending import TokenVendor
from tenantry.model.stores import By, Store
from tenantry.testing.isolation import assert_proven
from tests.synthesized import ROOT, new_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aws_cdk import App

_TENANT = "${aws:PrincipalTag/TenantId}"
_ROWS, _READ, _LIST = 0, 1, 2  # statements of the tenant role, in the order of the grants


class _Shop:
    """The shop of docs/constructs.md, as far as tenants' data goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app: App = new_app(str(folder))
        self.stack = Stack(self.app, "shop")
        self.orders = TenantTable(self.stack, "Orders", partition_key="tenant", sort_key="id")
        self.invoices = PrefixBucket(self.stack, "Invoices")
        self.function = PythonFunction(
            self.stack, "ListOrders", entry=package_folder("tenant_get"), defaults=FunctionDefaults(namespace="shop")
        )
        self.vendor = TokenVendor(self.stack, "Vendor")
        self.orders.grant_tenant_read(self.vendor.purpose("orders"))
        self.invoices.grant_tenant_read_write(self.vendor.purpose("orders"))
        self.vendor.grant_vend(self.function, purposes=["orders"])

    @property
    def role(self) -> iam.CfnRole:
        return cast("iam.CfnRole", self.vendor.node.find_child("TenantRole"))

    def override(self, statement: int, path: str, value: Any) -> None:  # noqa: ANN401 - any part of a policy
        self.role.add_property_override(f"Policies.0.PolicyDocument.Statement.{statement}.{path}", value)

    def arn(self, construct: TenantTable | PrefixBucket, child: str) -> str:
        resource: Any = construct.node.find_child(child)
        return str(resource.table_arn if child == "Table" else resource.bucket_arn)

    def report(self) -> tuple[str, set[str]]:
        """Return what synthesis reports as wrong, and the constructs that it names."""
        with pytest.raises(RuntimeError, match="ValidationFailed"):
            self.app.synth()
        report = json.loads((self.folder / "validation-report.json").read_text())
        assert [plugin["pluginName"] for plugin in report["pluginReports"]] == ["tenantry-prove"]
        violations = [found for plugin in report["pluginReports"] for found in plugin["violations"]]
        places = {place["constructPath"] for found in violations for place in found["violatingConstructs"]}
        return "\n".join(found["description"] for found in violations), places


@pytest.fixture
def shop(tmp_path: Path) -> _Shop:
    return _Shop(tmp_path)


def test_shop_is_proven_when_it_is_synthesized(shop: _Shop) -> None:
    shop.app.synth()

    assert_proven(shop.folder)


def _wildcard(shop: _Shop) -> None:
    shop.override(_READ, "Resource", f"{shop.arn(shop.invoices, 'Bucket')}/{_TENANT}*")


def _slash(shop: _Shop) -> None:
    shop.override(_LIST, "Condition.StringLike", {"s3:prefix": [f"{_TENANT}*"]})


def _scan(shop: _Shop) -> None:
    shop.override(_ROWS, "Action", ["dynamodb:Query", "dynamodb:Scan"])


def _raw_grant(shop: _Shop) -> None:
    cast("dynamodb.Table", shop.orders.node.find_child("Table")).grant_read_data(shop.function)


def _like_on_a_tag(shop: _Shop) -> None:
    """Give a role of one's own what a tag has, compared with a pattern and where there may be none."""
    role = iam.Role(shop.stack, "Reports", assumed_by=iam.AccountRootPrincipal().with_session_tags())
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["s3:GetObject"],
            resources=[f"{shop.arn(shop.invoices, 'Bucket')}/*"],
            conditions={"StringLike": {"s3:ExistingObjectTag/tenant_id": f"{_TENANT}*"}},
        )
    )


def _template(shop: _Shop) -> None:
    """Have an API ask for the order of the tenant that the body names."""
    role = iam.Role(shop.stack, "ApiRole", assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"))
    table = shop.arn(shop.orders, "Table")
    role.add_to_policy(iam.PolicyStatement(actions=["dynamodb:GetItem"], resources=[table]))
    key = """{"tenant":{"S":"$util.escapeJavaScript($input.path('$.tenant'))"},"id":{"S":"1"}}"""
    name = cast("dynamodb.Table", shop.orders.node.find_child("Table")).table_name
    integration = apigateway.AwsIntegration(
        service="dynamodb",
        action="GetItem",
        options=apigateway.IntegrationOptions(
            credentials_role=role,
            passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
            request_templates={"application/json": f'{{"TableName":"{name}","Key":{key}}}'},
        ),
    )
    apigateway.RestApi(shop.stack, "Api", cloud_watch_role=False).root.add_method("POST", integration)


@pytest.mark.parametrize(
    ("plant", "construct", "action"),
    [
        pytest.param(_wildcard, "shop/Vendor/TenantRole", "s3:GetObject on ", id="t1 and a wildcard"),
        pytest.param(_slash, "shop/Vendor/TenantRole", "s3:ListBucket on ", id="a dropped slash"),
        pytest.param(_scan, "shop/Vendor/TenantRole", "dynamodb:Scan on ", id="Scan"),
        pytest.param(_raw_grant, "shop/ListOrders/Role/DefaultPolicy", "dynamodb:", id="a raw grant"),
        pytest.param(_template, "shop/Api/Default/POST", "dynamodb:GetItem on POST / ", id="a template's key"),
        pytest.param(_like_on_a_tag, "shop/Reports/DefaultPolicy", "s3:GetObject on ", id="StringLike on a tag"),
    ],
)
def test_planted_weakness_fails_synthesis(
    shop: _Shop, plant: Callable[[_Shop], None], construct: str, action: str
) -> None:
    plant(shop)

    text, places = shop.report()

    assert construct in places
    assert f"request: {action}" in text
    assert "t1=" in text
    assert "statement of " in text
    with pytest.raises(AssertionError, match="COUNTEREXAMPLE"):
        assert_proven(shop.folder)


def test_undeclared_table_fails_synthesis(shop: _Shop) -> None:
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    notes = dynamodb.Table(shop.stack, "Notes", partition_key=key, removal_policy=RemovalPolicy.DESTROY)

    text, places = shop.report()

    assert "shop/Notes" in places
    assert "declare_store" in text

    again = _Shop(shop.folder / "again")
    notes = dynamodb.Table(again.stack, "Notes", partition_key=key, removal_policy=RemovalPolicy.DESTROY)
    declare_store(notes, Store(holds="notes", by=By.NONE))
    again.app.synth()


def test_acknowledged_grant_passes_with_its_reason(shop: _Shop) -> None:
    table = cast("dynamodb.Table", shop.orders.node.find_child("Table"))
    iam.Grant.add_to_principal(grantee=shop.function, actions=["dynamodb:Scan"], resource_arns=[table.table_arn])
    acknowledge_reach(shop.function, table.table_arn, actions=["dynamodb:Scan"], reason="It counts orders by night.")

    shop.app.synth()

    command = [sys.executable, "-m", "tenantry.prove", str(shop.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ}, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "acknowledged shop/ListOrders/Role" in done.stdout
    assert "It counts orders by night." in done.stdout


def test_acknowledgement_without_a_reason_is_refused(shop: _Shop) -> None:
    with pytest.raises(ValueError, match="Give a reason"):
        acknowledge_reach(shop.function, "*", actions=["dynamodb:Scan"], reason=" ")


def test_plugin_runs_without_the_cdk_cli(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from aws_cdk import App, Stack\n"
        "from aws_cdk import aws_iam as iam\n"
        "from tenantry.isolation.data import TenantTable\n"
        "app = App()\n"
        "stack = Stack(app, 'shop')\n"
        "orders = TenantTable(stack, 'Orders', partition_key='tenant', sort_key='id')\n"
        "user = iam.User(stack, 'Clerk')\n"
        "orders.node.find_child('Table').grant_read_data(user)\n"
        "app.synth()\n"
    )

    done = subprocess.run(
        [sys.executable, str(app)], capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ}
    )

    assert done.returncode != 0
    assert "ValidationFailed" in done.stderr
    assert "shop/Clerk" in done.stdout + done.stderr
