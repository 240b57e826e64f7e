"""Proves at synthesis that no tenant reaches another's data, and fails it where that is not so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import jsii
from aws_cdk import (
    CfnResource,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stack,
    Stage,
    Validations,
)

from tenantry.prove.assembly import ACCOUNT, REGION, Assembly
from tenantry.prove.assembly import Stack as Template
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.report import described, failing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct

    from tenantry.prove.prover import Finding

NAME: Final = "tenantry-prove"
"""The plugin's name, as reports of the CDK have it."""

_PROVEN: Final[WeakSet[Any]] = WeakSet()


def prove_at_synthesis(scope: IConstruct) -> None:
    """Have the templates of the app that `scope` is in proven when they are synthesized; once, however often called.

    The constructs that hold tenants' data, or vend sessions, call it themselves.

    Isolation: a policy that lets one tenant reach another's data fails ``cdk synth`` and ``python app.py`` with the
    construct's path, the statement and a request that would succeed. So does what the proof does not know.
    """
    root = scope.node.root
    if not isinstance(root, Stage) or root in _PROVEN:
        return
    _PROVEN.add(root)
    Validations.of(root).add_plugins(IsolationProof())


@jsii.implements(IPolicyValidationPlugin)
class IsolationProof:
    """The proof as a plugin of the CDK.

    Source: https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html
    """

    @property
    @jsii.member(jsii_name="name")
    def name(self) -> str:
        """Name of the plugin, in reports."""
        return NAME

    @property
    @jsii.member(jsii_name="version")
    def version(self) -> str:
        """Version of the plugin; it has none of its own."""
        return "1.0.0"

    @property
    @jsii.member(jsii_name="ruleIds")
    def rule_ids(self) -> list[str]:
        """The rules that it may report."""
        return ["tenant-isolation"]

    @jsii.member(jsii_name="validate")
    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Prove the templates that have just been synthesized."""
        found = failing(prove_isolation(_assembly(context, {})))
        if found:  # once more, with the constructs' own paths, which take a while to find
            found = failing(prove_isolation(_assembly(context, _paths(context.app_construct))))
        return PolicyValidationPluginReport(success=not found, violations=list(map(_violation, found)))


def _assembly(context: IPolicyValidationContext, paths: Mapping[str, Mapping[str, str]]) -> Assembly:
    return Assembly(
        Template.read(
            Path(stack.template_path),
            account=stack.account_id or ACCOUNT,
            region=stack.region or REGION,
            paths=paths.get(Path(stack.template_path).name),
        )
        for stack in context.stack_templates
    )


def _paths(app: IConstruct) -> dict[str, dict[str, str]]:
    """Return construct paths by the name of the template's file and the logical id."""
    found: dict[str, dict[str, str]] = {}
    for node in app.node.find_all():
        if isinstance(node, CfnResource):
            stack = Stack.of(node)
            found.setdefault(stack.template_file, {})[stack.resolve(node.logical_id)] = node.node.path
    return found


def _violation(finding: Finding) -> PolicyViolation:
    return PolicyViolation(
        rule_name="tenant-isolation",
        description=described(finding),
        severity="error",
        violating_resources=[
            PolicyViolatingResource(construct_path=finding.path, locations=[]),
        ],
    )
