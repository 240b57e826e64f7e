"""Counts, bytes, first and last arrival of each tenant's records in each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyflink.table import DataTypes, Schema
from pyflink.table import expressions as sql

from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from pyflink.datastream import DataStream
    from pyflink.table import StreamTableEnvironment

    from tenantry.streaming_job.settings import Settings

_SINK: Final = """
CREATE TEMPORARY TABLE aggregates (
    tenantid STRING, `year` STRING, `month` STRING, `day` STRING,
    window_start TIMESTAMP(3), window_end TIMESTAMP(3),
    `records` BIGINT, `bytes` BIGINT, first_at TIMESTAMP(3), last_at TIMESTAMP(3)
) PARTITIONED BY (tenantid, `year`, `month`, `day`) WITH (
    'connector' = 'filesystem',
    'path' = '{lake}/aggregates',
    'format' = 'json',
    'json.timestamp-format.standard' = 'SQL',
    'sink.rolling-policy.rollover-interval' = '{open} s',
    'sink.rolling-policy.inactivity-interval' = '{open} s',
    'sink.rolling-policy.check-interval' = '{check} s'
)"""

# A record that comes after its time has passed would be left out of its window: it gets a row of its own, so that the
# sum over a window's rows is always right. The window's operator sees no later watermark than this does.
_LATE: Final = "CURRENT_WATERMARK(seen_at) IS NOT NULL AND arrived <= CAST(CURRENT_WATERMARK(seen_at) AS TIMESTAMP(3))"

_COLUMNS: Final = """
    tenantid,
    DATE_FORMAT({start}, 'yyyy'), DATE_FORMAT({start}, 'MM'), DATE_FORMAT({start}, 'dd'),
    {start}, {end}"""

_IN_TIME: Final = """
INSERT INTO aggregates SELECT {columns}, COUNT(*), SUM(`size`), MIN(arrived), MAX(arrived)
FROM TABLE(TUMBLE(TABLE in_time, DESCRIPTOR(seen_at), INTERVAL '{window}' SECOND))
GROUP BY tenantid, window_start, window_end"""

_AFTERWARDS: Final = """
INSERT INTO aggregates SELECT {columns}, 1, `size`, arrived, arrived
FROM (
    SELECT *, TO_TIMESTAMP(FROM_UNIXTIME(
        UNIX_TIMESTAMP(DATE_FORMAT(arrived, 'yyyy-MM-dd HH:mm:ss')) / {window} * {window})) AS began
    FROM late
)"""


def add(tables: StreamTableEnvironment, records: DataStream, told: Settings) -> None:
    """Add the aggregates of tenants' records to the job.

    Isolation: a row is of one tenant, and is written below that tenant's folder.
    """
    tables.get_config().set_local_timezone("UTC")
    schema = (
        Schema.new_builder()
        .column(TENANT_ID, DataTypes.STRING())
        .column("arrived", DataTypes.TIMESTAMP(3))
        .column("size", DataTypes.BIGINT())
        .column_by_metadata("seen_at", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
        .watermark("seen_at", "SOURCE_WATERMARK()")
        .build()
    )
    arrivals = tables.from_data_stream(records, schema)
    late = sql.call_sql(_LATE)
    tables.create_temporary_view("in_time", arrivals.filter(sql.not_(late)))
    tables.create_temporary_view("late", arrivals.filter(late))
    tables.execute_sql(
        _SINK.format(
            lake=told.lake,
            open=told.aggregate_file_seconds,
            check=max(1, min(60, told.aggregate_file_seconds // 2)),
        )
    )
    statements = tables.create_statement_set()
    for statement, start, end in (
        (_IN_TIME, "window_start", "window_end"),
        (_AFTERWARDS, "began", f"began + INTERVAL '{told.window_seconds}' SECOND"),
    ):
        columns = _COLUMNS.format(start=start, end=end)
        statements.add_insert_sql(statement.format(columns=columns, window=told.window_seconds))
    statements.attach_as_datastream()
