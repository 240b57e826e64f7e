"""Run by Flink's own Python: one job, over and over, and what each run took, as JSON lines."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyflink.common import Configuration
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import Sink
from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import add_jars_to_context_class_loader


def main(told: dict[str, Any]) -> None:
    """Run the job that is asked for, as often as asked, each into a folder of its own."""
    sys.path.insert(0, told["code"])
    add_jars_to_context_class_loader([Path(jar).as_uri() for jar in told["jars"]])
    cpu = get_gateway().jvm.tenantry.bench.Cpu
    for number, count in enumerate(told["counts"]):
        output = Path(told["output"]) / str(number)
        environment = _environment(told, output)
        (_ours if told["job"] == "ours" else _published)(environment, {**told, "count": count}, output)
        before, began = cpu.seconds(), time.perf_counter()
        environment.execute("benchmark")
        seconds = time.perf_counter() - began
        used = cpu.seconds() - before
        print(json.dumps({"seconds": seconds, "core_seconds": used}), flush=True)


def _environment(told: dict[str, Any], output: Path) -> StreamExecutionEnvironment:
    settings = Configuration()
    for name, value in {
        "pipeline.jars": ";".join(Path(jar).as_uri() for jar in told["jars"]),
        "parallelism.default": "1",
        "taskmanager.numberOfTaskSlots": "1",
        "execution.checkpointing.interval": f"{told['checkpoint_seconds']} s",
        "execution.checkpointing.dir": (output / "checkpoints").as_uri(),
        "rest.bind-port": "0",
    }.items():
        settings.set_string(name, value)
    return StreamExecutionEnvironment.get_execution_environment(settings)


def _replayed(environment: StreamExecutionEnvironment, told: dict[str, Any], schema: Any) -> DataStream:  # noqa: ANN401
    source = get_gateway().jvm.tenantry.bench.Replay(schema, told["records"], told["count"])
    java = environment._j_stream_execution_environment  # noqa: SLF001
    return DataStream(java.addSource(source, "Replay", schema.getProducedType()))


def _ours(environment: StreamExecutionEnvironment, told: dict[str, Any], output: Path) -> None:
    from tenantry.model.identifiers import TENANT_PATTERN  # noqa: PLC0415 - found now
    from tenantry.streaming_job import job, settings  # noqa: PLC0415

    schema = get_gateway().jvm.tenantry.streaming.Records(TENANT_PATTERN)
    properties = {"Region": "here", "InputStreamName": "memory", "S3SinkPath": "lake", "OutputFormat": told["format"]}
    lake = replace(settings.settings(properties), lake=(output / "lake").as_uri())
    job.fill(environment, _replayed(environment, told, schema), lake)


def _published(environment: StreamExecutionEnvironment, told: dict[str, Any], output: Path) -> None:
    jvm = get_gateway().jvm
    path = jvm.org.apache.flink.core.fs.Path((output / "lake" / "data").as_uri())
    sink = (
        jvm.org.apache.flink.connector.file.sink.FileSink.forRowFormat(
            path, jvm.org.apache.flink.api.common.serialization.SimpleStringEncoder("UTF-8")
        )
        .withBucketAssigner(jvm.tenantry.bench.PublishedLayout())
        .build()
    )
    _replayed(environment, told, jvm.tenantry.bench.PublishedRecords()).sink_to(Sink(sink))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
