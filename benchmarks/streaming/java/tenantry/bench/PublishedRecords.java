package tenantry.bench;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;
import org.json.JSONObject;

/** Does what the published job does with a record: parses it, sets the tenant to the partition key, writes it again. */
public final class PublishedRecords implements KinesisDeserializationSchema<String> {
    private static final long serialVersionUID = 1L;

    @Override
    public String deserialize(byte[] record, String key, String sequence, long arrived, String stream, String shard) {
        return new JSONObject(new String(record, StandardCharsets.UTF_8)).put("tenantid", key).toString();
    }

    @Override
    public TypeInformation<String> getProducedType() {
        return Types.STRING;
    }
}
