"""The job: from the stream to the lake, all of it inside the JVM.

Python puts the parts together, once. No record ever passes through a Python process: what is done to each is in
`java/`: reading, checking, placing, compressing and counting it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import Sink
from pyflink.java_gateway import get_gateway

from tenantry.model.identifiers import TENANT_PATTERN
from tenantry.streaming_job import settings
from tenantry.streaming_job.settings import Format, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


# Athena tells the compression by it.
_LINES: Final = ".json.zst"
_COLUMNS: Final = ".parquet"
_LARGEST: Final = 128 * 2**20  # bytes of a file of aggregates


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
    build(
        StreamExecutionEnvironment.get_execution_environment(), settings.read(parser.parse_args(arguments).properties)
    )


def build(environment: StreamExecutionEnvironment, told: Settings) -> None:
    """Put the job together and run it."""
    fill(environment, DataStream(_source(environment, told)), told)
    environment.execute("tenant-lake")


def fill(environment: StreamExecutionEnvironment, records: DataStream, told: Settings) -> None:
    """Add what brings rows of `Records.java` into the lake: tenants' records, rejected records and aggregates."""
    environment.get_config().enable_object_reuse()  # each row is new, and nothing changes it
    parts = _parts()
    good = _of_kind(records, tenants=True)
    dead_letters = _of_kind(records, tenants=False)
    writer, suffix = (parts.Lines(), _LINES) if told.output is Format.JSON else (parts.Columns(), _COLUMNS)
    _write(good, "Data", _files(told.lake, writer, suffix))
    _write(dead_letters, "Errors", _files(told.lake, parts.Lines(), _LINES))
    totals = parts.Totals.of(good._j_data_stream, told.window_seconds * 1000)  # noqa: SLF001
    _write(DataStream(totals), "Aggregates", _growing_files(told))


def _parts() -> Any:  # noqa: ANN401 - a Java package
    """Return the classes of `java/`."""
    return get_gateway().jvm.tenantry.streaming


def _source(environment: StreamExecutionEnvironment, told: Settings) -> Any:  # noqa: ANN401 - Java
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
    schema = _parts().Records(TENANT_PATTERN)
    consumer = jvm.org.apache.flink.streaming.connectors.kinesis.FlinkKinesisConsumer(told.stream, schema, properties)
    consumer.setPeriodicWatermarkAssigner(_parts().Arrival(told.slack_seconds * 1000))
    source = environment._j_stream_execution_environment.addSource(consumer, "Records", schema.getProducedType())  # noqa: SLF001
    # The ids under which a snapshot keeps state: they must stay when the job changes.
    return source.uid("records")


def _of_kind(records: DataStream, *, tenants: bool) -> DataStream:
    return DataStream(records._j_data_stream.filter(_parts().Kind(tenants)).name("Valid" if tenants else "Rejected"))  # noqa: SLF001


def _files(path: str, writer: Any, suffix: str) -> Any:  # noqa: ANN401 - Java
    """Return a sink whose files end with each checkpoint, and are seen only once it is complete."""
    jvm = get_gateway().jvm
    files = jvm.org.apache.flink.streaming.api.functions.sink.filesystem
    names = files.OutputFileConfig.builder().withPartPrefix("part").withPartSuffix(suffix).build()
    rolling = files.rollingpolicies.OnCheckpointRollingPolicy.build()
    return _placed(_sinks().forBulkFormat(_path(path), writer), rolling).withOutputFileConfig(names).build()


def _growing_files(told: Settings) -> Any:  # noqa: ANN401 - Java
    """Return a sink whose files grow over checkpoints."""
    jvm = get_gateway().jvm
    most = jvm.java.time.Duration.ofSeconds(told.aggregate_file_seconds)
    size = jvm.org.apache.flink.configuration.MemorySize(_LARGEST)
    policies = jvm.org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.DefaultRollingPolicy
    rolling = policies.builder().withRolloverInterval(most).withInactivityInterval(most).withMaxPartSize(size).build()
    check = max(1, min(60, told.aggregate_file_seconds // 2)) * 1000
    sink = _placed(_sinks().forRowFormat(_path(told.lake), _parts().TotalLines()), rolling)
    return sink.withBucketCheckInterval(check).build()


def _sinks() -> Any:  # noqa: ANN401 - a Java class
    return get_gateway().jvm.org.apache.flink.connector.file.sink.FileSink


def _path(path: str) -> Any:  # noqa: ANN401 - Java
    return get_gateway().jvm.org.apache.flink.core.fs.Path(path)


def _placed(sink: Any, rolling: Any) -> Any:  # noqa: ANN401 - Java
    return sink.withBucketAssigner(_parts().Layout()).withRollingPolicy(rolling)


def _write(records: DataStream, name: str, sink: Any) -> None:  # noqa: ANN401 - Java
    records.sink_to(Sink(sink)).name(name).uid(name.lower())
