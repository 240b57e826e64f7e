"""AWS clients of one principal, made once each and safe to share between threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

if TYPE_CHECKING:
    import boto3
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesisanalyticsv2 import KinesisAnalyticsV2Client
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
)
_ACCESS_POINTS = ".s3-accesspoint"
# Clients may be shared between threads, but a session must not make two at once.
_MAKING = threading.Lock()


_Found = TypeVar("_Found")


class _Client(Generic[_Found]):
    """A client of a service, as an attribute with its type."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __get__(self, aws: Aws | None, _: type[Aws]) -> _Found:
        return cast("_Found", aws.client(self._service) if aws else self)


class Aws:
    """The clients that one principal uses.

    Parameters
    ----------
    session
        Whose credentials and region to use.
    endpoint_url
        Where every service answers, for a local cloud; None for AWS itself.
    ca_bundle
        The file of certificate authorities to trust; None for the usual ones.
    keys
        The credentials to use instead of the session's.
    signed
        False sends every request without credentials.

    Examples
    --------
    >>> Aws(boto3.Session(region_name="eu-west-1")).region
    'eu-west-1'
    """

    apigateway: _Client[APIGatewayClient] = _Client("apigateway")
    cloudformation: _Client[CloudFormationClient] = _Client("cloudformation")
    cognito: _Client[CognitoIdentityProviderClient] = _Client("cognito-idp")
    dynamodb: _Client[DynamoDBClient] = _Client("dynamodb")
    events: _Client[EventBridgeClient] = _Client("events")
    iam: _Client[IAMClient] = _Client("iam")
    iot: _Client[IoTClient] = _Client("iot")
    kinesis: _Client[KinesisClient] = _Client("kinesis")
    flink: _Client[KinesisAnalyticsV2Client] = _Client("kinesisanalyticsv2")  # Managed Service for Apache Flink
    kms: _Client[KMSClient] = _Client("kms")
    s3: _Client[S3Client] = _Client("s3")  # buckets and access points
    s3control: _Client[S3ControlClient] = _Client("s3control")  # S3's control plane, where access points are
    secrets: _Client[SecretsManagerClient] = _Client("secretsmanager")
    sns: _Client[SNSClient] = _Client("sns")
    functions: _Client[LambdaClient] = _Client("lambda")
    logs: _Client[CloudWatchLogsClient] = _Client("logs")
    sqs: _Client[SQSClient] = _Client("sqs")
    stepfunctions: _Client[SFNClient] = _Client("stepfunctions")
    sts: _Client[STSClient] = _Client("sts")

    def __init__(
        self,
        session: boto3.Session,
        *,
        endpoint_url: str | None = None,
        ca_bundle: str | None = None,
        keys: ReadOnlyCredentials | None = None,
        signed: bool = True,
    ) -> None:
        self._session = session
        self.endpoint_url = endpoint_url
        self.ca_bundle = ca_bundle
        self._keys = keys
        self._config = _CONFIG if signed else _CONFIG.merge(Config(signature_version=UNSIGNED))
        if endpoint_url:
            # A local cloud's address takes no service's prefix, and no proxy of the shell reaches it.
            self._config = self._config.merge(Config(inject_host_prefix=False, proxies={}))
        self._clients: dict[tuple[str, str], object] = {}
        self._anonymous: Aws | None = None

    @property
    def region(self) -> str:
        """The session's region."""
        return self._session.region_name

    def credentials(self) -> ReadOnlyCredentials:
        """Return the principal's credentials as they are now."""
        if self._keys:
            return self._keys
        credentials = self._session.get_credentials()
        if credentials is None:
            raise LookupError("There are no AWS credentials. Sign in, or set AWS_PROFILE.")
        return credentials.get_frozen_credentials()

    def acting_as(self, access_key_id: str, secret_access_key: str, session_token: str) -> Aws:
        """Return the clients of another principal in the same place."""
        # The same session: it has read the services' large models already.
        return self._beside(keys=ReadOnlyCredentials(access_key_id, secret_access_key, session_token))

    def anonymous(self) -> Aws:
        """Return clients that send no credentials."""
        with _MAKING:
            if self._anonymous is None:
                self._anonymous = self._beside(signed=False)
            return self._anonymous

    def _beside(self, *, keys: ReadOnlyCredentials | None = None, signed: bool = True) -> Aws:
        return Aws(self._session, endpoint_url=self.endpoint_url, ca_bundle=self.ca_bundle, keys=keys, signed=signed)

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - a client of any service
        """Return a client of a service, in the session's region if in no other."""
        with _MAKING:
            known = (service, region or self.region)
            if known not in self._clients:
                keys = self._keys
                client = cast("Any", self._session.client)(
                    service,
                    region_name=region or self.region,
                    aws_access_key_id=keys and keys.access_key,
                    aws_secret_access_key=keys and keys.secret_key,
                    aws_session_token=keys and keys.token,
                    endpoint_url=self.endpoint_url,
                    verify=self.ca_bundle,
                    config=self._config,
                )
                if self.endpoint_url:
                    self._keep_to_endpoint(client)
                self._clients[known] = client
            return self._clients[known]

    def _keep_to_endpoint(self, client: Any) -> None:  # noqa: ANN401 - a client of any service
        """Let a client's requests go to the local cloud's own address, which takes nothing before it.

        S3 puts an access point's name before the host, which the request then says in its headers; S3's control plane
        puts the account's number there.
        """
        for event, change in (
            ("before-sign.s3", self._as_access_point),
            ("before-send.s3", self._to_endpoint),
            ("before-sign.s3-control", self._at_endpoint),
        ):
            client.meta.events.register(event, change)

    def _as_access_point(self, request: AWSRequest, **_: object) -> None:
        url, endpoint = urlsplit(str(request.url)), urlsplit(str(self.endpoint_url))
        name = url.netloc.removesuffix(f".{endpoint.netloc}")
        if name != url.netloc:
            request.url = url._replace(netloc=f"{name}{_ACCESS_POINTS}.{self.region}.amazonaws.com").geturl()

    def _to_endpoint(self, request: AWSPreparedRequest, **_: object) -> None:
        url = urlsplit(request.url)
        if _ACCESS_POINTS in url.netloc:
            request.headers["Host"] = url.netloc
            request.url = url._replace(netloc=urlsplit(str(self.endpoint_url)).netloc).geturl()

    def _at_endpoint(self, request: AWSRequest, **_: object) -> None:
        url = urlsplit(str(request.url))
        request.url = url._replace(netloc=urlsplit(str(self.endpoint_url)).netloc).geturl()
