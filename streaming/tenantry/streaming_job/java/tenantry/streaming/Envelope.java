package tenantry.streaming;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Reads what the gateway put on the stream, {@code {"tenantid": "...", "data": {...}}}, and returns the caller's object
 * as one line of JSON that names the gateway's tenant and no other.
 *
 * <p>Isolation: the tenant is the gateway's. Whatever the caller's object says of its tenant, in whichever case of the
 * letters (Athena's readers ignore it), is left out. What is not exactly such a record is {@link RejectedRecord}.
 *
 * <p>The record is read once, and the line is made of its bytes: only the members that are left out, white space
 * between tokens and the tenant at the end are different.
 */
final class Envelope implements Serializable {
    private static final long serialVersionUID = 2L;
    private static final String TENANT = "tenantid";
    private static final String DATA = "data";
    private static final String NO_TENANT = "no usable tenant id";
    private static final String NO_DATA = "data is not an object";
    /** Letters of other alphabets that count as one of ours take two bytes, or three. */
    private static final int LONGEST = 3 * TENANT.length();

    private final Pattern tenants;
    private transient Json json;
    private String tenant;
    private int end;

    Envelope(String tenants) {
        this.tenants = Pattern.compile(tenants);
    }

    /** The tenant of the record that was read last. */
    String tenant() {
        return tenant;
    }

    /** Returns the line, in UTF-8 and without its end. */
    byte[] read(byte[] record) throws RejectedRecord {
        if (json == null) {
            json = new Json();
        }
        try {
            json.begin(record);
            members();
            byte[] last = ((end > 1 ? ",\"" : "\"") + TENANT + "\":\"" + tenant + "\"}").getBytes(StandardCharsets.UTF_8);
            json.leaveOut(end);
            json.add(last, 0, last.length);
            return json.kept(end + last.length);
        } catch (RejectedRecord rejected) {
            throw isText(record) ? rejected : new RejectedRecord("not UTF-8");
        }
    }

    private void members() throws RejectedRecord {
        tenant = null;
        end = 0;
        json.space();
        if (!json.passes('{')) {
            if (json.peek() >= 0) {
                json.value(1); // for the reason: it is no JSON either, or only not this
            }
            throw new RejectedRecord("not a JSON object");
        }
        int object = json.object();
        json.space();
        if (!json.passes('}')) {
            do {
                json.space();
                member(object);
                json.space();
            } while (json.passes(','));
            json.expect('}');
        }
        json.space();
        if (tenant == null || end == 0) {
            throw new RejectedRecord(tenant == null ? NO_TENANT : NO_DATA);
        }
        if (json.peek() >= 0) {
            json.value(1);
            throw new RejectedRecord("more than one JSON value");
        }
    }

    private void member(int object) throws RejectedRecord {
        byte[] bytes = json.name(object, DATA.length(), TENANT.length());
        String name = bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
        if (TENANT.equals(name)) {
            if (json.peek() != '"') {
                json.value(1);
                throw new RejectedRecord(NO_TENANT);
            }
            tenant = json.text();
            if (!tenants.matcher(tenant).matches()) {
                throw new RejectedRecord(NO_TENANT);
            }
        } else if (DATA.equals(name)) {
            if (json.peek() != '{') {
                json.value(1);
                throw new RejectedRecord(NO_DATA);
            }
            end = data();
        } else {
            throw new RejectedRecord("a member that the gateway does not write");
        }
    }

    /** Keeps the object up to its last brace, which it leaves for the tenant to go before; returns how long that is. */
    private int data() throws RejectedRecord {
        json.keepFromHere();
        json.expect('{');
        int object = json.object();
        json.space();
        int before = json.keep();
        if (json.passes('}')) {
            return before;
        }
        while (true) {
            byte[] name = json.name(object, TENANT.length(), LONGEST);
            boolean claim = name != null && TENANT.equalsIgnoreCase(new String(name, StandardCharsets.UTF_8));
            json.value(2);
            json.space();
            // After a claim, everything since the last brace or comma goes, and the comma that follows.
            if (claim) {
                json.leaveOut(before);
            }
            int here = json.keep();
            if (json.passes('}')) {
                return claim && here > 1 ? here - 1 : here;
            }
            json.expect(',');
            if (claim) {
                json.leaveOut(before);
            }
            json.space();
            before = json.keep();
        }
    }

    private static boolean isText(byte[] record) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(record));
            return true;
        } catch (CharacterCodingException notText) {
            return false;
        }
    }
}
