package org.tweedie.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.io.SerializedString;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes JSON as it comes, for {@code --json} outputs and metadata: {@code json.object().field("steps", 500).end()}. NaN
 * and infinities, which JSON lacks, become null. For one thread.
 */
public final class Json implements AutoCloseable {
    private final JsonGenerator out;

    private Json(JsonGenerator out) {
        this.out = out;
    }

    /** Writes UTF-8 to a stream, which stays open; values at the top level are separated by line ends. */
    public static Json to(OutputStream stream) {
        try {
            JsonGenerator out = new JsonFactory().createGenerator(stream);
            out.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            out.setRootValueSeparator(new SerializedString("\n"));
            return new Json(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A flat object as text, in the order of the map. */
    public static String object(Map<String, String> fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
            out.writeStartObject();
            for (Map.Entry<String, String> field : fields.entrySet()) {
                out.writeStringField(field.getKey(), field.getValue());
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    /** An array of strings as text. */
    public static String array(List<String> values) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
            out.writeStartArray();
            for (String value : values) {
                out.writeString(value);
            }
            out.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    /**
     * Reads a flat object of strings, as {@link #object(Map)} writes it.
     *
     * @param file and {@code place}: where the text came from, for messages
     */
    public static Map<String, String> readObject(String text, String file, String place) {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser in = reader(text)) {
            require(in.nextToken() == JsonToken.START_OBJECT, file, place, "is not a JSON object");
            String name;
            while ((name = in.nextFieldName()) != null) {
                require(
                        in.nextToken() == JsonToken.VALUE_STRING,
                        file,
                        place,
                        "the value of " + Shown.quoted(name) + " is not a string");
                fields.put(name, in.getText());
            }
            require(
                    in.currentToken() == JsonToken.END_OBJECT && in.nextToken() == null,
                    file,
                    place,
                    "has text after the JSON object");
        } catch (IOException e) {
            throw unreadable(e, file, place);
        }
        return fields;
    }

    /** Reads an array of strings, as {@link #array(List)} writes it. */
    public static List<String> readArray(String text, String file, String place) {
        List<String> values = new ArrayList<>();
        try (JsonParser in = reader(text)) {
            require(in.nextToken() == JsonToken.START_ARRAY, file, place, "is not a JSON array");
            while (in.nextToken() == JsonToken.VALUE_STRING) {
                values.add(in.getText());
            }
            require(
                    in.currentToken() == JsonToken.END_ARRAY && in.nextToken() == null,
                    file,
                    place,
                    "is not a JSON array of strings");
        } catch (IOException e) {
            throw unreadable(e, file, place);
        }
        return values;
    }

    private static JsonParser reader(String text) throws IOException {
        return JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build()
                .createParser(text);
    }

    private static void require(boolean holds, String file, String place, String otherwise) {
        if (!holds) {
            throw new MalformedFileException(file, place, otherwise);
        }
    }

    private static MalformedFileException unreadable(IOException e, String file, String place) {
        String message =
                e instanceof JsonProcessingException json ? json.getOriginalMessage() : String.valueOf(e.getMessage());
        return new MalformedFileException(file, place, message.length() > 160 ? message.substring(0, 160) : message, e);
    }

    private interface Call {
        void run() throws IOException;
    }

    private Json with(Call call) {
        try {
            call.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Begins an object, at the top or in an array. */
    public Json object() {
        return with(out::writeStartObject);
    }

    /** Begins an object in a field. */
    public Json object(String name) {
        return with(() -> out.writeObjectFieldStart(name));
    }

    /** Begins an array in a field. */
    public Json array(String name) {
        return with(() -> out.writeArrayFieldStart(name));
    }

    /** Ends the innermost object or array. */
    public Json end() {
        return with(() -> {
            if (out.getOutputContext().inArray()) {
                out.writeEndArray();
            } else {
                out.writeEndObject();
            }
        });
    }

    /** A field of text. */
    public Json field(String name, String value) {
        return with(() -> out.writeStringField(name, value));
    }

    /** A field of a whole number. */
    public Json field(String name, long value) {
        return with(() -> out.writeNumberField(name, value));
    }

    /** A field of a number; null where it is not finite. */
    public Json field(String name, double value) {
        return with(() -> {
            out.writeFieldName(name);
            number(value);
        });
    }

    /** A field that is true or false. */
    public Json field(String name, boolean value) {
        return with(() -> out.writeBooleanField(name, value));
    }

    /** An element of text. */
    public Json value(String value) {
        return with(() -> out.writeString(value));
    }

    /** An element that is a whole number. */
    public Json value(long value) {
        return with(() -> out.writeNumber(value));
    }

    /** An element that is a number; null where it is not finite. */
    public Json value(double value) {
        return with(() -> number(value));
    }

    private void number(double value) throws IOException {
        if (Double.isFinite(value)) {
            out.writeNumber(value);
        } else {
            out.writeNull();
        }
    }

    /** Hands everything written so far to the stream. */
    public Json flush() {
        return with(out::flush);
    }

    /** Ends what is open and flushes. */
    @Override
    public void close() {
        with(out::close);
    }
}
