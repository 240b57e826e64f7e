package tenantry.streaming;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads JSON (RFC 8259) byte by byte and once, and keeps what it passes, without the white space between tokens.
 *
 * <p>What it keeps is the caller's own bytes: no text, number or name is written anew. It refuses what is not UTF-8, a
 * name that occurs twice in one object, and what is nested too deep for those who read the lake.
 */
final class Json {
    /** What reads the lake recurses; an object deeper than this would stop a tenant's queries. */
    static final int DEEPEST = 100;

    static final String NOT_JSON = "not JSON";
    private static final String NOT_TEXT = "not UTF-8";
    private static final int END = -1;

    private final Names names = new Names();
    private byte[] in;
    private int at;
    private int objects;
    private byte[] kept = new byte[4096];
    private int length;
    private int from; // what is kept next begins here

    void begin(byte[] record) {
        in = record;
        at = 0;
        objects = 0;
        names.clear();
        keepFromHere();
    }

    /** Returns the byte that comes next, or -1 at the end. */
    int peek() {
        return at < in.length ? in[at] & 0xff : END;
    }

    /** Passes a byte if it is the one that comes next. */
    boolean passes(char wanted) {
        boolean found = peek() == wanted;
        at += found ? 1 : 0;
        return found;
    }

    void expect(char wanted) throws RejectedRecord {
        if (!passes(wanted)) {
            throw new RejectedRecord(NOT_JSON);
        }
    }

    /** Passes white space, which is not kept. */
    void space() {
        if (isSpace(peek())) {
            keep();
            do {
                at++;
            } while (isSpace(peek()));
            from = at;
        }
    }

    /** Forgets what was kept. */
    void keepFromHere() {
        length = 0;
        from = at;
    }

    /** Keeps what was passed until here, and returns how much is kept now. */
    int keep() {
        add(in, from, at);
        from = at;
        return length;
    }

    /** Leaves out what was passed or kept since `keep` returned a length. */
    void leaveOut(int since) {
        length = since;
        from = at;
    }

    void add(byte[] bytes, int start, int end) {
        int more = end - start;
        if (length + more > kept.length) {
            kept = Arrays.copyOf(kept, Math.max(length + more, 2 * kept.length));
        }
        System.arraycopy(bytes, start, kept, length, more);
        length += more;
    }


    /** Returns what was kept, up to a length. */
    byte[] kept(int upTo) {
        return Arrays.copyOf(kept, upTo);
    }

    /** Returns the number of an object that begins: its names are different from each other. */
    int object() {
        return objects++;
    }

    /** Passes a member's name, the colon and the white space around it, and returns the name if it is so long, else null. */
    byte[] name(int object, int shortest, int longest) throws RejectedRecord {
        int start = at + 1;
        if (peek() != '"') {
            throw new RejectedRecord(NOT_JSON);
        }
        boolean escaped = string();
        byte[] source = in;
        int end = at - 1;
        if (escaped) {
            source = unescaped(start, end);
            start = 0;
            end = source.length;
        }
        if (!names.add(object, source, start, end)) {
            throw new RejectedRecord("a name occurs twice in one object");
        }
        space();
        expect(':');
        space();
        return end - start < shortest || end - start > longest ? null : Arrays.copyOfRange(source, start, end);
    }

    /** Passes a value, which lies so deep in the record. */
    void value(int depth) throws RejectedRecord {
        switch (peek()) {
            case '"':
                string();
                break;
            case '{':
                inside(depth, '}');
                break;
            case '[':
                inside(depth, ']');
                break;
            case 't':
                word("true");
                break;
            case 'f':
                word("false");
                break;
            case 'n':
                word("null");
                break;
            default:
                number();
        }
    }

    /** Passes a text and returns it. */
    String text() throws RejectedRecord {
        int start = at + 1;
        return string()
                ? new String(unescaped(start, at - 1), StandardCharsets.UTF_8)
                : new String(in, start, at - 1 - start, StandardCharsets.UTF_8);
    }

    private void inside(int depth, char end) throws RejectedRecord {
        if (depth > DEEPEST) {
            throw new RejectedRecord("nested deeper than " + DEEPEST);
        }
        int object = end == '}' ? object() : END;
        at++;
        space();
        if (passes(end)) {
            return;
        }
        while (true) {
            if (object != END) {
                name(object, 1, 0);
            }
            value(depth + 1);
            space();
            if (passes(end)) {
                return;
            }
            expect(',');
            space();
        }
    }

