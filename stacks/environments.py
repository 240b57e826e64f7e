"""The environments that Tenantry is deployed to, and what differs between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from aws_cdk import Environment as CdkEnvironment
from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from stacks.names import STACKS
from tenantry.functions import AWS_ARM64, BundleTarget, host_target
from tenantry.streaming import LakeFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.names import StackName

_HOST: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_ORIGIN: Final = re.compile(rf"https://{_HOST}(:[0-9]{{1,5}})?|http://localhost(:[0-9]{{1,5}})?")
_DOMAIN: Final = re.compile(_HOST)
# CloudFront takes certificates of this region only, wherever the stacks are.
_CERTIFICATE: Final = re.compile(r"arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+")
_APPLICATION: Final = re.compile(r"[a-z][a-z0-9-]{1,18}[a-z0-9]")
# The account id that the local cloud answers with, and the region that it plays.
_LOCAL_ACCOUNT: Final = "000000000000"
_LOCAL_REGION: Final = "us-east-1"
_HANDS_ON: Final = ("local", "dev")
_DEFAULT_APPLICATION: Final = "tenantry"
# Not a secret: the hands-on's code publishes it, and its four tokens are signed with it.
_HANDS_ON_SECRET: Final = "aws-saas-factory"  # noqa: S105 - see above


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All that a deployment may vary; everything else is the same everywhere.

    Attributes
    ----------
    name
        ``local``, ``dev``, ``staging`` or ``prod``.
    application
        Prefix of every name that a contract fixes (`App` in the contracts).
    account, region
        Where to deploy; None leaves it to the caller's credentials.
    ephemeral
        Whether the environment's data may ever be destroyed: the first of the two settings that allow it.
    destroy_data
        Whether the caller asked for that: the second setting. Both are needed (`removal_policy`).
    allowed_origin
        The one web origin that the APIs' CORS headers name.
    page_domain, page_certificate_arn
        A name of one's own for the dashboard, and a certificate for it in us-east-1; both or neither.
    throttle_rate, throttle_burst
        Request rate and burst limit of an API's stage.
    log_retention
        How long logs are kept.
    archive_days
        Days that the event archive can replay.
    authorizer_cache_seconds
        How long API Gateway may reuse an authorizer's policy for the same token, 3 at most: as long, a withdrawn role,
        a removal or a blocked account may go unnoticed. Where the active tenant decides it is never reused.
    operator_accounts_found_tenants
        Whether an account that an operator has made in the pool founds a tenant at its first sign-in, as a sign-up
        does. Without it, such an account waits for an invitation.
    confirmation_proof_required
        Whether every account needs a new password that was not confirmed from where it was made, as its client proves
        (docs/accounts.md). Without it, this is so for the accounts of clients that offer the proof: local and dev also
        serve clients that offer none, such as the tour.
    invitation_days
        How long an invitation into a tenant counts.
    unconfirmed_days
        How long a sign-up may stay unconfirmed before it is removed.
    hands_on_names
        Whether buckets and access points have the names of the S3 hands-on. One instance of an account can have them:
        by default the one in local and dev whose application has the default name.
    hands_on_secret
        The published signing secret of the S3 hands-on, where its published tokens are to count: anybody can then be
        any tenant of the storage stack. None elsewhere, where the secret is random.
    old_versions_days
        Days that an overwritten or deleted object can be brought back.
    tenant_keys
        Whether the own bucket of each tenant who is onboarded from then on is encrypted with a KMS key of that tenant's
        own, at a dollar a month each.
    tenant_isolated_functions
        Whether functions that hold vended credentials get an execution environment a tenant.
    tenant_rate, tenant_burst
        Request rate and burst limit of one tenant at the ingest API.
    tenant_api_keys
        Whether the ingest API refuses a request without a tenant's API key, which is what a tenant's rate is bound to.
    test_identity
        Whether there is a user that may send as the tenant of the ingestion document's walk-through.
    web_acl_arn
        A web ACL of the account, in front of every API.
    stream_shards
        Shards of the stream of tenants' records; None lets it grow and shrink on demand.
    stream_retention_days
        How long a record waits on the stream for whoever reads it.
    checkpoint_seconds
        How late records may be in the lake. Each checkpoint makes a file for each tenant that has sent since the last.
    lake_format
        How tenants' records are written into the lake.
    lake_days
        How long they stay there; None keeps them for ever.
    bundle
        Interpreter and processor that the functions are bundled for.
    """

    name: str
    application: str
    account: str | None = None
    region: str | None = None
    ephemeral: bool = False
    destroy_data: bool = False
    allowed_origin: str
    page_domain: str | None = None
    page_certificate_arn: str | None = None
    throttle_rate: int
    throttle_burst: int
    log_retention: RetentionDays
    archive_days: int
    old_versions_days: int
    tenant_keys: bool = False
    authorizer_cache_seconds: int = 3
    operator_accounts_found_tenants: bool = False
    confirmation_proof_required: bool = False
    invitation_days: int = 14
    unconfirmed_days: int = 7
    hands_on_names: bool = False
    hands_on_secret: str | None = None
    tenant_isolated_functions: bool = False
    tenant_rate: int = 20
    tenant_burst: int = 40
    tenant_api_keys: bool = False
    test_identity: bool = False
    web_acl_arn: str | None = None
    stream_shards: int | None = None
    stream_retention_days: int = 1
    checkpoint_seconds: int = 60
    lake_format: LakeFormat = LakeFormat.JSON
    lake_days: int | None = None
    bundle: BundleTarget = AWS_ARM64

    def __post_init__(self) -> None:
        """Refuse what could destroy production data or make an unusable name."""
        if self.name == "prod" and (self.ephemeral or self.destroy_data):
            raise ValueError(
                "The environment 'prod' keeps its data: neither ephemeral nor destroy_data can be set for it."
            )
        if self.destroy_data and not self.ephemeral:
            raise ValueError(
                f"The environment {self.name!r} keeps its data: destroyData works for ephemeral ones only."
            )
        if self.hands_on_secret and self.name not in _HANDS_ON:
            raise ValueError(
                f"The environment {self.name!r} must not accept the hands-on's published tokens: only local and dev do."
            )
        if self.test_identity and self.name not in _HANDS_ON:
            raise ValueError(
                f"The environment {self.name!r} must not have a test user: set this for local and dev only."
            )
        if not _APPLICATION.fullmatch(self.application):
            raise ValueError(
                f"Application name {self.application!r} is not usable in AWS names: "
                "give 3 to 20 lower-case letters, digits and hyphens, a letter first (--context app=NAME)."
            )
        # Names such as `App-tenant-users` and `App-parks-<tenant>...` have a stack's in them: as a part of the
        # application's name, it would make them another application's.
        if taken := set(STACKS).intersection(self.application.split("-")[1:]):
            raise ValueError(
                f"Application name {self.application!r} could give a resource the name of another application's: "
                f"leave out '-{min(taken)}' (--context app=NAME)."
            )
        self._check_addresses()

    def _check_addresses(self) -> None:
        """Refuse what is no address of a page, which AWS would refuse or ignore after minutes of deploying."""
        if self.allowed_origin == "*" and self.name != "local":
            raise ValueError(
                f"The environment {self.name!r} must name its web origin (--context allowedOrigin=https://...)."
            )
        if self.allowed_origin != "*" and not _ORIGIN.fullmatch(self.allowed_origin):
            raise ValueError(
                f"Invalid web origin {self.allowed_origin!r}: give one scheme and host, in lower case, without a "
                "slash at its end (--context allowedOrigin=https://app.example.com)."
            )
        if self.page_domain and not _DOMAIN.fullmatch(self.page_domain):
            raise ValueError(
                f"Invalid domain {self.page_domain!r}: give a host name without a scheme or a path "
                "(--context pageDomain=app.example.com)."
            )
        if self.page_certificate_arn and not _CERTIFICATE.fullmatch(self.page_certificate_arn):
            raise ValueError(
                f"The certificate {self.page_certificate_arn!r} cannot serve a page: CloudFront takes ACM certificates "
                "of us-east-1 (--context pageCertificate=arn:aws:acm:us-east-1:...)."
            )
        if bool(self.page_domain) != bool(self.page_certificate_arn):
            raise ValueError(
                f"A domain needs a certificate in us-east-1, and a certificate a domain: pageDomain is "
                f"{self.page_domain!r}, pageCertificate {self.page_certificate_arn!r}."
            )

    @property
    def removal_policy(self) -> RemovalPolicy:
        """DESTROY when both keys are turned; in every other case what has been deployed once is kept.

        What a first deployment that fails has made goes with it: it is empty, and would be in the next one's way.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        """
        if self.ephemeral and self.destroy_data:
            return RemovalPolicy.DESTROY
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE

    def stack_name(self, stack: StackName) -> str:
        """Return the name in CloudFormation of one of the stacks, such as ``common``: one in an account and region."""
        return f"{self.application}-{stack}"

    @property
    def cdk_environment(self) -> CdkEnvironment:
        """Account and region for CDK; without them the templates suit any account."""
        return CdkEnvironment(account=self.account, region=self.region)


