"""The clients of one principal, in a local cloud."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import boto3
import pytest

from tenantry.operate.aws import Aws
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[fakes.Server]:
    yield from fakes.serving(200, "{}")


@pytest.fixture
def aws(server: fakes.Server) -> Aws:
    session = boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")
    return Aws(session, endpoint_url=server.url)


def test_a_proxy_of_the_shell_is_not_asked(aws: Aws, server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        fakes.only_proxy(monkeypatch, proxy)

        aws.dynamodb.list_tables()

        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert len(server.requests) == 1


def test_access_point_is_named_in_the_request_to_the_endpoint(aws: Aws, server: fakes.Server) -> None:
    """Also by a client that was asked for by its name."""
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/own"

    aws.client("s3").get_object(Bucket=arn, Key="key")

    ((_, path, headers),) = server.requests
    assert (path, headers["Host"]) == ("/key", "own-123456789012.s3-accesspoint.us-east-1.amazonaws.com")


def test_s3_control_takes_no_account_before_the_host(aws: Aws, server: fakes.Server) -> None:
    server.replies = [(200, "<Result/>")]

    aws.client("s3control").list_access_points(AccountId="123456789012")

    assert len(server.requests) == 1
