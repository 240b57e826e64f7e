"""The token vending machine: who may get credentials of a tenant, and what those can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import IStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import acknowledge_reach, acknowledge_wildcard, prove_at_synthesis
from tenantry.functions.checks import AtValidation
from tenantry.isolation.validation import purpose_name
from tenantry.isolation.vending._deployed import as_long_as_deployed
from tenantry.model.placeholders import TENANT, TENANT_NAME, USER
from tenantry.model.policies import PolicyTemplate, TemplateError
from tenantry.model.tags import (
    PURPOSE_TAG,
    SESSION_TAGS,
    TENANT_ID_TAG,
    TENANT_NAME_TAG,
    TENANT_TAGS,
    policy_variable,
    request_tag,
)
from tenantry.model.variables import TOKEN_VENDOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tenantry.functions import PythonFunction
    from tenantry.isolation.vending.tenant_statement import TenantStatement

_VENDING: Final = ("sts:AssumeRole", "sts:TagSession")
_SOURCE: Final = "sts:SetSourceIdentity"
_SESSION_POLICY_CHARACTERS: Final = 2048
_TRUST_POLICY_CHARACTERS: Final = 2048
_ENVIRONMENT_BYTES: Final = 4096
_LONGEST: Final = {TENANT: 38, TENANT_NAME: 38, USER: 128}


class Purpose:
    """Something that sessions are vended for: it collects what they may do. `TokenVendor.purpose` makes it."""

    def __init__(self, vendor: TokenVendor, name: str) -> None:
        self._name = purpose_name(name)
        self._vendor = vendor
        self._statements: list[TenantStatement] = []

    @property
    def name(self) -> str:
        """The purpose's name, under which the function asks for a session."""
        return self._name

    @property
    def statements(self) -> Sequence[TenantStatement]:
        """What its sessions may do so far."""
        return tuple(self._statements)

    def allow(self, *statements: TenantStatement) -> Purpose:
        """Let the purpose's sessions do this, whether functions vend them already or not.

        The ``grant_tenant_*`` methods of tables and buckets call it. They return the purpose, and no `iam.Grant`: what
        is granted goes into two policies, and a grant names one principal.

        Isolation: what is allowed on S3 is allowed on buckets of the vendor's own account only, in both layers.

        Raises
        ------
        ValueError
            A statement is not safe: it does not bind the tenant, for example.
        """
        for statement in statements:
            self._vendor.template(self.name, [statement])
            self._statements.append(statement)
            self._vendor.bind_to_tags(statement, self.name)
        return self

    def acknowledge(self, reason: str) -> Purpose:
        """Answer for what its sessions were last allowed: it reaches what is of other users of the same tenant."""
        self._vendor.acknowledge(self._statements[-1], self.name, reason)
        return self