def _defaults(application: str) -> Mapping[str, Environment]:
    environments = (
        Environment(
            name="local",
            application=application,
            account=_LOCAL_ACCOUNT,
            region=_LOCAL_REGION,
            ephemeral=True,
            destroy_data=True,  # the local cloud is one folder that `make down` removes
            allowed_origin="*",  # the dashboard's port differs from machine to machine; no cookie is ever used
            throttle_rate=1000,
            throttle_burst=2000,
            log_retention=RetentionDays.ONE_DAY,
            archive_days=1,
            old_versions_days=1,
            hands_on_names=application == _DEFAULT_APPLICATION,
            hands_on_secret=_HANDS_ON_SECRET,
            tenant_rate=200,
            tenant_burst=400,
            test_identity=True,
            stream_shards=2,
            checkpoint_seconds=2,
            lake_days=1,
            bundle=host_target(),
        ),
        Environment(
            name="dev",
            application=application,
            ephemeral=True,
            allowed_origin="http://localhost:5173",
            throttle_rate=50,
            throttle_burst=100,
            log_retention=RetentionDays.TWO_WEEKS,
            archive_days=7,
            old_versions_days=7,
            hands_on_names=application == _DEFAULT_APPLICATION,
            hands_on_secret=_HANDS_ON_SECRET,
            test_identity=True,
            stream_shards=1,
            lake_days=30,
        ),
        Environment(
            name="staging",
            application=application,
            allowed_origin="https://staging.tenantry.example",
            throttle_rate=200,
            throttle_burst=400,
            log_retention=RetentionDays.THREE_MONTHS,
            archive_days=30,
            old_versions_days=14,
            confirmation_proof_required=True,
            tenant_isolated_functions=True,
            tenant_api_keys=True,
            stream_retention_days=3,
        ),
        Environment(
            name="prod",
            application=application,
            allowed_origin="https://tenantry.example",
            throttle_rate=1000,
            throttle_burst=2000,
            log_retention=RetentionDays.ONE_YEAR,
            archive_days=90,
            old_versions_days=30,
            confirmation_proof_required=True,
            tenant_isolated_functions=True,
            tenant_api_keys=True,
            stream_retention_days=7,
            checkpoint_seconds=300,
        ),
    )
    return {environment.name: environment for environment in environments}


