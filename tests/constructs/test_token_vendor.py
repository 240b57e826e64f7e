"""The token vending machine: a role that requires a tenant, and policies that are checked at synthesis."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_sns as sns

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.api import ApiDefaults, Directory, Route, TenantApi
from tenantry.isolation.vending import TENANT, TENANT_NAME, USER, TenantStatement, TokenVendor
from tenantry.model.policies import PolicyTemplate
from tests.synthesized import ENVIRONMENTS, assembly, new_app

_READ: Final = TenantStatement(
    actions=["s3:GetObject"], resources=[f"arn:aws:s3:::bucket-{TENANT_NAME}/{TENANT}/{USER}/*"]
)
_LIST: Final = TenantStatement(
    actions=["s3:ListBucket"],
    resources=["arn:aws:s3:::bucket"],
    conditions={"StringLike": {"s3:prefix": [f"{TENANT}/{USER}/*"]}},
)
_ENVIRONMENT_BYTES: Final = 4096
_ACCOUNT: Final = "123456789012"
_FOR_READ: Final = {"aws:PrincipalTag/Purpose": ["read"]}
_OWN: Final = {"aws:ResourceAccount": [{"Ref": "AWS::AccountId"}]}


class _Shop:
    """A stack with a function that vends."""

    def __init__(self) -> None:
        self.stack = Stack(new_app(), "stack")
        self.vendor = TokenVendor(self.stack, "Vendor")
        self.function = self.a_function("Function")

    def a_function(self, name: str, *, tenant_isolated: bool = False) -> PythonFunction:
        return PythonFunction(
            self.stack,
            name,
            entry=package_folder("employees"),
            defaults=FunctionDefaults(namespace="test"),
            tenant_isolated=tenant_isolated,
        )

    @property
    def template(self) -> assertions.Template:
        return assertions.Template.from_stack(self.stack)

    @property
    def role(self) -> dict[str, Any]:
        (found,) = self.template.find_resources(
            "AWS::IAM::Role", {"Properties": {"Description": assertions.Match.string_like_regexp("tenant session")}}
        ).values()
        properties: dict[str, Any] = found["Properties"]
        return properties

    @property
    def configuration(self) -> dict[str, Any]:
        """What the function finds in its environment, with the role's ARN masked."""
        (function,) = self.template.find_resources(
            "AWS::Lambda::Function",
            {"Properties": {"Environment": {"Variables": {"TOKEN_VENDOR": assertions.Match.any_value()}}}},
        ).values()
        value = function["Properties"]["Environment"]["Variables"]["TOKEN_VENDOR"]
        parts = [part if isinstance(part, str) else "<role>" for part in value["Fn::Join"][1]]
        found: dict[str, Any] = json.loads("".join(parts))
        return found


@pytest.fixture
def shop() -> _Shop:
    return _Shop()


def test_role_policy_requires_the_session_tag(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ, _LIST)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    (policy,) = shop.role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::bucket-${aws:PrincipalTag/TenantName}/${aws:PrincipalTag/TenantId}/*/*",
            "Condition": {"StringEquals": {**_OWN, **_FOR_READ}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::bucket",
            "Condition": {
                "StringLike": {"s3:prefix": ["${aws:PrincipalTag/TenantId}/*/*"]},
                "StringEquals": {**_OWN, **_FOR_READ},
            },
        },
    ]
    assert "ManagedPolicyArns" not in shop.role


def test_role_requires_exactly_the_session_tags(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    vending, source = shop.role["AssumeRolePolicyDocument"]["Statement"]
    assert vending["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert vending["Condition"] == {
        "StringLike": {"aws:RequestTag/TenantId": "?*", "aws:RequestTag/TenantName": "?*"},
        "StringEquals": {"aws:RequestTag/Purpose": ["read"]},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["TenantId", "TenantName", "Purpose"]},
        # The name is the id, but for upper and lower case.
        "StringEqualsIgnoreCase": {"aws:RequestTag/TenantName": "${aws:RequestTag/TenantId}"},
    }
    # Tags are not among the condition keys of this action: with the conditions above, nobody could assume the role.
    assert (source["Action"], "Condition" in source) == ("sts:SetSourceIdentity", False)