    /** Passes a text and returns whether it has escapes. */
    private boolean string() throws RejectedRecord {
        byte[] bytes = in;
        boolean escaped = false;
        int next = at + 1;
        while (next < bytes.length) {
            byte found = bytes[next];
            if (found == '"') {
                at = next + 1;
                return escaped;
            }
            if (found == '\\') {
                escaped = true;
                next = escape(next + 1);
            } else if (found >= ' ') {
                next++;
            } else if (found < 0) {
                next += character(next);
            } else {
                throw new RejectedRecord(NOT_JSON);
            }
        }
        throw new RejectedRecord(NOT_JSON);
    }

    /** Returns where the escape ends whose kind is at a place. */
    private int escape(int place) throws RejectedRecord {
        if (place < in.length) {
            if (in[place] == 'u' && unit(place + 1) != END) {
                return place + 5;
            }
            if ("\"\\/bfnrt".indexOf(in[place]) >= 0) {
                return place + 1;
            }
        }
        throw new RejectedRecord(NOT_JSON);
    }

    /** Returns the number of four hexadecimal digits, or -1. */
    private int unit(int place) {
        int number = 0;
        for (int digit = place; digit < place + 4; digit++) {
            int value = digit < in.length && in[digit] > 0 ? Character.digit((char) in[digit], 16) : END;
            if (value == END) {
                return END;
            }
            number = number << 4 | value;
        }
        return number;
    }

    /** Returns how many bytes the character at a place has, which is not ASCII. */
    private int character(int place) throws RejectedRecord {
        int first = in[place] & 0xff;
        int second = place + 1 < in.length ? in[place + 1] & 0xff : 0;
        int bytes;
        if (first >= 0xc2 && first <= 0xdf) {
            bytes = 2;
        } else if (first >= 0xe0 && first <= 0xef) {
            // Neither a longer form than needed nor half a character.
            bytes = first == 0xe0 && second < 0xa0 || first == 0xed && second > 0x9f ? 0 : 3;
        } else if (first >= 0xf0 && first <= 0xf4) {
            bytes = first == 0xf0 && second < 0x90 || first == 0xf4 && second > 0x8f ? 0 : 4;
        } else {
            bytes = 0;
        }
        for (int next = place + 1; next < place + bytes; next++) {
            if (next >= in.length || (in[next] & 0xc0) != 0x80) {
                bytes = 0;
            }
        }
        if (bytes == 0) {
            throw new RejectedRecord(NOT_TEXT);
        }
        return bytes;
    }

    /** Returns the text between two places in UTF-8, without escapes; half a character has a form that no other has. */
    private byte[] unescaped(int start, int end) {
        ByteArrayOutputStream text = new ByteArrayOutputStream(end - start);
        int next = start;
        while (next < end) {
            if (in[next] != '\\') {
                text.write(in[next++]);
            } else if (in[next + 1] != 'u') {
                text.write("\"\\/\b\f\n\r\t".charAt("\"\\/bfnrt".indexOf(in[next + 1])));
                next += 2;
            } else {
                int unit = unit(next + 2);
                next += 6;
                boolean pair = Character.isHighSurrogate((char) unit) && next + 1 < end && in[next] == '\\'
                        && in[next + 1] == 'u' && Character.isLowSurrogate((char) unit(next + 2));
                if (pair) {
                    byte[] character = new String(Character.toChars(
                            Character.toCodePoint((char) unit, (char) unit(next + 2)))).getBytes(StandardCharsets.UTF_8);
                    text.write(character, 0, character.length);
                    next += 6;
                } else if (Character.isSurrogate((char) unit)) {
                    text.write(0xe0 | unit >> 12);
                    text.write(0x80 | unit >> 6 & 0x3f);
                    text.write(0x80 | unit & 0x3f);
                } else {
                    byte[] character = String.valueOf((char) unit).getBytes(StandardCharsets.UTF_8);
                    text.write(character, 0, character.length);
                }
            }
        }
        return text.toByteArray();
    }

    private void word(String wanted) throws RejectedRecord {
        for (int letter = 0; letter < wanted.length(); letter++) {
            expect(wanted.charAt(letter));
        }
    }

    private void number() throws RejectedRecord {
        passes('-');
        if (!passes('0')) {
            digits();
        }
        if (passes('.')) {
            digits();
        }
        if (passes('e') || passes('E')) {
            if (!passes('+')) {
                passes('-');
            }
            digits();
        }
    }

    private void digits() throws RejectedRecord {
        int start = at;
        while (peek() >= '0' && peek() <= '9') {
            at++;
        }
        if (at == start) {
            throw new RejectedRecord(NOT_JSON);
        }
    }

    private static boolean isSpace(int found) {
        return found == ' ' || found == '\n' || found == '\r' || found == '\t';
    }
}
