package tenantry.streaming;

import org.apache.flink.streaming.api.functions.AssignerWithPeriodicWatermarks;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.table.data.RowData;

/**
 * Tells the time of one shard by when its records arrived on the stream.
 *
 * <p>Each shard has its own, and the consumer leaves out shards that are silent, so that none holds up the others.
 */
public final class Arrival implements AssignerWithPeriodicWatermarks<RowData> {
    private static final long serialVersionUID = 1L;
    private final long slack;
    private long latest = Long.MIN_VALUE;

    /** @param slack milliseconds by which a shard's records may be out of order */
    public Arrival(long slack) {
        this.slack = slack;
    }

    @Override
    public long extractTimestamp(RowData row, long ignored) {
        long arrived = row.getTimestamp(Records.ARRIVED, 3).getMillisecond();
        latest = Math.max(latest, arrived);
        return arrived;
    }

    @Override
    public Watermark getCurrentWatermark() {
        return new Watermark(latest == Long.MIN_VALUE ? Long.MIN_VALUE : latest - slack - 1);
    }
}