def test_only_granted_functions_can_assume_the_role(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ)
    shop.a_function("Other")
    shop.vendor.grant_vend(shop.function, purposes=["read"])
    shop.vendor.grant_vend(shop.a_function("Second"), purposes=["read"])

    statements = shop.role["AssumeRolePolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    for statement in statements:
        principals = [principal["Fn::GetAtt"][0] for principal in statement["Principal"]["AWS"]]
        assert [principal.partition("Role")[0] for principal in principals] == ["Function", "Second"]


def test_function_may_assume_the_role_but_has_no_data_access(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    policies = shop.template.find_resources("AWS::IAM::Policy").values()
    statements = [statement for policy in policies for statement in policy["Properties"]["PolicyDocument"]["Statement"]]
    vending = [statement for statement in statements if "sts:AssumeRole" in statement["Action"]]
    assert vending == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
            "Resource": {"Fn::GetAtt": ["VendorTenantRole8973D4F5", "Arn"]},
        }
    ]
    assert "s3:" not in json.dumps(statements)


def test_policy_templates_in_environment_match_the_runtime(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ, _LIST)
    shop.vendor.purpose("list").allow(_LIST)
    shop.vendor.grant_vend(shop.function, purposes=["read", "list"])

    read = ["s3:GetObject", "arn:aws:s3:::bucket-{{tenant_name}}/{{tenant_id}}/{{user_id}}/*"]
    listing = [
        "s3:ListBucket",
        "arn:aws:s3:::bucket",
        {"StringLike": {"s3:prefix": "{{tenant_id}}/{{user_id}}/*"}},
    ]
    assert shop.configuration == {"role": "<role>", "policies": {"read": [read, listing], "list": [listing]}}
    assert PolicyTemplate.of([listing], account=_ACCOUNT).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::bucket",
                "Condition": {
                    "StringLike": {"s3:prefix": "{{tenant_id}}/{{user_id}}/*"},
                    "StringEquals": {"aws:ResourceAccount": _ACCOUNT},
                },
            }
        ],
    }


def test_role_is_limited_to_own_accounts_buckets(shop: _Shop) -> None:
    elsewhere = TenantStatement(actions=["dynamodb:GetItem"], resources=[f"arn:aws:dynamodb:::table/{TENANT}"])
    shop.vendor.purpose("read").allow(_READ, _LIST, elsewhere)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    conditions = {
        statement["Action"]: statement.get("Condition", {}).get("StringEquals")
        for statement in shop.role["Policies"][0]["PolicyDocument"]["Statement"]
    }
    own = {**_OWN, **_FOR_READ}
    assert conditions == {"s3:GetObject": own, "s3:ListBucket": own, "dynamodb:GetItem": _FOR_READ}


def test_own_account_condition_ignores_the_case_of_actions(shop: _Shop) -> None:
    statement = TenantStatement(actions=["S3:GetObject"], resources=[f"arn:aws:s3:::bucket/{TENANT}/*"])
    shop.vendor.purpose("read").allow(statement)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    (given,) = shop.role["Policies"][0]["PolicyDocument"]["Statement"]
    assert given["Condition"]["StringEquals"] == {**_OWN, **_FOR_READ}


