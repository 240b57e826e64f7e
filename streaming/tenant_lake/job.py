"""The job: from the stream to the lake, all of it inside the JVM.

Python puts the parts together, once. No record ever passes through a Python process: what is done to each is in
`java/` (reading, checking, placing and compressing it) and in Flink's SQL (the aggregates).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import Sink
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment

from tenancy.identifiers import TENANT_PATTERN
from tenant_lake import aggregates, rows, settings
from tenant_lake.settings import Format, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """Run the application.

    Raises
    ------
    SettingsError
        The runtime properties are not usable.
    """
    parser = argparse.ArgumentParser(description="Tenants' records from a Kinesis stream into a data lake.")
    parser.add_argument(
        "--properties", type=Path, default=settings.PROPERTIES, help="the runtime properties (default: the service's)"
    )
    build(StreamExecutionEnvironment.get_execution_environment(), settings.read(parser.parse_args(arguments).properties))


def build(environment: StreamExecutionEnvironment, told: Settings) -> None:
    """Put the job together and run it."""
    parts = get_gateway().jvm.tenantry.streaming
    records = DataStream(_source(environment, told, parts))
    good = _of_kind(records, parts, tenants=True)
    dead_letters = _of_kind(records, parts, tenants=False)
    layout = f"s3a://{told.sink}"
    _write(good, "Data", layout, *_format(told, parts), parts)
    _write(dead_letters, "Errors", layout, parts.Lines(), ".json.gz", parts)
    aggregates.add(StreamTableEnvironment.create(environment), good, told)
    environment.execute("tenant-lake")


def _source(environment: StreamExecutionEnvironment, told: Settings, parts: Any) -> Any:  # noqa: ANN401 - Java
    """Read every shard, from its oldest record on the first run and from the snapshot after that."""
    jvm = get_gateway().jvm
    properties = jvm.java.util.Properties()
    for name, value in {
        "flink.stream.initpos": "TRIM_HORIZON",
        "flink.shard.idle.interval": str(told.idle_seconds * 1000),
        **told.consumer,
        "aws.region": told.region,
    }.items():
        properties.setProperty(name, value)
    kind = rows.type_information()
    consumer = jvm.org.apache.flink.streaming.connectors.kinesis.FlinkKinesisConsumer(
        told.stream, parts.Records(TENANT_PATTERN, kind), properties
    )
    consumer.setPeriodicWatermarkAssigner(parts.Arrival(told.slack_seconds * 1000))
    source = environment._j_stream_execution_environment.addSource(consumer, "Records", kind)  # noqa: SLF001
    # The ids under which a snapshot keeps state: they must stay when the job changes.
    return source.uid("records")


def _of_kind(records: DataStream, parts: Any, *, tenants: bool) -> DataStream:  # noqa: ANN401 - Java
    return DataStream(records._j_data_stream.filter(parts.Kind(tenants)).name("Good" if tenants else "Poison"))  # noqa: SLF001


def _format(told: Settings, parts: Any) -> tuple[Any, str]:  # noqa: ANN401 - Java
    """Return what writes a file, and how its name ends: Athena tells the compression by it."""
    if told.output is Format.JSON:
        return parts.Lines(), ".json.gz"
    return parts.Columns(), ".parquet"


def _write(rows_: DataStream, name: str, path: str, writer: Any, suffix: str, parts: Any) -> None:  # noqa: ANN401, PLR0913
    """Write rows into files that end with each checkpoint, each of them seen only once the checkpoint is done."""
    jvm = get_gateway().jvm
    files = jvm.org.apache.flink.streaming.api.functions.sink.filesystem
    sink = (
        jvm.org.apache.flink.connector.file.sink.FileSink.forBulkFormat(jvm.org.apache.flink.core.fs.Path(path), writer)
        .withBucketAssigner(parts.Layout())
        .withRollingPolicy(files.rollingpolicies.OnCheckpointRollingPolicy.build())
        .withOutputFileConfig(files.OutputFileConfig.builder().withPartPrefix("part").withPartSuffix(suffix).build())
        .build()
    )
    rows_.sink_to(Sink(sink)).name(name).uid(name.lower())
