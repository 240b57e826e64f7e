"""Run by Flink's own Python: what `Records.java` makes of each record on standard input."""

import base64
import json
import sys
from pathlib import Path

from py4j.java_gateway import get_field
from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import add_jars_to_context_class_loader

ARRIVED = 1_782_777_599_999  # 2026-06-29T23:59:59.999Z


def main(code: Path) -> None:
    """Print the row of each record as JSON."""
    sys.path.insert(0, str(code))
    add_jars_to_context_class_loader([(code / "lib" / "streaming.jar").as_uri()])
    from tenantry.model.identifiers import TENANT_PATTERN  # noqa: PLC0415 - the packaged one

    schema = get_gateway().jvm.tenantry.streaming.Records(TENANT_PATTERN)
    for key, record in json.load(sys.stdin):
        row = schema.deserialize(base64.b64decode(record), key, "7", ARRIVED, "stream", "shard-0")
        tenant, day, line, size = (get_field(row, name) for name in ("tenant", "day", "line", "size"))
        print(json.dumps([tenant, day, bytes(line).decode(), size]))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
