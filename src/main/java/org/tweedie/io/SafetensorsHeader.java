package org.tweedie.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The checked header of a safetensors file. Immutable.
 *
 * @param metadata the {@code __metadata__} map, in the order of the file
 * @param tensors in the order of their offsets
 */
public record SafetensorsHeader(Map<String, String> metadata, List<Entry> tensors) {
    /**
     * A tensor in the file. Immutable.
     *
     * @param offset of its first byte in the file
     * @param bytes its length
     */
    public record Entry(String name, Dtype dtype, List<Long> shape, long offset, long bytes) {
        public Entry {
            shape = List.copyOf(shape);
        }

        /** Number of elements. */
        public long count() {
            return bytes / dtype.bytes();
        }
    }

    static final String METADATA = "__metadata__";
    private static final int DEPTH = 4;
    private static final String PLACE = "header";

    public SafetensorsHeader {
        metadata = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        tensors = List.copyOf(tensors);
    }

    /** Reads and checks a header; no tensor is touched. */
    static SafetensorsHeader read(Source source, ReadLimits limits) throws IOException {
        String file = source.name();
        if (source.length() < 8) {
            throw new MalformedFileException(file, PLACE, "not a safetensors file: " + source.length() + " bytes");
        }
        long length = source.buffer(0, 8).getLong();
        if (length < 0 || length > limits.safetensorsHeader()) {
            throw new MalformedFileException(
                    file,
                    PLACE,
                    "header of " + Long.toUnsignedString(length) + " bytes, above the limit of "
                            + limits.safetensorsHeader() + "; or this is no safetensors file");
        }
        if (length > source.length() - 8) {
            throw new MalformedFileException(
                    file,
                    PLACE,
                    "header of " + length + " bytes in a file of " + source.length() + ": the file ends too early");
        }
        if (length < 2) {
            throw new MalformedFileException(file, PLACE, "header of " + length + " bytes is too short for {}");
        }
        limits.afford(4 * length, file, PLACE);
        byte[] json = new byte[(int) length];
        source.read(8, json, 0, json.length);
        if (json[0] != '{') {
            throw new MalformedFileException(file, PLACE, "does not start with {");
        }
        return new Parser(file, 8 + length, source.length(), limits).parse(Utf8.strict(json, file, PLACE));
    }

    private static final class Parser {
        private final String file;
        private final long start;
        private final long end;
        private final ReadLimits limits;
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private final List<Entry> tensors = new ArrayList<>();

        Parser(String file, long start, long end, ReadLimits limits) {
            this.file = file;
            this.start = start;
            this.end = end;
            this.limits = limits;
        }

        SafetensorsHeader parse(String text) throws IOException {
            JsonFactory factory = JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH)
                            .maxNumberLength(20)
                            .maxStringLength((int) Math.min(Integer.MAX_VALUE, limits.safetensorsHeader()))
                            .maxNameLength((int) Math.min(Integer.MAX_VALUE, limits.safetensorsHeader()))
                            .maxDocumentLength(-1)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .build();
            try (JsonParser json = factory.createParser(text)) {
                json.nextToken();
                String name;
                while ((name = json.nextFieldName()) != null) {
                    if (name.equals(METADATA)) {
                        metadata(json);
                    } else {
                        tensor(checked(name, PLACE), json);
                    }
                }
                if (json.currentToken() != JsonToken.END_OBJECT) {
                    throw fault(PLACE, "expected a tensor's name");
                }
                if (json.nextToken() != null
                        || !text.endsWith("}")
                                && text.substring(text.lastIndexOf('}') + 1)
                                        .chars()
                                        .anyMatch(c -> c != ' ')) {
                    throw fault(PLACE, "something other than spaces follows the object");
                }
            } catch (JsonProcessingException e) {
                String message = e.getOriginalMessage();
                throw new MalformedFileException(
                        file,
                        PLACE
                                + (e.getLocation() == null
                                        ? ""
                                        : ", character " + e.getLocation().getCharOffset()),
                        message.length() > 160 ? message.substring(0, 160) : message,
                        e);
            }
            return new SafetensorsHeader(metadata, ordered());
        }

