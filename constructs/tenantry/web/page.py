"""A page, served from a private bucket by CloudFront, with its APIs on the same origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import CustomResource, Duration, Names, RemovalPolicy, Stack, Token
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import (
    PythonFunction,
    acknowledge,
    acknowledge_wildcard,
    declare_store,
    in_own_account,
    package_folder,
)
from tenantry.isolation.data.private_bucket import private_bucket
from tenantry.isolation.validation import path_segment
from tenantry.model.stores import By, Content, Store
from tenantry.web.build import page_asset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aws_cdk import aws_s3 as s3

    from tenantry.functions import FunctionDefaults

_EDGE: Final = package_folder("tenantry.web") / "edge"
# Files lie under a prefix, so that what the publisher notes for itself beside them is nothing that can be asked for.
_FOLDER: Final = "site"
# With the longest of what follows, "PageHeaders-ap-southeast-1", a name has the 64 characters that CloudFront takes.
_NAME_LENGTH: Final = 38
_TWO_YEARS: Final = Duration.days(730)
_PERMISSIONS: Final = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


@dataclass(frozen=True, kw_only=True)
class PageApi:
    """An API that answers beside the page.

    Attributes
    ----------
    name
        It answers under ``/api/<name>/``.
    url
        Its own address, ``https://<host>/<stage>``.
    """

    name: str
    url: str

    def __post_init__(self) -> None:
        """Refuse a name that is no segment of a path, and an address that a browser must not use."""
        path_segment(self.name)
        if not (self.url.startswith("https://") or Token.is_unresolved(self.url)):
            raise ValueError(f"The URL of the API {self.name!r} is {self.url!r}: use https://<host>/<stage>.")

    @property
    def path(self) -> str:
        """Where it answers on the page's origin."""
        return f"/api/{self.name}"


@dataclass(frozen=True, kw_only=True)
class PageDomain:
    """A name of one's own for the page.

    Attributes
    ----------
    name
        Such as ``app.example.com``; its DNS record is made by whoever owns the zone.
    certificate_arn
        A certificate for it in us-east-1, where CloudFront reads them.
    """

    name: str
    certificate_arn: str


