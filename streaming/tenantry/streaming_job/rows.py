"""The row that `Records.java` makes of each record, as Flink's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyflink.java_gateway import get_gateway
from pyflink.table import DataTypes
from pyflink.table.types import _to_java_data_type

from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from pyflink.table.types import DataType

#: A rejected record has no tenant; its line says why, and holds the record.
ROW: Final[DataType] = DataTypes.ROW(
    [
        DataTypes.FIELD(TENANT_ID, DataTypes.STRING()),
        DataTypes.FIELD("year", DataTypes.STRING().not_null()),
        DataTypes.FIELD("month", DataTypes.STRING().not_null()),
        DataTypes.FIELD("day", DataTypes.STRING().not_null()),
        DataTypes.FIELD("arrived", DataTypes.TIMESTAMP(3).not_null()),
        DataTypes.FIELD("line", DataTypes.STRING().not_null()),
        DataTypes.FIELD("size", DataTypes.BIGINT().not_null()),
    ]
).not_null()


def row_type() -> Any:  # noqa: ANN401 - a Java object
    """Return the row's logical type, as Java knows it."""
    return _to_java_data_type(ROW).getLogicalType()


def type_information() -> Any:  # noqa: ANN401 - a Java object
    """Return the row's type information: Flink's own binary rows, which are never converted."""
    return get_gateway().jvm.org.apache.flink.table.runtime.typeutils.InternalTypeInfo.of(row_type())
