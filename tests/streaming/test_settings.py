"""What the application is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenantry.streaming_job.settings import PROPERTIES, Format, SettingsError, read, settings

if TYPE_CHECKING:
    from pathlib import Path

_NEEDED = {"Region": "us-east-1", "InputStreamName": "records", "S3SinkPath": "lake"}


def test_the_documents_three_properties_are_enough() -> None:
    told = settings(_NEEDED)
    assert (told.region, told.stream, told.lake, told.output) == ("us-east-1", "records", "s3a://lake", Format.JSON)
    assert str(PROPERTIES) == "/etc/flink/application_properties.json"


@pytest.mark.parametrize("path", ["lake/raw", "s3://lake/raw/", "s3a://lake/raw"])
def test_a_sink_is_a_bucket_with_a_prefix_however_it_is_written(path: str) -> None:
    assert settings({**_NEEDED, "S3SinkPath": path}).lake == "s3a://lake/raw"


def test_the_consumer_gets_what_is_its_own() -> None:
    told = settings({**_NEEDED, "flink.stream.recordpublisher": "EFO", "aws.endpoint": "https://vpce", "Other": "x"})
    assert told.consumer == {"flink.stream.recordpublisher": "EFO", "aws.endpoint": "https://vpce"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"Region": ""},
        {"InputStreamName": " "},
        {"S3SinkPath": ""},
        {"S3SinkPath": "a b"},
        {"OutputFormat": "csv"},
        {"AggregationWindowSeconds": "0"},
        {"AggregationWindowSeconds": "1'; DROP"},
        {"IdleShardSeconds": "-1"},
    ],
)
def test_what_cannot_be_used_is_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        settings({**_NEEDED, **wrong})


def test_the_file_is_the_services(tmp_path: Path) -> None:
    path = tmp_path / "application_properties.json"
    path.write_text(json.dumps([{"PropertyGroupId": "ConsumerConfigProperties", "PropertyMap": _NEEDED}]))
    assert read(path) == settings(_NEEDED)


@pytest.mark.parametrize("text", [None, "", "[]", '[{"PropertyGroupId": "Other", "PropertyMap": {}}]'])
def test_a_file_without_them_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "application_properties.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"properties|ConsumerConfigProperties"):
        read(path)
