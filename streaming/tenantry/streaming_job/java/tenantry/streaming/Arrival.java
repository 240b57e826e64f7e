package tenantry.streaming;

import org.apache.flink.streaming.api.functions.AssignerWithPeriodicWatermarks;
import org.apache.flink.streaming.api.watermark.Watermark;

/**
 * Tells the time of one shard by when its records arrived on the stream.
 *
 * <p>Each shard has its own, and the consumer leaves out shards that are silent, so that none holds up the others.
 */
public final class Arrival implements AssignerWithPeriodicWatermarks<Row> {
    private static final long serialVersionUID = 1L;
    private final long slack;
    private long latest = Long.MIN_VALUE;

    /** @param slack milliseconds by which a shard's records may be out of order */
    public Arrival(long slack) {
        this.slack = slack;
    }

    @Override
    public long extractTimestamp(Row row, long ignored) {
        latest = Math.max(latest, row.arrived);
        return row.arrived;
    }

    @Override
    public Watermark getCurrentWatermark() {
        return new Watermark(latest == Long.MIN_VALUE ? Long.MIN_VALUE : latest - slack - 1);
    }
}
