package tenantry.streaming;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Base64;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/**
 * Makes a row of each record of the stream: a tenant's line, or a rejected record.
 *
 * <p>Isolation: a row has a tenant only if the record names a valid one and its partition key is the same. Every other
 * record is rejected, without a tenant, with its bytes whole and the reason; none is dropped, and none stops
 * the job. {@code rows.py} has the type of the row.
 */
public final class Records implements KinesisDeserializationSchema<RowData> {
    private static final long serialVersionUID = 1L;
    static final int TENANT = 0;
    static final int YEAR = 1;
    static final int MONTH = 2;
    static final int DAY = 3;
    static final int ARRIVED = 4;
    static final int LINE = 5;
    static final int SIZE = 6;

    private final Envelope envelope;
    private final TypeInformation<RowData> type;
    private transient JsonFactory json;
    private transient long today;
    private transient StringData[] date;

    /**
     * @param tenants the regular expression of a tenant id
     * @param type the type of the row
     */
    public Records(String tenants, TypeInformation<RowData> type) {
        this.envelope = new Envelope(tenants);
        this.type = type;
    }

    @Override
    public RowData deserialize(byte[] record, String key, String sequence, long arrived, String stream, String shard)
            throws IOException {
        String tenant = null;
        byte[] line;
        try {
            line = envelope.read(record);
            tenant = envelope.tenant();
            if (!tenant.equals(key)) {
                throw new RejectedRecord("partition key is not the tenant");
            }
        } catch (RejectedRecord rejected) {
            tenant = null;
            line = rejectedLine(rejected.getMessage(), record, key, sequence, arrived, shard);
        } catch (RuntimeException unforeseen) {
            tenant = null;
            line = rejectedLine(unforeseen.getClass().getSimpleName(), record, key, sequence, arrived, shard);
        }
        GenericRowData row = new GenericRowData(SIZE + 1);
        dated(row, arrived);
        row.setField(TENANT, StringData.fromString(tenant));
        row.setField(ARRIVED, TimestampData.fromEpochMillis(arrived));
        row.setField(LINE, StringData.fromBytes(line));
        row.setField(SIZE, (long) record.length);
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

    /** Sets the day of arrival, by which files are partitioned; it is worked out once a day. */
    private void dated(GenericRowData row, long arrived) {
        long day = Math.floorDiv(arrived, 86_400_000L);
        if (date == null || day != today) {
            ZonedDateTime at = Instant.ofEpochMilli(arrived).atZone(ZoneOffset.UTC);
            today = day;
            date = new StringData[] {
                StringData.fromString(String.format("%04d", at.getYear())),
                StringData.fromString(String.format("%02d", at.getMonthValue())),
                StringData.fromString(String.format("%02d", at.getDayOfMonth())),
            };
        }
        row.setField(YEAR, date[0]);
        row.setField(MONTH, date[1]);
        row.setField(DAY, date[2]);
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return type;
    }
}
