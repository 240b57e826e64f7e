package tenantry.streaming;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;

/**
 * Makes a row of each record of the stream: a tenant's line, or a rejected record.
 *
 * <p>Isolation: a row has a tenant only if the record names a valid one and its partition key is the same. Every other
 * record is rejected, without a tenant, with its bytes whole and the reason; none is dropped, and none stops the job.
 */
public final class Records implements KinesisDeserializationSchema<Row> {
    private static final long serialVersionUID = 2L;
    private static final long DAY = 86_400_000L;

    private final Envelope envelope;
    private transient JsonFactory json;
    private transient long today;
    private transient String day;

    /** @param tenants the regular expression of a tenant id */
    public Records(String tenants) {
        this.envelope = new Envelope(tenants);
    }

    @Override
    public Row deserialize(byte[] record, String key, String sequence, long arrived, String stream, String shard)
            throws IOException {
        Row row = new Row();
        row.arrived = arrived;
        row.day = day(arrived);
        row.size = record.length;
        try {
            row.line = envelope.read(record);
            if (!envelope.tenant().equals(key)) {
                throw new RejectedRecord("partition key is not the tenant");
            }
            row.tenant = envelope.tenant();
        } catch (RejectedRecord rejected) {
            row.line = rejectedLine(rejected.getMessage(), record, key, sequence, arrived, shard);
        } catch (RuntimeException unforeseen) {
            row.line = rejectedLine(unforeseen.getClass().getSimpleName(), record, key, sequence, arrived, shard);
        }
        return row;
    }

    private byte[] rejectedLine(String reason, byte[] record, String key, String sequence, long arrived, String shard)
            throws IOException {
        if (json == null) {
            json = new JsonFactory();
        }
        StringWriter text = new StringWriter();
        JsonGenerator generator = json.createGenerator(text);
        generator.writeStartObject();
        generator.writeStringField("reason", reason);
        generator.writeStringField("arrived", Instant.ofEpochMilli(arrived).toString());
        generator.writeStringField("partitionkey", key);
        generator.writeStringField("shard", shard);
        generator.writeStringField("sequence", sequence);
        generator.writeStringField("record", Base64.getEncoder().encodeToString(record));
        generator.writeEndObject();
        generator.close();
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the folders of the day of arrival, worked out once a day. */
    private String day(long arrived) {
        long number = Math.floorDiv(arrived, DAY);
        if (day == null || number != today) {
            today = number;
            day = Placed.day(arrived);
        }
        return day;
    }

    @Override
    public TypeInformation<Row> getProducedType() {
        return TypeInformation.of(Row.class);
    }
}
