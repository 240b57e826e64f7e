package tenantry.streaming;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.apache.flink.api.common.serialization.Encoder;

/** Writes totals as lines of JSON; times are in UTC, in the form that Athena reads. */
public final class TotalLines implements Encoder<Total> {
    private static final long serialVersionUID = 1L;
    private static final DateTimeFormatter SECONDS = format("uuuu-MM-dd HH:mm:ss");
    private static final DateTimeFormatter MILLISECONDS = format("uuuu-MM-dd HH:mm:ss.SSS");

    @Override
    public void encode(Total total, OutputStream file) throws IOException {
        String line = "{\"window_start\":\"" + text(SECONDS, total.start)
                + "\",\"window_end\":\"" + text(SECONDS, total.end)
                + "\",\"records\":" + total.records
                + ",\"bytes\":" + total.bytes
                + ",\"first_at\":\"" + text(MILLISECONDS, total.first)
                + "\",\"last_at\":\"" + text(MILLISECONDS, total.last)
                + "\"}\n";
        file.write(line.getBytes(StandardCharsets.UTF_8));
    }

    private static DateTimeFormatter format(String pattern) {
        return DateTimeFormatter.ofPattern(pattern).withZone(ZoneOffset.UTC);
    }

    private static String text(DateTimeFormatter format, long time) {
        return format.format(Instant.ofEpochMilli(time));
    }
}
