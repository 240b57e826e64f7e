"""What may differ between environments, and what may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from aws_cdk import RemovalPolicy

from stacks.environments import NAMES, environment
from stacks.platform.platform import Foundation

_UNUSED: Final[Any] = None


def test_production_never_destroys() -> None:
    production = environment("prod")

    assert production.removal_policy is RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    with pytest.raises(ValueError, match="'prod' keeps its data"):
        environment("prod", destroy_data=True)
    with pytest.raises(ValueError, match="'prod' keeps its data"):
        replace(production, ephemeral=True)


def test_destroy_requires_both_settings() -> None:
    assert environment("dev").removal_policy is RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    assert environment("dev", destroy_data=True).removal_policy is RemovalPolicy.DESTROY
    with pytest.raises(ValueError, match="'staging' keeps its data"):
        environment("staging", destroy_data=True)


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_published_tokens_and_test_user_are_refused_outside_local_and_dev(name: str) -> None:
    deployed = environment(name)

    assert deployed.hands_on_secret is None
    assert not deployed.test_identity
    with pytest.raises(ValueError, match=f"'{name}' must not accept the hands-on's published tokens"):
        replace(deployed, hands_on_secret="aws-saas-factory")
    with pytest.raises(ValueError, match=f"'{name}' must not have a test user"):
        replace(deployed, test_identity=True)


@pytest.mark.parametrize("name", NAMES)
def test_isolation_settings_by_environment(name: str) -> None:
    found, deployed = environment(name), name in {"staging", "prod"}

    assert found.authorizer_cache_seconds == 3
    assert found.tenant_keys is False
    assert found.tenant_api_keys is deployed
    assert found.tenant_isolated_functions is deployed
    assert found.ephemeral is not deployed
    assert found.destroy_data is (name == "local")
    assert found.test_identity is not deployed
    assert (found.hands_on_secret is None) is deployed
    assert found.hands_on_names is not deployed
    assert environment(name, application="shop").hands_on_names is False


def test_web_acl_is_kept_except_locally() -> None:
    acl = "arn:aws:wafv2:eu-north-1:123456789012:regional/webacl/acl/0"

    assert environment("local", web_acl_arn=acl).web_acl_arn is None
    for name in ("dev", "staging", "prod"):
        found = environment(name, web_acl_arn=acl)
        assert found.web_acl_arn == acl
        assert Foundation(environment=found, bus=_UNUSED, alarms=_UNUSED).api_defaults.web_acl_arn == acl


def test_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=rf"'production'.*{', '.join(NAMES)}"):
        environment("production")


@pytest.mark.parametrize("name", ["", "UPPER", "a", "-a-", "x" * 21, "a b", "a_b", "1ab"])
def test_unusable_application_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not usable"):
        environment("dev", application=name)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "local"])
def test_only_the_local_environment_may_allow_every_origin(name: str) -> None:
    assert environment(name).allowed_origin != "*"
    with pytest.raises(ValueError, match="must name its web origin"):
        environment(name, allowed_origin="*")


@pytest.mark.parametrize(
    ("name", "where"), [("dev", ("123456789012", "eu-north-1")), ("local", ("000000000000", "us-east-1"))]
)
def test_callers_account_and_region_are_used_except_locally(name: str, where: tuple[str, str]) -> None:
    found = environment(name, account="123456789012", region="eu-north-1")

    assert (found.account, found.region) == where
    assert (found.cdk_environment.account, found.cdk_environment.region) == where


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("names", [True, False])
def test_names_of_the_hands_on_can_be_chosen(name: str, names: bool) -> None:  # noqa: FBT001 - a case
    assert environment(name, hands_on_names=names).hands_on_names is names


@pytest.mark.parametrize("name", ["shop-parks", "shop-tenant", "a-user-x"])
def test_application_name_with_a_stacks_name_in_it_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"could give a resource the name of another application's: leave out '-\w+'"):
        environment("dev", application=name)
    assert environment("dev", application="parks").stack_name("tenant") == "parks-tenant"


def test_custom_domain_requires_a_certificate() -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/00000000"
    both = environment("dev", page_domain="app.example.com", page_certificate_arn=certificate)

    assert both.page_domain == "app.example.com"
    assert environment("local", page_domain="app.example.com", page_certificate_arn=certificate).page_domain is None
    with pytest.raises(ValueError, match="A domain needs a certificate"):
        environment("dev", page_domain="app.example.com")
    with pytest.raises(ValueError, match="A domain needs a certificate"):
        environment("dev", page_certificate_arn=certificate)


@pytest.mark.parametrize("origin", ["https://app.example.com", "https://app.example.com:8443", "http://localhost:5173"])
def test_web_origin_must_be_scheme_and_host(origin: str) -> None:
    assert environment("dev", allowed_origin=origin).allowed_origin == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com/",
        "https://a.example.com,https://b.example.com",
        "https://a.example.com https://b.example.com",
        "app.example.com",
        "http://app.example.com",
        "https://app.example.com'",
        "https://App.example.com",
        "https://app.example.com/path",
        "https://*.example.com",
        "https://app.example.com\n",
        "null",
    ],
)
def test_malformed_web_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="Invalid web origin"):
        environment("dev", allowed_origin=origin)


@pytest.mark.parametrize("domain", ["https://app.example.com", "app.example.com/", "app example.com", "*.example.com"])
def test_malformed_domain_is_refused(domain: str) -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/00000000"

    with pytest.raises(ValueError, match="Invalid domain"):
        environment("dev", page_domain=domain, page_certificate_arn=certificate)


@pytest.mark.parametrize(
    "arn", ["arn:aws:acm:eu-north-1:123456789012:certificate/0", "arn:aws:iam::1:server-certificate/x", "x"]
)
def test_certificate_outside_us_east_1_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="cannot serve a page"):
        environment("dev", page_domain="app.example.com", page_certificate_arn=arn)


@pytest.mark.parametrize(("name", "required"), [("local", False), ("dev", False), ("staging", True), ("prod", True)])
def test_confirmation_proof_by_environment(name: str, required: bool) -> None:  # noqa: FBT001 - a case
    found = environment(name, allowed_origin="https://app.example")

    assert found.confirmation_proof_required is required
    assert found.operator_accounts_found_tenants is False


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("local", {"destory_data": False}),
        ("local", {"ephemeral": False}),
        ("prod", {"confirmation_proof_required": False}),
        ("prod", {"tenant_isolated_functions": False}),
    ],
)
def test_setting_that_callers_must_not_give_is_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        environment(name, **given)
