package tenantry.streaming;

import java.io.IOException;
import org.apache.flink.api.common.serialization.BulkWriter;
import org.apache.flink.core.fs.FSDataOutputStream;
import org.apache.flink.formats.parquet.ParquetWriterFactory;
import org.apache.flink.formats.parquet.row.ParquetRowDataBuilder;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.hadoop.conf.Configuration;

/** Writes the rows into a compressed Parquet file: when each arrived, its size on the stream, and its line. */
public final class Columns implements BulkWriter.Factory<Row> {
    private static final long serialVersionUID = 1L;
    private static final RowType FILE = RowType.of(
            new LogicalType[] {
                new TimestampType(false, 3), new BigIntType(false), new VarCharType(false, VarCharType.MAX_LENGTH)
            },
            new String[] {"arrived", "size", "record"});

    private final ParquetWriterFactory<RowData> files;

    public Columns() {
        Configuration settings = new Configuration(false); // nothing of the machine's Hadoop, if it has any
        settings.set("parquet.compression", "ZSTD");
        settings.setInt("parquet.compression.codec.zstd.level", Lines.LEVEL);
        settings.setBoolean("parquet.enable.dictionary", false); // hardly a value occurs twice
        settings.set("parquet.write.int64.timestamp", "true"); // the old form of 96 bits has no statistics
        files = ParquetRowDataBuilder.createWriterFactory(FILE, settings, true);
    }

    @Override
    public BulkWriter<Row> create(FSDataOutputStream file) throws IOException {
        BulkWriter<RowData> columns = files.create(file);
        return new BulkWriter<Row>() {
            @Override
            public void addElement(Row row) throws IOException {
                columns.addElement(GenericRowData.of(
                        TimestampData.fromEpochMillis(row.arrived), row.size, StringData.fromBytes(row.line)));
            }

            @Override
            public void flush() throws IOException {
                columns.flush();
            }

            @Override
            public void finish() throws IOException {
                columns.finish();
            }
        };
    }
}
