package tenantry.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.streaming.api.functions.source.SourceFunction;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;

/** Gives a job records from memory as fast as it takes them, as Kinesis's consumer would: through its schema. */
public final class Replay<T> implements SourceFunction<T>, ResultTypeQueryable<T> {
    private static final long serialVersionUID = 1L;
    private static final long EVERY = 10_000;

    private final KinesisDeserializationSchema<T> schema;
    private final String file;
    private final long count;
    private volatile boolean running = true;

    /**
     * @param schema what makes something of each record
     * @param file a line for each record: its partition key, a tab, and the record
     * @param count how many to give; it begins again with the first when there are no more
     */
    public Replay(KinesisDeserializationSchema<T> schema, String file, long count) {
        this.schema = schema;
        this.file = file;
        this.count = count;
    }

    @Override
    public void run(SourceContext<T> context) throws IOException {
        List<String> keys = new ArrayList<>();
        List<byte[]> records = new ArrayList<>();
        for (String line : Files.readAllLines(Paths.get(file))) {
            keys.add(line.substring(0, line.indexOf('\t')));
            records.add(line.substring(line.indexOf('\t') + 1).getBytes(StandardCharsets.UTF_8));
        }
        for (long number = 0; running && number < count; number++) {
            int at = (int) (number % records.size());
            long now = System.currentTimeMillis();
            T made = schema.deserialize(records.get(at), keys.get(at), Long.toString(number), now, "stream", "shard-0");
            synchronized (context.getCheckpointLock()) {
                context.collectWithTimestamp(made, now);
            }
            if (number % EVERY == 0) {
                context.emitWatermark(new Watermark(now - 1));
            }
        }
    }

    @Override
    public void cancel() {
        running = false;
    }

    @Override
    public TypeInformation<T> getProducedType() {
        return schema.getProducedType();
    }
}