class TokenVendor(Construct):
    """Vends credentials that reach one tenant's data, for the functions that it is granted to.

    Isolation: two layers, each enough alone. The tenant role's own policy is bound to the session tags ``TenantId``
    (`${aws:PrincipalTag/TenantId}`) and ``Purpose``, and the role cannot be assumed without them, nor with the name of
    another tenant. The session policy, filled from a template, narrows that to the tenant, the user and the purpose. A
    session can assume no other role. The functions themselves get no grant on tenant data: one that forgets to vend
    fails closed.

    The order of calls does not matter: purposes, and what they may do, are put together when the app is synthesized.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_attribute-based-access-control.html

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.

    Examples
    --------
    >>> vendor = TokenVendor(self, "Vendor")
    >>> employees.grant_tenant_read_write(vendor.purpose("employees"))
    >>> vendor.grant_vend(function, purposes=["employees"])
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._purposes: dict[str, Purpose] = {}
        self._granted: list[tuple[PythonFunction, Sequence[str]]] = []
        self._trust = iam.PolicyDocument()
        self._allowed = iam.PolicyDocument()
        # The plain resource takes both documents as they will be when everything is granted.
        self._role = iam.CfnRole(
            self,
            "TenantRole",
            description="Permissions of a tenant session; limited by the session tag " + TENANT_ID_TAG,
            assume_role_policy_document=self._trust,
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="BoundToTheTenantTag", policy_document=self._allowed),
            ],
        )
        self.node.add_validation(AtValidation(lambda: list(self._faults())))
        prove_at_synthesis(self)

    @property
    def role_arn(self) -> str:
        """ARN of the tenant role."""
        return self._role.attr_arn

    def purpose(self, name: str) -> Purpose:
        """Return the purpose of this name, which is made at the first call.

        Raises
        ------
        ValueError
            The name is not one.
        """
        if name not in self._purposes:
            self._purposes[name] = Purpose(self, name)
        return self._purposes[name]

    def bind_to_tags(self, statement: TenantStatement, purpose: str) -> None:
        """Put a purpose's statement into the tenant role's own policy; called by `Purpose.allow`."""
        bound = statement.in_account(Stack.of(self).account).for_role(purpose)
        self._allowed.add_statements(iam.PolicyStatement.from_json(bound))
        for resource in bound["Resource"]:
            if "*" in resource:
                acknowledge_wildcard(
                    self._role, resource, "The wildcard stands within what the session tag has narrowed to one tenant."
                )

    def acknowledge(self, statement: TenantStatement, purpose: str, reason: str) -> None:
        """Answer for a purpose's statement; called by `Purpose.acknowledge`."""
        for resource in statement.resources:
            acknowledge_reach(self._role, resource, actions=statement.actions, reason=reason, purpose=purpose)

    def grant_vend(self, function: PythonFunction, *, purposes: Sequence[str]) -> iam.Grant:
        """Let a function vend sessions for some purposes, by `tenantry.runtime.vending.TokenVendor.from_environment`.

        Isolation: IAM enforces the purposes. The role's trust policy lets the function assume the tenant role with one
        of these purposes as a session tag and no other, and what the role allows is bound to that tag: for no other
        purpose can the function get a session that reaches anything, whatever session policy it sends. The function's
        environment has the session policies of these purposes only. IAM does not enforce for which tenant and user the
        function asks: the caller is known from the authorizer (`tenantry.model.caller`). Nor does it enforce that the
        function sends the session policy, so that the user, whom only that policy names, is up to the function.

        Parameters
        ----------
        function
            The function; one vendor can be granted to it, once.
        purposes
            Names of the purposes. They need not be there yet, but must have been granted something at synthesis.

        Raises
        ------
        ValueError
            No purpose is named, one is no name, or the function vends already.
        """
        names = list(dict.fromkeys(purpose_name(name) for name in purposes))
        if not names:
            raise ValueError(f"{function.name_in_app} vends for no purpose: name what it needs in purposes=[...].")
        if TOKEN_VENDOR in function.variables:
            raise ValueError(f"{function.name_in_app} vends already: grant it once, with all of its purposes.")
        self._granted.append((function, names))
        principal = iam.ArnPrincipal(function.execution_role.role_arn)
        self._trust.add_statements(
            iam.PolicyStatement(
                actions=list(_VENDING),
                principals=[principal],
                # Without a tenant there is no session, and no other tag can be brought along.
                conditions={
                    "StringLike": {request_tag(tag): "?*" for tag in TENANT_TAGS},
                    "StringEquals": {request_tag(PURPOSE_TAG): sorted(names)},
                    "ForAllValues:StringEquals": {"aws:TagKeys": list(SESSION_TAGS)},
                    # The name is the id in lower case: nobody is one tenant by the id and another by the name.
                    "StringEqualsIgnoreCase": {
                        request_tag(TENANT_NAME_TAG): policy_variable(request_tag(TENANT_ID_TAG))
                    },
                },
            ),
            # On its own it gives nothing, and tags are not among its condition keys.
            iam.PolicyStatement(actions=[_SOURCE], principals=[principal]),
        )
        function.add_environment(
            TOKEN_VENDOR,
            Lazy.uncached_string(_Text(lambda: Stack.of(self).to_json_string(self._configuration(names)))),
        )
        return iam.Grant.add_to_principal(grantee=function, actions=[*_VENDING, _SOURCE], resource_arns=[self.role_arn])

    def template(self, purpose: str, statements: Sequence[TenantStatement]) -> Any:  # noqa: ANN401 - of a file that is read
        """Return the session policy template of statements as the runtime completes it; called by `Purpose.allow`.

        Raises
        ------
        ValueError
            It is not safe.
        """
        try:
            return PolicyTemplate.of(
                self._deployed([statement.for_session() for statement in statements]),
                account=self._deployed(Stack.of(self).account),
            )
        except TemplateError as error:
            raise ValueError(f"The purpose {purpose!r}: {error}") from error

    def _configuration(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what a function gets: the statements of its purposes, in the order in which these were named."""
        policies = {name: [statement.for_session() for statement in self.purpose(name).statements] for name in names}
        return {"role": self.role_arn, "policies": policies}

    def _faults(self) -> Iterator[str]:
        """Find what is wrong with all that was granted, once everything is."""
        for function, names in self._granted:
            for name in names:
                if not self.purpose(name).statements:
                    yield (
                        f"{function.name_in_app} vends for {name!r}, which nothing is granted to: call a "
                        f"grant_tenant_... method with purpose({name!r}), or leave it out."
                    )
            # Lambda measures an environment as JSON; in there, the configuration is text once more.
            length = len(_compact(self._deployed({**function.variables, TOKEN_VENDOR: ""})))
            length += len(_compact(_compact(self._deployed(self._configuration(names))))) - len('""')
            if length > _ENVIRONMENT_BYTES:
                yield (
                    f"The environment of {function.name_in_app} may have {length} bytes with the session policies; "
                    f"Lambda takes {_ENVIRONMENT_BYTES}. Grant less, or split the purposes among functions."
                )
        for name, purpose in self._purposes.items():
            if not purpose.statements:
                continue
            text = _compact(self.template(name, purpose.statements).document)
            length = len(text) + sum(text.count(id_) * (longest - len(id_)) for id_, longest in _LONGEST.items())
            if length > _SESSION_POLICY_CHARACTERS:
                yield (
                    f"The session policy of {name!r} may have {length} characters with the longest ids; "
                    f"STS takes {_SESSION_POLICY_CHARACTERS}. Grant less, or split the purpose."
                )
        length = len(_compact(self._deployed(self._trust)))
        if length > _TRUST_POLICY_CHARACTERS:
            yield (
                f"The trust policy of {self.node.path} may have {length} characters; IAM takes "
                f"{_TRUST_POLICY_CHARACTERS}. Split the functions among several vendors."
            )

    def _deployed(self, value: Any) -> Any:  # noqa: ANN401 - any part of a document
        return as_long_as_deployed(Stack.of(self), value)


@jsii.implements(IStringProducer)
class _Text:
    """A text that is made when the app is synthesized."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def produce(self, _context: object) -> str:
        return self._make()


def _compact(document: Any) -> str:  # noqa: ANN401 - any part of a document
    return json.dumps(document, separators=(",", ":"))