NAMES: Final = tuple(_defaults(_DEFAULT_APPLICATION))


def environment(
    name: str,
    *,
    application: str = _DEFAULT_APPLICATION,
    account: str | None = None,
    region: str | None = None,
    hands_on_names: bool | None = None,
    allowed_origin: str | None = None,
    page_domain: str | None = None,
    page_certificate_arn: str | None = None,
    web_acl_arn: str | None = None,
    destroy_data: bool = False,
) -> Environment:
    """Return the environment called `name`, with what the caller gives laid over it.

    Parameters
    ----------
    name
        One of `NAMES`.
    application
        Prefix of the names that contracts fix.
    account, region
        Where to deploy. The local cloud has its own and ignores them.
    hands_on_names
        Whether buckets and access points have the names of the S3 hands-on; None leaves it to the environment.
    allowed_origin
        The web origin that may call the APIs from a browser.
    page_domain, page_certificate_arn
        A name of one's own for the dashboard, and its certificate. The local cloud has neither.
    web_acl_arn
        A web ACL to put before every API.
    destroy_data
        The second of the two settings that let a stack destroy data; refused by environments that keep theirs.

    Raises
    ------
    ValueError
        The name is unknown, or what is laid over it is not allowed there.
    """
    known = _defaults(application)
    if name not in known:
        raise ValueError(f"Unknown environment {name!r}: choose one of {', '.join(NAMES)} (--context env=NAME).")
    found = known[name]
    if name != "local":
        found = replace(
            found,
            account=account,
            region=region,
            page_domain=page_domain,
            page_certificate_arn=page_certificate_arn,
            web_acl_arn=web_acl_arn,
            destroy_data=destroy_data,
        )
    if hands_on_names is not None:
        found = replace(found, hands_on_names=hands_on_names)
    return replace(found, allowed_origin=allowed_origin) if allowed_origin else found
