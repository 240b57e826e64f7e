"""The token vending machine: who may get credentials of a tenant, and what those can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import acknowledge
from tenantry.isolation.vending._deployed import as_long_as_deployed
from tenantry.isolation.vending.tenant_statement import TENANT, TENANT_NAME, USER, TenantStatement
from tenantry.model.policies import PolicyTemplate, TemplateError

if TYPE_CHECKING:
    from tenantry.functions import PythonFunction

_VARIABLE: Final = "TOKEN_VENDOR"
_VENDING: Final = ("sts:AssumeRole", "sts:TagSession")
_SOURCE: Final = "sts:SetSourceIdentity"
_TAGS: Final = ("TenantId", "TenantName")
_SESSION_POLICY_CHARACTERS: Final = 2048
_ENVIRONMENT_BYTES: Final = 4096
_LONGEST: Final = {TENANT: 38, TENANT_NAME: 38, USER: 128}


class Purpose:
    """Something that sessions are vended for: it collects what they may do. `TokenVendor.purpose` makes it.

    Attributes
    ----------
    name
        The purpose's name, under which the function asks for a session.
    """

    def __init__(self, vendor: TokenVendor, name: str) -> None:
        self.name = name
        self._vendor = vendor
        self._statements: list[TenantStatement] = []
        self._closed = False

    def allow(self, *statements: TenantStatement) -> None:
        """Let the purpose's sessions do this; called by the ``grant_tenant_*`` methods of tables and buckets.

        Isolation: what is allowed on S3 is allowed on buckets of the vendor's own account only, in both fences.

        Raises
        ------
        ValueError
            The vendor has been handed to a function already.
        """
        if self._closed:
            raise ValueError(f"The purpose {self.name!r} is closed: grant before TokenVendor.grant_vend is called.")
        for statement in statements:
            self._statements.append(statement)
            self._vendor.bind_to_tag(statement)

    def close(self) -> list[list[Any]]:
        """Let nothing be added any more, and return the statements of the session policy template."""
        self._closed = True
        return [statement.for_session() for statement in self._statements]


class TokenVendor(Construct):
    """Vends credentials that reach one tenant's data, for the functions that it is granted to.

    Isolation: two fences, each enough alone. The tenant role's own policy is bound to the session tag ``TenantId``
    (`${aws:PrincipalTag/TenantId}`), and cannot be assumed without it, nor with the name of another tenant. The
    session policy, filled from a template, narrows that to the tenant, the user and the purpose. A session can assume
    no other role. The functions themselves get no grant on tenant data: one that forgets to vend fails closed.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_attribute-based-access-control.html

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.

    Examples
    --------
    >>> vendor = TokenVendor(self, "Vendor")
    >>> employees.grant_tenant_read_write(vendor.purpose("employees"))
    >>> vendor.grant_vend(function)
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._purposes: dict[str, Purpose] = {}
        self._trust = iam.PolicyDocument()
        self._allowed = iam.PolicyDocument()
        # The plain resource takes both documents as they will be when everything is granted.
        self._role = iam.CfnRole(
            self,
            "TenantRole",
            description="Permissions of a tenant session; limited by the session tag TenantId",
            assume_role_policy_document=self._trust,
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="BoundToTheTenantTag", policy_document=self._allowed),
            ],
        )

    def purpose(self, name: str) -> Purpose:
        """Return the purpose of this name, which is made at the first call."""
        if name not in self._purposes:
            self._purposes[name] = Purpose(self, name)
        return self._purposes[name]

    @property
    def role_arn(self) -> str:
        """ARN of the tenant role."""
        return self._role.attr_arn

    def bind_to_tag(self, statement: TenantStatement) -> None:
        """Put a purpose's statement into the tenant role's own policy; called by `Purpose.allow`."""
        bound = statement.in_account(Stack.of(self).account).for_role()
        self._allowed.add_statements(iam.PolicyStatement.from_json(bound))
        for resource in bound["Resource"]:
            if "*" in resource:
                acknowledge(
                    self._role,
                    "AwsSolutions-IAM5",
                    "The wildcard stands within what the session tag has narrowed to one tenant.",
                    resource=resource,
                )

    def grant_vend(self, function: PythonFunction) -> None:
        """Let a function vend sessions for every purpose, by `tenantry.runtime.vending.TokenVendor.from_environment`.

        Call it when everything is granted: the session policies are handed over here.

        Raises
        ------
        ValueError
            A session policy is not safe, or too long for the longest legal ids; or the function's environment is too
            long with all of them.
        """
        principal = iam.ArnPrincipal(function.execution_role.role_arn)
        self._trust.add_statements(
            iam.PolicyStatement(
                actions=list(_VENDING),
                principals=[principal],
                # Without a tenant there is no session, and no other tag can be brought along.
                conditions={
                    "StringLike": {f"aws:RequestTag/{tag}": "?*" for tag in _TAGS},
                    "ForAllValues:StringEquals": {"aws:TagKeys": list(_TAGS)},
                    # The name is the id in lower case: nobody is one tenant by the id and another by the name.
                    "StringEqualsIgnoreCase": {"aws:RequestTag/TenantName": "${aws:RequestTag/TenantId}"},
                },
            ),
            # On its own it gives nothing, and tags are not among its condition keys.
            iam.PolicyStatement(actions=[_SOURCE], principals=[principal]),
        )
        function.add_to_role_policy(iam.PolicyStatement(actions=[*_VENDING, _SOURCE], resources=[self.role_arn]))
        configuration = {"role": self.role_arn, "policies": self._templates()}
        # Lambda measures an environment as JSON; in there, the configuration is text once more.
        length = len(_compact(self._deployed({**function.variables, _VARIABLE: ""})))
        length += len(_compact(_compact(self._deployed(configuration)))) - len('""')
        if length > _ENVIRONMENT_BYTES:
            raise ValueError(
                f"The environment of {function.node.path} may have {length} bytes with the session policies; "
                f"Lambda takes {_ENVIRONMENT_BYTES}. Grant less, or split the purposes among functions."
            )
        function.add_environment(_VARIABLE, Stack.of(self).to_json_string(configuration))

    def _templates(self) -> dict[str, Any]:
        templates = {}
        for name, purpose in self._purposes.items():
            statements = purpose.close()
            try:
                template = PolicyTemplate.of(self._deployed(statements), account=self._deployed(Stack.of(self).account))
            except TemplateError as error:
                raise ValueError(f"The purpose {name!r}: {error}") from error
            text = _compact(template.document)
            length = len(text) + sum(text.count(id_) * (longest - len(id_)) for id_, longest in _LONGEST.items())
            if length > _SESSION_POLICY_CHARACTERS:
                raise ValueError(
                    f"The session policy of {name!r} may have {length} characters with the longest ids; "
                    f"STS takes {_SESSION_POLICY_CHARACTERS}. Grant less, or split the purpose."
                )
            templates[name] = statements
        return templates

    def _deployed(self, value: Any) -> Any:  # noqa: ANN401 - any part of a document
        return as_long_as_deployed(Stack.of(self), value)


def _compact(document: Any) -> str:  # noqa: ANN401 - any part of a document
    return json.dumps(document, separators=(",", ":"))
