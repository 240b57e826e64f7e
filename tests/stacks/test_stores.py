"""Every store is declared, can be removed, and is not kept by a failed first deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.environments import environment as environment_of
from tenantry.functions import declare_store
from tenantry.model.stores import APPLICATION, STORES, Application, By, Content, Store
from tenantry.operate.teardown.names import Form
from tenantry.operate.teardown.removal import REMOVALS, WITH_ANOTHER
from tests.synthesized import ENVIRONMENTS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

# Types that hold data, whatever becomes of them with their stack.
_STATEFUL: Final = frozenset(REMOVALS) - {"AWS::SNS::Topic", "AWS::KMS::Alias"}
# What is made at run time by something in a template, and by what it is seen there.
_MADE_LATER: Final = {
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::AccessPoint": "s3:CreateAccessPoint",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::KMS::Alias": "kms:CreateAlias",
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_store_is_declared(environment: str) -> None:
    undeclared = [
        (stack, name, resource["Type"])
        for stack, name, resource in _resources(environment)
        if (_is_kept(resource) or resource["Type"] in _STATEFUL) and resource["Type"] not in WITH_ANOTHER
        if not any(not store.kind for store in _declared(resource))
    ]

    assert undeclared == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_retained_resource_can_be_removed(environment: str) -> None:
    kinds = {resource["Type"] for _, _, resource in _resources(environment) if _is_kept(resource)}
    later = {store.kind for _, store in _stores(environment) if store.kind}

    assert (kinds | later) - set(REMOVALS) - WITH_ANOTHER == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_types_that_roles_create_are_declared(environment: str) -> None:
    declared = {store.kind for _, store in _stores(environment) if store.kind}
    granted = {action for _, _, resource in _resources(environment) for action in _actions(resource)}

    assert {kind for kind, action in _MADE_LATER.items() if action in granted} <= declared


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_buckets_are_declared_to_be_emptied(environment: str) -> None:
    buckets = [
        store for resource, store in _stores(environment) if (store.kind or resource.get("Type")) == "AWS::S3::Bucket"
    ]

    assert buckets
    assert all(Content.OBJECTS in store.emptied for store in buckets)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_names_of_runtime_resources_can_be_found(environment: str) -> None:
    known = {"account": "123456789012", "region": "eu-north-1", "partition": "aws", "id": "id"}
    for _, store in _stores(environment):
        if "{tenant}" in store.name:
            example = store.name.format_map({**known, "tenant": "t001", "park": "p", "event": "e", "server": "s"})
            assert Form.of(store.kind, store.name, known).matches(example)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_names_its_application(environment: str) -> None:
    marks = {
        Application.read(template["Metadata"][APPLICATION]) for template in assembly(environment).templates.values()
    }

    ephemeral = environment_of(environment).ephemeral
    assert marks == {Application(name="tenantry", environment=environment, ephemeral=ephemeral)}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_failed_first_deployment_keeps_nothing(environment: str) -> None:
    kept = {
        (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for _, _, resource in _resources(environment)
        if _is_kept(resource)
    }

    assert kept == (set() if environment == "local" else {("RetainExceptOnCreate", "Retain")})


def test_declaration_round_trips() -> None:
    stack = Stack(App(), "Stack")
    bucket = s3.Bucket(stack, "Bucket", removal_policy=RemovalPolicy.DESTROY)
    store = Store(holds="objects", by=By.PREFIX, forms=("{tenant}/",), emptied=(Content.OBJECTS,))
    later = Store(
        holds="objects", by=By.NAME, kind="AWS::S3::Bucket", name=f"own-{{tenant}}-{stack.account}-{stack.region}"
    )

    declare_store(bucket, store)
    declare_store(bucket, later)
    declare_store(stack, later)

    template: dict[str, Any] = stack.node.root.synth().get_stack_by_name("Stack").template  # type: ignore[attr-defined]
    (resource,) = (found for found in template["Resources"].values() if found["Type"] == "AWS::S3::Bucket")
    named = Store(holds="objects", by=By.NAME, kind="AWS::S3::Bucket", name="own-{tenant}-{account}-{region}")
    assert _declared(resource) == [store, named]
    assert _declared(template) == [named]


def test_declaration_without_match_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs \{tenant\}"):
        Store(holds="objects", by=By.NAME, kind="AWS::S3::Bucket", name="one-for-all")
    with pytest.raises(ValueError, match="has a type and a name"):
        Store(holds="objects", by=By.NONE, kind="AWS::S3::Bucket")
    with pytest.raises(ValueError, match="does not declare a store"):
        Store.read({"holds": "objects"})


def test_name_unknown_at_synthesis_is_refused() -> None:
    stack = Stack(App(), "Stack")
    user = iam.User(stack, "User")
    store = Store(holds="objects", by=By.NAME, kind="AWS::S3::Bucket", name=f"{user.user_name}-{{tenant}}")

    with pytest.raises(ValueError, match="must be made of text, account and region"):
        declare_store(stack, store)
    with pytest.raises(TypeError, match="has no resource"):
        declare_store(Construct(stack, "Empty"), Store(holds="nothing", by=By.NONE))


def _resources(environment: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in assembly(environment).templates.items():
        for name, resource in template["Resources"].items():
            yield stack, name, resource


def _is_kept(resource: dict[str, Any]) -> bool:
    return str(resource.get("DeletionPolicy", "")).startswith("Retain")


def _declared(carrier: dict[str, Any]) -> list[Store]:
    return [Store.read(declared) for declared in carrier.get("Metadata", {}).get(STORES, [])]


def _stores(environment: str) -> Iterator[tuple[dict[str, Any], Store]]:
    for template in assembly(environment).templates.values():
        for carrier in (template, *template["Resources"].values()):
            yield from ((carrier, store) for store in _declared(carrier))


def _actions(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        actions = value.get("Action", []) if value.get("Effect") == "Allow" else []
        yield from [actions] if isinstance(actions, str) else actions
        for part in value.values():
            yield from _actions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _actions(part)