def test_deny_covers_buckets_of_every_account_and_sessions_of_every_purpose(shop: _Shop) -> None:
    denial = TenantStatement(effect="Deny", actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*/secret"])
    shop.vendor.purpose("read").allow(_READ, denial)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    (denied,) = (
        statement
        for statement in shop.role["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    )
    assert "Condition" not in denied


def test_deny_keeps_its_own_conditions() -> None:
    plain = {"Bool": {"aws:SecureTransport": ["false"]}}
    denial = TenantStatement(effect="Deny", actions=["s3:GetObject"], resources=["arn:b/*"], conditions=plain)

    assert denial.for_role("read")["Condition"] == plain


def test_deny_statement_keeps_its_effect(shop: _Shop) -> None:
    denial = TenantStatement(effect="Deny", actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*/secret"])
    shop.vendor.purpose("read").allow(_READ, denial)
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    denied = shop.configuration["policies"]["read"][1]
    assert denied == ["s3:GetObject", "arn:aws:s3:::bucket/*/secret", {}, "Deny"]
    statement = PolicyTemplate.of([denied], account=_ACCOUNT).document["Statement"][0]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {})


def test_purpose_is_created_once() -> None:
    vendor = TokenVendor(Stack(new_app(), "stack"), "Vendor")

    assert vendor.purpose("read") is vendor.purpose("read")


def _in_order(*steps: str) -> dict[str, Any]:
    """Return the template of two purposes that are granted and vended in this order."""
    shop = _Shop()
    for step in steps:
        match step:
            case "vend":
                shop.vendor.grant_vend(shop.function, purposes=["read", "list"])
            case "read":
                shop.vendor.purpose("read").allow(_READ)
            case "list":
                shop.vendor.purpose("list").allow(_LIST)
    return dict(shop.template.to_json())


@pytest.mark.parametrize("steps", [("vend", "read", "list"), ("read", "vend", "list")])
def test_order_of_grants_does_not_matter(steps: tuple[str, ...]) -> None:
    assert _in_order(*steps) == _in_order("read", "list", "vend")


def test_function_vends_named_purposes_only(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ)
    shop.vendor.purpose("list").allow(_LIST)
    shop.vendor.grant_vend(shop.function, purposes=["list"])

    assert shop.configuration["policies"].keys() == {"list"}
    vending, _ = shop.role["AssumeRolePolicyDocument"]["Statement"]
    assert vending["Condition"]["StringEquals"] == {"aws:RequestTag/Purpose": ["list"]}
    # And what the role allows is allowed to sessions of that purpose only.
    bound = {
        statement["Action"]: statement["Condition"]["StringEquals"]["aws:PrincipalTag/Purpose"]
        for statement in shop.role["Policies"][0]["PolicyDocument"]["Statement"]
    }
    assert bound == {"s3:GetObject": ["read"], "s3:ListBucket": ["list"]}


def test_functions_of_one_vendor_have_purposes_of_their_own(shop: _Shop) -> None:
    shop.vendor.purpose("read").allow(_READ)
    shop.vendor.purpose("list").allow(_LIST)
    shop.vendor.grant_vend(shop.function, purposes=["list"])
    shop.vendor.grant_vend(shop.a_function("Second"), purposes=["read"])

    purposes = {
        statement["Principal"]["AWS"]["Fn::GetAtt"][0].partition("Role")[0]: statement["Condition"]["StringEquals"]
        for statement in shop.role["AssumeRolePolicyDocument"]["Statement"]
        if "Condition" in statement
    }
    assert purposes == {
        "Function": {"aws:RequestTag/Purpose": ["list"]},
        "Second": {"aws:RequestTag/Purpose": ["read"]},
    }


@pytest.mark.parametrize("purposes", [["read"], ["list", "read"]])
def test_purpose_without_grants_fails_synthesis(shop: _Shop, purposes: list[str]) -> None:
    shop.vendor.purpose("list").allow(_LIST)
    shop.vendor.grant_vend(shop.function, purposes=purposes)

    with pytest.raises(RuntimeError, match=r"stack/Function vends for 'read', which nothing is granted to"):
        _ = shop.template


def test_function_vends_for_something_and_is_granted_it_once(shop: _Shop) -> None:
    with pytest.raises(ValueError, match=r"stack/Function vends for no purpose: name what it needs"):
        shop.vendor.grant_vend(shop.function, purposes=[])
    shop.vendor.grant_vend(shop.function, purposes=["read"])

    for vendor in (shop.vendor, TokenVendor(shop.stack, "Second")):
        with pytest.raises(ValueError, match=r"stack/Function vends already: grant it once"):
            vendor.grant_vend(shop.function, purposes=["list"])


def test_trust_of_too_many_functions_is_refused_at_synthesis(shop: _Shop) -> None:
    for number in range(6):
        shop.vendor.purpose(f"purpose-{number}").allow(_READ)
        shop.vendor.grant_vend(shop.a_function(f"Function{number}"), purposes=[f"purpose-{number}"])

    with pytest.raises(RuntimeError, match=r"trust policy of stack/Vendor may have \d{4} characters; IAM takes 2048"):
        _ = shop.template


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (TenantStatement(actions=["s3:*"], resources=[f"arn:aws:s3:::bucket/{TENANT}/*"]), "actions one by one"),
        (TenantStatement(actions=["s3:GetObject"], resources=["*"]), "every resource"),
        (TenantStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"]), "bind the tenant"),
        (TenantStatement(actions=["s3:GetObject"], resources=[f"arn:aws:s3:::bucket/{TENANT}*"]), "bind the tenant"),
        (
            TenantStatement(
                actions=["dynamodb:Query", "dynamodb:Scan"],
                resources=["arn:aws:dynamodb:eu-west-1:123456789012:table/t"],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [TENANT]}},
            ),
            "bind the tenant",
        ),
        (TenantStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::{{tenant}}/*"]), "Unknown placeholder"),
    ],
    ids=["every action", "every resource", "no tenant", "no end of the tenant", "key that may be missing", "unknown"],
)
def test_unsafe_statement_is_refused_at_the_grant(shop: _Shop, statement: TenantStatement, reason: str) -> None:
    with pytest.raises(ValueError, match=f"The purpose 'read': .*{reason}"):
        shop.vendor.purpose("read").allow(_READ, statement)


@pytest.mark.parametrize("operator", ["StringEquals", "ArnEquals", "ForAllValues:StringEquals"])
def test_condition_with_literal_wildcard_is_refused(operator: str) -> None:
    with pytest.raises(ValueError, match="use StringLike"):
        TenantStatement(actions=["a:b"], resources=[TENANT], conditions={operator: {"key": [f"{TENANT}^{USER}"]}})


def _wide(statements: int) -> list[TenantStatement]:
    names = [f"arn:aws:s3:::bucket-{number:02}/{TENANT}/{USER}/*" for number in range(statements)]
    return [TenantStatement(actions=["s3:GetObject"], resources=[name]) for name in names]


def test_policy_too_long_for_longest_ids_is_refused(shop: _Shop) -> None:
    shop.vendor.purpose("wide").allow(*_wide(9))

    shop.vendor.grant_vend(shop.function, purposes=["wide"])

    with pytest.raises(RuntimeError, match=r"'wide' may have 2\d\d\d characters with the longest ids; STS takes 2048"):
        _ = shop.template


def test_longest_accepted_policy_fits_sts(shop: _Shop) -> None:
    shop.vendor.purpose("wide").allow(*_wide(6))
    shop.vendor.grant_vend(shop.function, purposes=["wide"])

    template = PolicyTemplate.of(shop.configuration["policies"]["wide"], account=_ACCOUNT)
    text = json.dumps(template.document, separators=(",", ":"))
    filled = text.replace("{{tenant_id}}", "t" * 38).replace("{{user_id}}", "u" * 128)
    assert 1700 < len(filled) <= 2048


def test_too_long_function_environment_is_refused(shop: _Shop) -> None:
    for number in range(9):
        shop.vendor.purpose(f"purpose-{number}").allow(*_wide(6))

    shop.vendor.grant_vend(shop.function, purposes=[f"purpose-{number}" for number in range(9)])

    with pytest.raises(RuntimeError, match=r"environment of stack/Function may have \d{4} bytes .* Lambda takes 4096"):
        _ = shop.template


def test_existing_environment_counts_towards_the_limit(shop: _Shop) -> None:
    for number in range(5):
        shop.vendor.purpose(f"purpose-{number}").allow(*_wide(6))
    shop.vendor.grant_vend(shop.function, purposes=[f"purpose-{number}" for number in range(5)])
    shop.function.add_environment("OTHER", "x" * 2000)

    with pytest.raises(RuntimeError, match=r"environment of stack/Function may have \d{4} bytes"):
        _ = shop.template


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_deployed_function_environments_fit_lambda(environment: str) -> None:
    """Lambda measures the JSON of all variables, quotes of quotes included."""
    measured = {
        name: len(json.dumps(_as_deployed(resource["Properties"]["Environment"]["Variables"]), separators=(",", ":")))
        for template in assembly(environment).templates.values()
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function" and "Environment" in resource["Properties"]
    }

    assert len(measured) > 10
    assert {name: length for name, length in measured.items() if length > _ENVIRONMENT_BYTES} == {}


def _as_deployed(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Put values that are as long as AWS's names get in the place of references."""
    pseudo = {"AWS::AccountId": "123456789012", "AWS::Region": "ap-northeast-1", "AWS::Partition": "aws"}
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_as_deployed(part) for part in parts)
        case {"Ref": str(name)}:
            return pseudo.get(name, "x" * 120)
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            return "x" * 120
        case dict():
            return {key: _as_deployed(part) for key, part in value.items()}
        case _:
            return value


@pytest.fixture(scope="module")
def isolated() -> assertions.Template:
    shop = _Shop()
    isolated = shop.a_function("Isolated", tenant_isolated=True)
    shop.vendor.purpose("read").allow(_READ)
    shop.vendor.grant_vend(isolated, purposes=["read"])
    pool = cognito.UserPool(shop.stack, "Pool")
    TenantApi(
        shop.stack,
        "Api",
        api_name="shop",
        user_pool=pool,
        client=pool.add_client("Client"),
        directory=Directory.from_table_names(
            shop.stack, "Directory", users="users", tenants="tenants", memberships="memberships"
        ),
        routes=[
            Route(method="GET", path="/isolated", handler=isolated, roles=["clerk"]),
            Route(method="GET", path="/shared", handler=shop.function, roles=["clerk"]),
        ],
        defaults=ApiDefaults(
            allowed_origin="https://shop.example",
            throttle_rate=1,
            throttle_burst=1,
            alarms=sns.Topic(shop.stack, "Alarms"),
        ),
        function_defaults=FunctionDefaults(namespace="test"),
    )
    return shop.template


class TestTenantIsolatedFunction:
    def test_tenant_isolated_function_is_configured(self, isolated: assertions.Template) -> None:
        functions = isolated.find_resources("AWS::Lambda::Function")
        kept = {
            name[:8]: function["Properties"]["TenancyConfig"]
            for name, function in functions.items()
            if "TenancyConfig" in function["Properties"]
        }

        assert kept == {"Isolated": {"TenantIsolationMode": "PER_TENANT"}}

    def test_isolated_invocation_gets_the_verified_tenant(self, isolated: assertions.Template) -> None:
        told = {
            json.dumps(method["Properties"]["Integration"].get("RequestParameters"))
            for method in isolated.find_resources(
                "AWS::ApiGateway::Method", {"Properties": {"HttpMethod": "GET"}}
            ).values()
        }

        assert told == {
            json.dumps({"integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenantId"}),
            "null",
        }

    def test_isolated_function_is_not_invoked_without_tenant(self, isolated: assertions.Template) -> None:
        (routes,) = [
            function["Properties"]["Environment"]["Variables"]["ROUTES"]
            for function in isolated.find_resources("AWS::Lambda::Function").values()
            if function["Properties"]["Handler"] == "authorizer.handler.handler"
        ]

        assert not [route for route in routes.splitlines() if route.endswith("*")]


@pytest.mark.parametrize(("environment", "isolated"), [("local", 0), ("dev", 0), ("staging", 3), ("prod", 3)])
def test_session_functions_are_isolated_if_configured(environment: str, isolated: int) -> None:
    functions = [
        resource["Properties"]
        for stack in ("storage", "employees")
        for resource in assembly(environment).templates[stack]["Resources"].values()
        if "TOKEN_VENDOR" in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    ]

    assert len(functions) == 3
    assert sum("TenancyConfig" in function for function in functions) == isolated
