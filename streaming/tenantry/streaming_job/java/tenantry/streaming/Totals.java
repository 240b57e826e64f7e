package tenantry.streaming;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Counts each tenant's records in each window, and gives a window's totals out when the time has passed its end.
 *
 * <p>No record is left out. One that comes after its window was given out is a total of its own, which follows with
 * the next watermark: the sum over a window's rows is always right. The metric {@code lateRecords} counts them.
 *
 * <p>It takes the records where they are read, without a way through the network: totals can be added up, so it does
 * not matter if two tasks hold totals of one tenant.
 */
public final class Totals extends AbstractStreamOperator<Total> implements OneInputStreamOperator<Row, Total> {
    private static final long serialVersionUID = 1L;

    private final long length;
    private transient TreeMap<Long, Map<String, Total>> windows;
    private transient ListState<Total> state;
    private transient Counter late;
    private transient long now;

    private Totals(long length) {
        this.length = length;
        chainingStrategy = ChainingStrategy.ALWAYS;
    }

    /**
     * Returns the totals of tenants' records.
     *
     * @param records of tenants
     * @param length of a window, in milliseconds
     */
    public static DataStream<Total> of(DataStream<Row> records, long length) {
        return records.transform("Totals", TypeInformation.of(Total.class), new Totals(length)).uid("totals");
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        windows = new TreeMap<>();
        now = Long.MIN_VALUE;
        late = getMetricGroup().counter("lateRecords");
        state = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("totals", Total.class));
        for (Total total : state.get()) {
            at(total.tenant, total.start, total.end).add(total);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        List<Total> open = new ArrayList<>();
        windows.values().forEach(tenants -> open.addAll(tenants.values()));
        state.update(open);
    }

    @Override
    public void processElement(StreamRecord<Row> element) {
        Row row = element.getValue();
        long start = Math.floorDiv(row.arrived, length) * length;
        if (start + length - 1 <= now) {
            late.inc();
        }
        at(row.tenant, start, start + length).add(row);
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        now = mark.getTimestamp();
        while (!windows.isEmpty() && windows.firstKey() + length - 1 <= now) {
            windows.pollFirstEntry().getValue().values().forEach(total -> output.collect(new StreamRecord<>(total)));
        }
        super.processWatermark(mark);
    }

    private Total at(String tenant, long start, long end) {
        Map<String, Total> tenants = windows.get(start);
        if (tenants == null) {
            windows.put(start, tenants = new HashMap<>());
        }
        Total total = tenants.get(tenant);
        if (total == null) {
            tenants.put(tenant, total = new Total());
            total.tenant = tenant;
            total.start = start;
            total.end = end;
        }
        return total;
    }
}