class WebPage(Construct):
    """A page from a private bucket and its APIs on one origin, with a content security policy.

    Isolation: the browser is told to run no script, style or frame but the page's own files, to talk to no address
    but this origin and those in `talks_to`, and never to be shown inside another page. The bucket answers this
    distribution only. What APIs answer is never kept, neither by CloudFront nor by the browser. Tokens travel in
    headers that the page sets: there is no cookie that another site could make a browser send.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    source
        The folder that the page is built from.
    apis
        The APIs that answer beside it.
    talks_to
        Other origins that the page may send requests to.
    settings
        What ``/config.json`` says: values that differ between deployments, and no secrets.
    function_defaults
        What the environment's functions have in common.
    domain
        A name of the page's own; without it the page has CloudFront's.
    removal_policy
        What becomes of the bucket with the stack.

    Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html,
    https://web.dev/articles/strict-csp
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: Path,
        apis: Sequence[PageApi],
        talks_to: Sequence[str],
        settings: Mapping[str, object],
        function_defaults: FunctionDefaults,
        domain: PageDomain | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = private_bucket(
            self,
            removal_policy=removal_policy,
            no_access_log="It holds what anybody may read at the page's address, and is made anew.",
        )
        declare_store(bucket, Store(holds="the page's files", by=By.NONE, emptied=(Content.OBJECTS,)))
        self._distribution = self._distribute(bucket, apis, talks_to, domain)
        self._host = domain.name if domain else self._distribution.distribution_domain_name
        self._publish(bucket, source, settings, function_defaults)

    @property
    def url(self) -> str:
        """The page's address, without a slash at its end."""
        return f"https://{self._host}"

    def _distribute(
        self, bucket: s3.Bucket, apis: Sequence[PageApi], talks_to: Sequence[str], domain: PageDomain | None
    ) -> cloudfront.Distribution:
        without_prefix = self._at_the_edge("Apis", "apis.js", "Removes the API's prefix from the path")
        answers = self._headers(
            "ApiHeaders", "default-src 'none'; frame-ancestors 'none'", {"Cache-Control": "no-store"}
        )
        # CloudFront signs what it asks of the bucket.
        access = cloudfront.S3OriginAccessControl(self, "Access", origin_access_control_name=self._name("Access"))
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"{Stack.of(self).stack_name}: the page and its APIs",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(
                    bucket, origin_path=f"/{_FOLDER}", origin_access_control=access
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                cache_policy=self._cache(),
                response_headers_policy=self._headers("PageHeaders", _content_policy(talks_to)),
                function_associations=[self._at_the_edge("Pages", "pages.js", "Serves the page for each of its paths")],
                compress=True,
            ),
            additional_behaviors={
                f"{api.path}/*": cloudfront.BehaviorOptions(
                    origin=_api_origin(api),
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                    response_headers_policy=answers,
                    function_associations=[without_prefix],
                )
                for api in apis
            },
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if domain else None,
            domain_names=[domain.name] if domain else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
            if domain
            else None,
        )
        for rule, reason in {
            "AwsSolutions-CFR1": "Where a tenant's people are is not known here.",
            "AwsSolutions-CFR2": "A web ACL is the account's to choose, and costs per distribution.",
            "AwsSolutions-CFR3": "The files are the same for everybody; the APIs log each request themselves.",
            **({} if domain else {"AwsSolutions-CFR4": "CloudFront's own certificate sets the versions of TLS."}),
        }.items():
            acknowledge(distribution, rule, reason)
        return distribution

    def _name(self, construct_id: str) -> str:
        """Return a name that no page of another stack or region has: CloudFront's policies are one in an account."""
        region = Stack.of(self).region
        return f"{Names.unique_resource_name(self, max_length=_NAME_LENGTH)}{construct_id}-{region}"

    def _cache(self) -> cloudfront.CachePolicy:
        """Keep a file for as long as it says: the hashed ones for a year, the page and its settings not at all."""
        return cloudfront.CachePolicy(
            self,
            "Cache",
            cache_policy_name=self._name("Cache"),
            comment="Keeps Cache-Control of the origin",
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(0),
            max_ttl=Duration.days(365),
            enable_accept_encoding_brotli=True,
            enable_accept_encoding_gzip=True,
        )

    def _headers(
        self, construct_id: str, content_policy: str, others: Mapping[str, str] | None = None
    ) -> cloudfront.ResponseHeadersPolicy:
        custom = {
            "Permissions-Policy": _PERMISSIONS,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            **(others or {}),
        }
        return cloudfront.ResponseHeadersPolicy(
            self,
            construct_id,
            response_headers_policy_name=self._name(construct_id),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_policy, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_TWO_YEARS, include_subdomains=True, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
                    for header, value in custom.items()
                ]
            ),
        )

    def _at_the_edge(self, construct_id: str, file: str, comment: str) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            construct_id,
            code=cloudfront.FunctionCode.from_inline((_EDGE / file).read_text()),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment=comment,
        )
        return cloudfront.FunctionAssociation(function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)

    def _publish(
        self, bucket: s3.Bucket, source: Path, settings: Mapping[str, object], defaults: FunctionDefaults
    ) -> None:
        """Put the built files and the settings into the bucket at each deployment that changes them."""
        asset = page_asset(self, "Files", source)
        publisher = PythonFunction(
            self,
            "Publisher",
            entry=package_folder("tenantry.handlers.page_publisher"),
            defaults=defaults,
            description="Copies the page's files into its bucket at deployment",
            timeout=Duration.minutes(2),
            memory_size=1024,
            environment={"ACCOUNT": Stack.of(self).account},
        )
        partition = Stack.of(self).partition
        for actions, resource in (
            (["s3:GetObject"], f"arn:{partition}:s3:::{asset.s3_bucket_name}/{asset.s3_object_key}"),
            (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], bucket.arn_for_objects("*")),
            (["s3:ListBucket"], bucket.bucket_arn),
        ):
            publisher.add_to_role_policy(
                iam.PolicyStatement(actions=actions, resources=[resource], conditions=in_own_account(self))
            )
        acknowledge_wildcard(
            publisher.execution_role,
            bucket.arn_for_objects("*"),
            "It writes, replaces and removes the files of this one bucket, which holds nothing else.",
        )
        published = CustomResource(
            self,
            "Published",
            resource_type="Custom::WebPage",
            service_token=publisher.function_arn,
            service_timeout=Duration.minutes(5),
            properties={
                "AssetBucket": asset.s3_bucket_name,
                "AssetKey": asset.s3_object_key,
                "Bucket": bucket.bucket_name,
                "Folder": _FOLDER,
                "Settings": Stack.of(self).to_json_string(dict(settings)),
            },
        )
        # Its permissions must be there before it is called, and until it was called for the last time.
        published.node.add_dependency(publisher.execution_role)


def _content_policy(talks_to: Sequence[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            " ".join(("connect-src 'self'", *talks_to)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _api_origin(api: PageApi) -> origins.HttpOrigin:
    _, _, rest = api.url.partition("://")
    host, _, stage = rest.rpartition("/")
    return origins.HttpOrigin(
        host,
        origin_path=f"/{stage}",
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
    )
