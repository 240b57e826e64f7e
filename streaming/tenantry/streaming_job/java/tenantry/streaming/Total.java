package tenantry.streaming;

/** How many records of a tenant arrived in a window, of how many bytes, and when the first and the last did. */
public final class Total implements Placed {
    public String tenant;

    /** Where the window begins and ends, in milliseconds; its end is not part of it. */
    public long start;

    public long end;
    public long records;
    public long bytes;
    public long first = Long.MAX_VALUE;
    public long last = Long.MIN_VALUE;

    void add(Row row) {
        records++;
        bytes += row.size;
        first = Math.min(first, row.arrived);
        last = Math.max(last, row.arrived);
    }

    void add(Total other) {
        records += other.records;
        bytes += other.bytes;
        first = Math.min(first, other.first);
        last = Math.max(last, other.last);
    }

    @Override
    public String folder() {
        return "aggregates/" + Placed.below(tenant, Placed.day(start));
    }
}
