package tenantry.streaming;

import org.apache.flink.api.common.functions.FilterFunction;

/** Passes tenants' records, or rejected records, which have no tenant. */
public final class Kind implements FilterFunction<Row> {
    private static final long serialVersionUID = 1L;
    private final boolean tenants;

    /** @param tenants whether it passes tenants' records rather than rejected records */
    public Kind(boolean tenants) {
        this.tenants = tenants;
    }

    @Override
    public boolean filter(Row row) {
        return tenants == (row.tenant != null);
    }
}