        private void metadata(JsonParser json) throws IOException {
            require(json.nextToken() == JsonToken.START_OBJECT, METADATA, "is not an object of strings");
            String key;
            while ((key = json.nextFieldName()) != null) {
                require(
                        json.nextToken() == JsonToken.VALUE_STRING,
                        METADATA,
                        "the value of " + Shown.quoted(key) + " is not a string");
                metadata.put(checked(key, METADATA), checked(json.getText(), METADATA));
            }
            require(json.currentToken() == JsonToken.END_OBJECT, METADATA, "is not an object of strings");
        }

        private void tensor(String name, JsonParser json) throws IOException {
            String place = "tensor " + Shown.quoted(name);
            require(!name.isEmpty(), place, "has an empty name");
            require(tensors.size() < limits.tensors(), place, "more than " + limits.tensors() + " tensors");
            require(json.nextToken() == JsonToken.START_OBJECT, place, "is not an object");
            Dtype dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            String key;
            while ((key = json.nextFieldName()) != null) {
                json.nextToken();
                switch (key) {
                    case "dtype" -> dtype = dtype(json, place);
                    case "shape" -> shape = integers(json, place + " shape", limits.rank());
                    case "data_offsets" -> offsets = integers(json, place + " data_offsets", 2);
                    default -> throw fault(place, "unknown key " + Shown.quoted(key));
                }
            }
            require(json.currentToken() == JsonToken.END_OBJECT, place, "is not an object");
            if (dtype == null || shape == null || offsets == null) {
                throw fault(place, "one of dtype, shape and data_offsets is absent");
            }
            require(offsets.size() == 2, place, "data_offsets are not two numbers");
            long from = offsets.get(0);
            long to = offsets.get(1);
            require(from <= to, place, "data_offsets " + offsets + " end before they begin");
            require(
                    to <= end - start,
                    place,
                    "data_offsets " + offsets + " lie beyond the " + (end - start) + " bytes of data");
            long size = size(dtype, shape, place);
            require(
                    size == to - from,
                    place,
                    "shape " + shape + " of " + dtype + " needs " + size + " bytes, data_offsets " + offsets + " span "
                            + (to - from));
            tensors.add(new Entry(name, dtype, shape, start + from, size));
        }

        private long size(Dtype dtype, List<Long> shape, String place) {
            try {
                return Tensor.size(dtype, shape);
            } catch (ArithmeticException e) {
                throw new MalformedFileException(file, place, "shape " + shape + " is beyond 2^63 bytes", e);
            }
        }

        private Dtype dtype(JsonParser json, String place) throws IOException {
            require(json.currentToken() == JsonToken.VALUE_STRING, place, "dtype is not a string");
            String name = json.getText();
            return Arrays.stream(Dtype.values())
                    .filter(dtype -> dtype.name().equals(name))
                    .findAny()
                    .orElseThrow(() -> fault(
                            place,
                            "dtype " + Shown.quoted(name) + " is not known; known are "
                                    + Arrays.toString(Dtype.values())));
        }

        private List<Long> integers(JsonParser json, String place, int most) throws IOException {
            require(json.currentToken() == JsonToken.START_ARRAY, place, "is not an array");
            List<Long> values = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                require(values.size() < most, place, "has more than " + most + " numbers");
                require(
                        json.currentToken() == JsonToken.VALUE_NUMBER_INT
                                && !json.getText().startsWith("-"),
                        place,
                        "holds something other than whole numbers");
                values.add(json.getLongValue());
            }
            return values;
        }

        /** Tensors in the order of their bytes, which must be all bytes of the file, each once. */
        private List<Entry> ordered() {
            List<Entry> sorted = new ArrayList<>(tensors);
            sorted.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
            long at = start;
            for (Entry entry : sorted) {
                require(
                        entry.offset() == at,
                        "tensor " + Shown.quoted(entry.name()),
                        "begins at byte " + (entry.offset() - start) + " of the data, expected " + (at - start)
                                + ": tensors overlap or leave a gap");
                at += entry.bytes();
            }
            require(at == end, "data", (end - at) + " bytes after the last tensor");
            return sorted;
        }

        private String checked(String text, String place) {
            require(Utf8.holds(text), place, "text " + Shown.quoted(text) + " has a lone surrogate");
            return text;
        }

        private void require(boolean holds, String place, String otherwise) {
            if (!holds) {
                throw fault(place, otherwise);
            }
        }

        private MalformedFileException fault(String place, String fault) {
            return new MalformedFileException(file, place, fault);
        }
    }
}
