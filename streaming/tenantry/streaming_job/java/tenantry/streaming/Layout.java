package tenantry.streaming;

import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.BucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;

/** Tells the sinks where in the lake a row goes. */
public final class Layout implements BucketAssigner<Placed, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public String getBucketId(Placed row, Context context) {
        return row.folder();
    }

    @Override
    public SimpleVersionedSerializer<String> getSerializer() {
        return SimpleVersionedStringSerializer.INSTANCE;
    }
}
