"""Says in the templates what is a store, and whose deployment they are of (`tenantry.model.stores`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import CfnResource, Stack, Tags

from tenantry.functions.checks import AtValidation
from tenantry.functions.proof import prove_at_synthesis
from tenantry.model.stores import APPLICATION, STORES, Application, By, Store

if TYPE_CHECKING:
    from constructs import IConstruct

#: What every log group is declared as.
LOG: Final = Store(holds="log lines", by=By.NONE)
_WORDS: Final = {"AWS::AccountId": "{account}", "AWS::Region": "{region}", "AWS::Partition": "{partition}"}


def declare_store(construct: IConstruct, *stores: Store) -> None:
    """Declare what a construct's resource holds, or what is made at run time beside it.

    Whoever throws a deployment away, or looks for one tenant's part of it, reads this from the deployed template, and
    so does the proof of isolation when the app is synthesized (`prove_at_synthesis`).

    Parameters
    ----------
    construct
        A resource, a construct with one, or a stack where what is made at run time belongs to no resource.
    stores
        The declarations; those of earlier calls stay.

    Raises
    ------
    ValueError
        A name is made of something that is known only when the stack is deployed.
    TypeError
        The construct has no resource of its own.
    """
    prove_at_synthesis(construct)
    stack = Stack.of(construct)
    declared = [replace(store, name=_text(stack.resolve(store.name), store)).declared for store in stores]
    if construct is stack:
        metadata = stack.template_options.metadata or {}
        stack.template_options.metadata = {**metadata, STORES: [*metadata.get(STORES, []), *declared]}
        return
    resource = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError(f"{construct.node.path} has no resource of its own that could carry a declaration.")
    resource.add_metadata(STORES, [*(resource.get_metadata(STORES) or []), *declared])


def declare_application(scope: IConstruct, *, name: str, environment: str, ephemeral: bool = False) -> None:
    """Say whose deployment all stacks below `scope` are: in their templates, and by tags of their resources.

    `tenantry teardown` works on stacks that say so, and throws away those of ephemeral environments only.

    Parameters
    ----------
    scope
        The app, or a part of it. A stack that is added to it later is marked as well.
    name
        The application's name; the names of its stacks begin with it.
    environment
        Such as ``dev``.
    ephemeral
        Whether the environment may ever be thrown away with its data.
    """
    declared = Application(name=name, environment=environment, ephemeral=ephemeral).declared

    def mark() -> list[str]:
        for stack in scope.node.find_all():
            if isinstance(stack, Stack):
                metadata = stack.template_options.metadata or {}
                stack.template_options.metadata = {**metadata, APPLICATION: declared}
        return []

    scope.node.add_validation(AtValidation(mark))  # by then every stack is there
    Tags.of(scope).add("application", name)
    Tags.of(scope).add("environment", environment)


def _text(value: Any, store: Store) -> str:  # noqa: ANN401 - a resolved CloudFormation expression
    """Return a name without CloudFormation expressions, which a template's own metadata cannot hold."""
    match value:
        case str():
            return value
        case {"Ref": name} if name in _WORDS:
            return _WORDS[name]
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part, store) for part in parts)
        case _:
            raise ValueError(
                f"The name of the store of {store.holds} must be made of text, account and region, not of {value!r}."
            )
