package tenantry.streaming;

/** A record that cannot be kept as a tenant's. It carries the reason and no stack trace, which would cost more. */
final class Poison extends Exception {
    private static final long serialVersionUID = 1L;

    Poison(String reason) {
        super(reason, null, false, false);
    }
}
