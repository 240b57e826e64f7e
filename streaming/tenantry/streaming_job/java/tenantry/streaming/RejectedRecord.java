package tenantry.streaming;

/** A record that cannot be kept as a tenant's. It carries the reason and no stack trace, which would cost more. */
final class RejectedRecord extends Exception {
    private static final long serialVersionUID = 1L;

    RejectedRecord(String reason) {
        super(reason, null, false, false);
    }
}
