package tenantry.bench;

import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.BucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;
import org.json.JSONObject;

/** Does what the published job does to place a record: parses it once more, and asks it for its tenant. */
public final class PublishedLayout implements BucketAssigner<String, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public String getBucketId(String record, Context context) {
        return "tenantid=" + new JSONObject(record).optString("tenantid", "unknown");
    }

    @Override
    public SimpleVersionedSerializer<String> getSerializer() {
        return SimpleVersionedStringSerializer.INSTANCE;
    }
}
