package tenantry.streaming;

import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.BucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;
import org.apache.flink.table.data.RowData;

/**
 * Says where in the lake a row goes.
 *
 * <p>Isolation: a tenant's rows go below {@code data/tenantid=<tenant>/} and nowhere else. A row has a tenant only if
 * {@link Records} found its id valid, and a valid id can neither end a folder's name nor leave it.
 */
public final class Layout implements BucketAssigner<RowData, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public String getBucketId(RowData row, Context context) {
        String date = "year=" + row.getString(Records.YEAR)
                + "/month=" + row.getString(Records.MONTH)
                + "/day=" + row.getString(Records.DAY);
        return row.isNullAt(Records.TENANT)
                ? "errors/" + date
                : "data/tenantid=" + row.getString(Records.TENANT) + "/" + date;
    }

    @Override
    public SimpleVersionedSerializer<String> getSerializer() {
        return SimpleVersionedStringSerializer.INSTANCE;
    }
}
