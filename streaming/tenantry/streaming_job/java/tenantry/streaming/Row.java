package tenantry.streaming;

/** One record of the stream as it is stored: a tenant's line, or a rejected record, which has no tenant. */
public final class Row implements Placed {
    /** Null for a rejected record. */
    public String tenant;

    /** When it arrived on the stream, in milliseconds. */
    public long arrived;

    /** The folders of the day of its arrival. */
    public String day;

    /** JSON in UTF-8, without the line's end. */
    public byte[] line;

    /** How many bytes it has on the stream. */
    public long size;

    @Override
    public String folder() {
        return tenant == null ? "errors/" + day : "data/" + Placed.below(tenant, day);
    }
}
