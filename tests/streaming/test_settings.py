"""The application's properties."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenantry.streaming_job.settings import PROPERTIES, Format, SettingsError, read, settings

if TYPE_CHECKING:
    from pathlib import Path

_NEEDED = {"Region": "us-east-1", "InputStreamName": "records", "S3SinkPath": "lake"}


def test_documented_properties_suffice() -> None:
    told = settings(_NEEDED)
    assert (told.region, told.stream, told.lake, told.output) == ("us-east-1", "records", "s3a://lake", Format.JSON)
    assert str(PROPERTIES) == "/etc/flink/application_properties.json"


@pytest.mark.parametrize("path", ["lake/raw", "s3://lake/raw/", "s3a://lake/raw"])
def test_sink_path_forms_are_equivalent(path: str) -> None:
    assert settings({**_NEEDED, "S3SinkPath": path}).lake == "s3a://lake/raw"


def test_consumer_gets_its_own_properties() -> None:
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
def test_invalid_property_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        settings({**_NEEDED, **wrong})


def test_properties_file_has_the_services_format(tmp_path: Path) -> None:
    path = tmp_path / "application_properties.json"
    path.write_text(json.dumps([{"PropertyGroupId": "ConsumerConfigProperties", "PropertyMap": _NEEDED}]))
    assert read(path) == settings(_NEEDED)


@pytest.mark.parametrize("text", [None, "", "[]", '[{"PropertyGroupId": "Other", "PropertyMap": {}}]'])
def test_file_without_properties_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "application_properties.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"properties|ConsumerConfigProperties"):
        read(path)
