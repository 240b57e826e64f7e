"""The packages serve another CDK app: installed from the wheel, with this repository out of reach.

The other app is the one in docs/constructs.md, taken from there, so that what the page shows is what runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from tests.packaging.project import build
from tests.packaging.shop import write

_ENTRY_MARK = "\n# as the wheel brought it\n"
_HANDLER_SETTINGS = {
    "AWS_DEFAULT_REGION": "eu-north-1",
    "CORS_HEADERS": "{}",
    "EVENT_BUS_NAME": "bus",
    "METRICS_NAMESPACE": "shop",
    "SERVICE_NAME": "shop",
}
_CALL = """
import json, sys
from types import SimpleNamespace
from functions.place_order.handler import handler
context = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:f", aws_request_id="r")
print(json.dumps(handler(json.load(sys.stdin), context)), file=sys.stderr)
"""
_WHERE = "import tenantry.functions as f, tenantry.isolation as i; print(f.__file__, i.__file__, f.package_folder('tenantry.handlers'), sep='\\n')"


@dataclass(frozen=True)
class _Shop:
    """The foreign app.

    Attributes
    ----------
    folder
        Where it is.
    target
        Where the wheel is installed.
    template
        What it synthesizes.
    """

    folder: Path
    target: Path
    template: dict[str, Any]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        found = self.template["Resources"].values()
        return [resource["Properties"] for resource in found if resource["Type"] == kind]


def _python(
    shop: Path, target: Path, *arguments: str, text: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python as the foreign app has it: the wheel and third-party packages, and no `.pth` that leads back here."""
    path = [shop, target, Path(sysconfig.get_paths()["purelib"])]
    return subprocess.run(
        [sys.executable, "-S", "-B", *arguments],
        cwd=shop,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **variables},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, as `uv build --wheel` does."""
    return build(tmp_path_factory.mktemp("dist"), "--wheel")


@pytest.fixture(scope="module")
def shop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> _Shop:
    """Install the wheel, write the app of docs/constructs.md and synthesize it."""
    target, folder = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("shop")
    options = ["--quiet", "--offline", "--no-deps", "--target", str(target)]
    subprocess.run([find_uv_bin(), "pip", "install", *options, str(wheel)], check=True)
    own = target / "tenantry" / "handlers"
    with (own / "authorizer" / "handler.py").open("a") as handler:
        handler.write(_ENTRY_MARK)
    write(folder)

    done = _python(folder, target, "app.py", CDK_OUTDIR=str(folder / "cdk.out"))

    assert done.returncode == 0, done.stderr
    return _Shop(folder, target, json.loads((folder / "cdk.out" / "shop.template.json").read_text()))


def test_foreign_app_imports_from_the_wheel(shop: _Shop) -> None:
    where = _python(shop.folder, shop.target, "-c", _WHERE).stdout.splitlines()

    assert len(where) == 3
    for path in where:
        assert Path(path).is_relative_to(shop.target), path


def test_authorizer_bundle_is_built_from_the_wheel(shop: _Shop) -> None:
    bundles = [path.parents[1] for path in shop.folder.glob("cdk.out/asset.*/authorizer/handler.py")]

    assert len(bundles) == 1, "all authorizers are the same code"
    (bundle,) = bundles
    assert (bundle / "authorizer" / "handler.py").read_text().endswith(_ENTRY_MARK)
    assert (bundle / "tenantry" / "runtime" / "tokens.py").is_file()
    assert (bundle / "jwt").is_dir()
    authorizers = [function for function in shop.of("AWS::Lambda::Function") if "ROUTES" in _variables(function)]
    assert {function["Code"]["S3Key"] for function in authorizers} == {f"{bundle.suffix[1:]}.zip"}


def test_app_functions_are_bundled_with_the_runtime(shop: _Shop) -> None:
    for name in ("place_order", "list_orders", "orders_of_user", "orders_usage"):
        (handler,) = shop.folder.glob(f"cdk.out/asset.*/{name}/handler.py")
        assert (handler.parents[1] / "tenantry" / "runtime" / "rest.py").is_file()


def test_every_construct_is_in_the_template(shop: _Shop) -> None:
    kinds = Counter(resource["Type"] for resource in shop.template["Resources"].values())

    assert kinds["AWS::Events::EventBus"] == 1
    assert kinds["AWS::EventSchemas::Schema"] == 2
    assert kinds["AWS::StepFunctions::StateMachine"] == 1
    assert kinds["AWS::SQS::Queue"] == 1
    assert kinds["AWS::ApiGateway::RestApi"] == 4
    assert kinds["AWS::ApiGateway::Authorizer"] == 3
    assert kinds["AWS::Lambda::Function"] == 7
    assert kinds["AWS::SSM::Parameter"] == 1
    assert kinds["AWS::DynamoDB::Table"] == 5
    assert kinds["AWS::S3::Bucket"] == 1


def test_every_route_is_authorized(shop: _Shop) -> None:
    methods = Counter(
        (method["HttpMethod"], method["AuthorizationType"]) for method in shop.of("AWS::ApiGateway::Method")
    )
    del methods["OPTIONS", "NONE"]

    assert methods == {("POST", "CUSTOM"): 2, ("GET", "CUSTOM"): 5, ("GET", "AWS_IAM"): 1}


def test_authorizers_know_their_routes(shop: _Shop) -> None:
    routes = [_variables(function).get("ROUTES") for function in shop.of("AWS::Lambda::Function")]

    of_orders = "GET /orders admin,clerk\nPOST /tenants/{tenantId}/orders clerk\nGET /hello *"
    assert sorted(filter(None, routes)) == [of_orders, of_orders, "GET /reports/{tenantId} admin,clerk"]


def test_publishers_are_limited_to_their_events(shop: _Shop) -> None:
    conditions = [
        statement["Condition"]["ForAllValues:StringEquals"]
        for policy in shop.of("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    ]

    assert sorted(condition["events:source"][0] for condition in conditions) == ["shop.orders", "shop.parcels"]


def test_vending_function_has_no_grant_on_tenant_data(shop: _Shop) -> None:
    roles = [role for role in shop.of("AWS::IAM::Role") if "AWS" in _trusted(role)]
    allowed = {
        action
        for policy in shop.of("AWS::IAM::Policy")
        if str(policy["Roles"]).startswith("[{'Ref': 'ListOrdersRole")
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
        if not action.startswith(("logs:", "xray:"))
    }

    assert allowed == {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}
    assert len(roles) == 2
    for role in roles:
        assert "${aws:PrincipalTag/TenantId}" in json.dumps(role["Policies"])


def test_app_function_refuses_another_tenants_path(shop: _Shop) -> None:
    event = {
        "httpMethod": "POST",
        "resource": "/tenants/{tenantId}/orders",
        "pathParameters": {"tenantId": "tenant-b"},
        "requestContext": {"requestId": "r", "authorizer": {"userId": "u", "tenantId": "tenant-a"}},
        "body": '{"item": "book"}',
    }

    done = _python(shop.folder, shop.target, "-c", _CALL, text=json.dumps(event), **_HANDLER_SETTINGS)

    assert json.loads(done.stderr.splitlines()[-1])["statusCode"] == 403, done.stderr


def _trusted(role: dict[str, Any]) -> dict[str, Any]:
    principal: dict[str, Any] = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    return principal


def _variables(function: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
    return variables
