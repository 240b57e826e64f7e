package tenantry.streaming;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * What has its place in the lake.
 *
 * <p>Isolation: what is a tenant's goes below {@code tenantid=<tenant>/} and nowhere else. A row has a tenant only if
 * {@link Records} found its id valid, and a valid id can neither end a folder's name nor leave it.
 */
public interface Placed {
    /** Returns its folder, seen from the lake's root. */
    String folder();

    /** Returns the folders of a tenant and a day. */
    static String below(String tenant, String day) {
        return "tenantid=" + tenant + "/" + day;
    }

    /** Returns the folders of the day, in UTC, of a time in milliseconds. */
    static String day(long time) {
        LocalDate day = Instant.ofEpochMilli(time).atZone(ZoneOffset.UTC).toLocalDate();
        return String.format("year=%04d/month=%02d/day=%02d", day.getYear(), day.getMonthValue(), day.getDayOfMonth());
    }
}
