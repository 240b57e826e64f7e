"""Instances in one account have distinct names, and synthesis refuses collisions."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.application import compose
from stacks.environments import environment
from stacks.names import StorageNames, instance_code
from stacks.platform.collisions import NAMES, Named, Scope, collisions, named
from tenantry.functions import AWS_ARM64
from tenantry.model.identifiers import RESERVED_WORDS, TENANT_PATTERN
from tests.synthesized import ENVIRONMENTS, assembly, new_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stacks.environments import Environment

_ACCOUNT: Final = "111122223333"
_REGIONS: Final = ("eu-north-1", "ap-southeast-1")
_LONG: Final = "abcdefghij-klmnopqrs"
# What names look like, and whose they are: a parent's, so that no other stack can have them, or nobody's.
_LOOKS_LIKE_A_NAME: Final = re.compile(r"(.*Name|Name|Alias|RoleAlias|Domain|Identifier)")
_NO_NAME_OF_ITS_OWN: Final = {
    ("AWS::ApiGateway::Authorizer", "Name"),  # an API's
    ("AWS::ApiGateway::Model", "Name"),  # an API's
    ("AWS::ApiGateway::RequestValidator", "Name"),  # an API's
    ("AWS::ApiGateway::RestApi", "Name"),  # as many as one likes
    ("AWS::ApiGateway::Stage", "StageName"),  # an API's
    ("AWS::ApiGateway::UsagePlan", "UsagePlanName"),  # as many as one likes
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification.AttributeName"),
    ("AWS::EventSchemas::Schema", "RegistryName"),
    ("AWS::EventSchemas::Schema", "SchemaName"),  # a registry's
    ("AWS::Events::Rule", "EventBusName"),
    ("AWS::Glue::Table", "DatabaseName"),
    ("AWS::Glue::Table", "TableInput.Name"),  # a database's
    ("AWS::IAM::Policy", "PolicyName"),  # a role's
    ("AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption", "ApplicationName"),
    ("AWS::Lambda::EventInvokeConfig", "FunctionName"),
    ("AWS::Lambda::EventSourceMapping", "FunctionName"),
    ("AWS::Lambda::Permission", "FunctionName"),
    ("AWS::Logs::LogStream", "LogGroupName"),
    ("AWS::SNS::Topic", "DisplayName"),
}


def _instance(name: str, application: str, region: str, *, hands_on_names: bool | None = None) -> Environment:
    found = environment(name, application=application, hands_on_names=hands_on_names)
    return replace(found, account=_ACCOUNT, region=region, bundle=AWS_ARM64)


@cache
def _named(name: str) -> list[Named]:
    """Return what an environment names: for two applications and, the default one, for two regions."""
    here, elsewhere = _REGIONS
    return [
        one
        for region, templates in (
            (here, assembly(name).templates),
            (here, _templates(name, _LONG, here)),
            (elsewhere, _templates(name, "tenantry", elsewhere)),
        )
        for stack, template in templates.items()
        for one in named(template, stack=f"{stack} in {region}", account=_ACCOUNT, region=region)
    ]


@cache
def _templates(name: str, application: str, region: str) -> dict[str, dict[str, Any]]:
    app = new_app(tempfile.mkdtemp(prefix="tenantry-names-"))
    compose(app, _instance(name, application, region, hands_on_names=False))
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_applications_and_regions_share_no_name(name: str) -> None:
    found = _named(name)

    assert {one.scope for one in found} == set(Scope)
    assert collisions(found) == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_names_fit_limits_for_longest_application_and_region(name: str) -> None:
    longest = {"AWS::S3::Bucket": 63 - 38 + len("{tenant}"), "AWS::S3::AccessPoint": 50 - 38 + len("{tenant}")}
    for one in _named(name):
        if one.kind.startswith("AWS::CloudFront::"):
            assert len(one.name) <= 64, one
        if "{tenant}" in one.name:
            assert len(one.name) <= longest[one.kind], one
        elif one.kind == "AWS::S3::Bucket":
            assert len(one.name) <= 63, one


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_physical_name_is_compared(name: str) -> None:
    unknown = {
        (resource["Type"], path)
        for template in assembly(name).templates.values()
        for resource in template["Resources"].values()
        for path in _name_like(resource.get("Properties", {}))
        if NAMES.get(resource["Type"], ("",))[0] != path
    }

    assert unknown <= _NO_NAME_OF_ITS_OWN, (
        "Say in stacks.platform.collisions.NAMES, or here, how far AWS compares these."
    )


def _name_like(properties: dict[str, Any]) -> Iterator[str]:
    for key, value in properties.items():
        if _LOOKS_LIKE_A_NAME.fullmatch(key):
            yield key
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value if _LOOKS_LIKE_A_NAME.fullmatch(inner))


def test_two_instances_with_hands_on_names_are_refused() -> None:
    app = new_app(tempfile.mkdtemp(prefix="tenantry-names-"))
    for region in _REGIONS:
        compose(app, _instance("dev", "tenantry", region))

    with pytest.raises(RuntimeError) as refused:
        app.synth()

    said = str(refused.value)
    assert (
        "PrefixBucket2BEF2300 of tenantry-storage and "
        "PrefixBucket2BEF2300 of tenantry-storage-111122223333-ap-southeast-1 "
        "would have the same name 'aws-saas-s3-prefix-111122223333'"
    ) in said
    assert "--context handsOnNames=false" in said


def test_default_application_has_the_hands_on_names() -> None:
    assert {name for name in ENVIRONMENTS if environment(name).hands_on_names} == {"local", "dev"}
    assert not any(environment(name, application="other").hands_on_names for name in ENVIRONMENTS)
    assert environment("dev", application="other", hands_on_names=True).hands_on_names
    assert not environment("local", hands_on_names=False).hands_on_names


_APPLICATIONS = st.from_regex(r"[a-z][a-z0-9-]{1,18}[a-z0-9]", fullmatch=True)
_TENANTS = st.from_regex(re.compile(TENANT_PATTERN, re.ASCII), fullmatch=True).map(str.lower)
_PLACES = st.sampled_from(["us-east-1", "eu-north-1", "ap-southeast-1", "us-gov-west-1"])


@given(application=_APPLICATIONS, tenant=_TENANTS, region=_PLACES, hands_on=st.booleans())
def test_names_are_valid_for_s3_and_contain_the_tenant(
    application: str,
    tenant: str,
    region: str,
    hands_on: bool,  # noqa: FBT001 - a case
) -> None:
    names = StorageNames(application=application, account=_ACCOUNT, region=region, hands_on=hands_on)
    own, point = names.tenant_bucket(tenant), names.access_point(tenant)

    for bucket in (own, *(names.shared_bucket(word) for word in RESERVED_WORDS)):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket)
        assert not bucket.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]", point)
    assert f"-{tenant}-" in own
    assert point.endswith(f"-{tenant}")


@given(
    one=st.tuples(_APPLICATIONS, _PLACES),
    other=st.tuples(_APPLICATIONS, _PLACES),
    tenants=st.tuples(_TENANTS, _TENANTS),
)
def test_instances_share_no_tenant_bucket_or_access_point(
    one: tuple[str, str], other: tuple[str, str], tenants: tuple[str, str]
) -> None:
    made = [
        StorageNames(application=application, account=_ACCOUNT, region=region, hands_on=False)
        for application, region in (one, other)
    ]
    buckets = [
        {names.tenant_bucket(tenant), *map(names.shared_bucket, RESERVED_WORDS)}
        for names, tenant in zip(made, tenants, strict=True)
    ]
    points = [names.access_point(tenant) for names, tenant in zip(made, tenants, strict=True)]

    if instance_code(*one) != instance_code(*other):
        assert not buckets[0] & buckets[1]
        assert points[0] != points[1]
    else:
        assert one == other


def test_instance_code_is_unique() -> None:
    codes = {
        instance_code(application, region) for application in ("tenantry", "tenantry2", "a-b") for region in _REGIONS
    }

    assert len(codes) == 6
    assert {code[:4] for code in codes} == {"tena", "a-b-"}


@pytest.mark.parametrize("application", ["tenantry-tenant", "a-parks-b", "one-storage", "x-user"])
def test_ambiguous_application_name_is_refused(application: str) -> None:
    """The table `one-tenant-users` would be that of `one` and of `one-tenant`."""
    with pytest.raises(ValueError, match="the name of another application's"):
        environment("dev", application=application)


def test_template_without_region_cannot_be_deployed() -> None:
    def parameters(templates: dict[str, dict[str, Any]]) -> set[str]:
        return {parameter for template in templates.values() for parameter in template.get("Parameters", {})}

    assert "SynthesizedWithoutRegion" in parameters(assembly("prod").templates)
    assert "SynthesizedWithoutRegion" not in parameters(_templates("prod", "tenantry", _REGIONS[1]))
    assert "SynthesizedWithoutRegion" not in parameters(assembly("dev").templates)
