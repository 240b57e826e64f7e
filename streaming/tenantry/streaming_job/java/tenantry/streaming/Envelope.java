package tenantry.streaming;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * Reads what the gateway put on the stream, {@code {"tenantid": "...", "data": {...}}}, and writes the caller's object
 * as one line of JSON that names the gateway's tenant and no other.
 *
 * <p>Isolation: the tenant is the gateway's. Whatever the caller's object says of its tenant, in whichever case of the
 * letters (Athena's readers ignore it), is left out. What is not exactly such a record is {@link RejectedRecord}.
 *
 * <p>The record is read once, token by token, so its depth costs no stack. Numbers are copied as they were written.
 */
final class Envelope implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String TENANT = "tenantid";
    private static final String DATA = "data";
    /** What reads the lake recurses; an object deeper than this would stop a tenant's queries. */
    private static final int DEEPEST = 100;

    private final Pattern tenants;
    private transient JsonFactory factory;
    private transient CharsetDecoder decoder;
    private transient ByteArrayOutputStream line;
    private String tenant;

    Envelope(String tenants) {
        this.tenants = Pattern.compile(tenants);
    }

    /** The tenant of the record that was read last. */
    String tenant() {
        return tenant;
    }

    /** Returns the line, in UTF-8 and without its end. */
    byte[] read(byte[] record) throws RejectedRecord {
        prepare();
        try (JsonParser parser = parser(record)) {
            JsonGenerator generator = factory.createGenerator(line);
            envelope(parser, generator);
            generator.writeStringField(TENANT, tenant);
            generator.writeEndObject();
            generator.close();
            if (parser.nextToken() != null) {
                throw new RejectedRecord("more than one JSON value");
            }
            return line.toByteArray();
        } catch (CharacterCodingException notText) {
            throw new RejectedRecord("not UTF-8");
        } catch (JsonProcessingException notJson) {
            throw new RejectedRecord(
                    String.valueOf(notJson.getOriginalMessage()).startsWith("Duplicate field")
                            ? "a name occurs twice in one object"
                            : "not JSON");
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible); // both ends are in memory
        }
    }

    private void prepare() {
        if (factory == null) {
            factory = new JsonFactory()
                    .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                    // Names come from tenants: each would stay in a table that all tenants share.
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES);
            decoder = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT);
            line = new ByteArrayOutputStream(4096);
        }
        tenant = null;
        line.reset();
    }

    private JsonParser parser(byte[] record) throws IOException {
        // From characters: from bytes, Jackson would guess at UTF-16 and let malformed UTF-8 through.
        CharBuffer text = decoder.decode(ByteBuffer.wrap(record));
        return factory.createParser(text.array(), 0, text.limit());
    }

    private void envelope(JsonParser parser, JsonGenerator generator) throws IOException, RejectedRecord {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new RejectedRecord("not a JSON object");
        }
        boolean copied = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.getCurrentName();
            JsonToken value = parser.nextToken();
            if (TENANT.equals(name)) {
                if (value != JsonToken.VALUE_STRING || !tenants.matcher(parser.getText()).matches()) {
                    throw new RejectedRecord("no usable tenant id");
                }
                tenant = parser.getText();
            } else if (DATA.equals(name)) {
                if (value != JsonToken.START_OBJECT) {
                    throw new RejectedRecord("data is not an object");
                }
                copy(parser, generator);
                copied = true;
            } else {
                throw new RejectedRecord("a member that the gateway does not write");
            }
        }
        if (tenant == null || !copied) {
            throw new RejectedRecord(tenant == null ? "no usable tenant id" : "data is not an object");
        }
    }

    /** Copies the object up to its last brace, which it leaves for the tenant to go before. */
    private static void copy(JsonParser parser, JsonGenerator generator) throws IOException, RejectedRecord {
        generator.writeStartObject();
        int depth = 1;
        while (depth > 0) {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.FIELD_NAME && depth == 1 && TENANT.equalsIgnoreCase(parser.getCurrentName())) {
                parser.nextToken();
                parser.skipChildren();
                continue;
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            if (depth > DEEPEST) {
                throw new RejectedRecord("nested deeper than " + DEEPEST);
            }
            if (depth > 0) {
                copy(token, parser, generator);
            }
        }
    }

    private static void copy(JsonToken token, JsonParser parser, JsonGenerator generator) throws IOException {
        switch (token) {
            case FIELD_NAME:
                generator.writeFieldName(parser.getCurrentName());
                break;
            case VALUE_STRING:
                generator.writeString(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
                break;
            case VALUE_NUMBER_INT:
            case VALUE_NUMBER_FLOAT:
                generator.writeNumber(parser.getText());
                break;
            default:
                generator.copyCurrentEvent(parser);
        }
    }
}
