package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Encodings one after the other, the first nearest to the data. Immutable. */
public record EncodingChain(List<Encoding> links) implements Encoding {
    private static final String THEN = " then ";

    public EncodingChain {
        links = List.copyOf(links);
        if (links.isEmpty()) {
            throw new IllegalArgumentException("a chain of encodings has at least one");
        }
        for (Encoding link : links) {
            if (link.width() != links.get(0).width()) {
                throw new IllegalArgumentException("encodings one after the other are of one width, got "
                        + links.get(0).width() + " and " + link.width());
            }
        }
    }

    /** Whether a spec is one of several encodings. */
    static boolean is(String spec) {
        return spec.contains(THEN);
    }

    static EncodingChain parse(String spec) {
        List<Encoding> links = new ArrayList<>();
        for (String link : spec.split(THEN, -1)) {
            links.add(Encoding.parse(link));
        }
        return new EncodingChain(links);
    }

    @Override
    public int width() {
        return links.get(0).width();
    }

    @Override
    public void encode(float[] rows, float[] into, int count) {
        float[] from = rows;
        for (Encoding link : links) {
            link.encode(from, into, count);
            from = into;
        }
    }

    @Override
    public void decode(float[] rows, float[] into, int count) {
        float[] from = rows;
        for (int i = links.size() - 1; i >= 0; i--) {
            links.get(i).decode(from, into, count);
            from = into;
        }
    }

    @Override
    public double logDeterminant(float[] row) {
        float[] at = row.clone();
        double sum = 0;
        for (Encoding link : links) {
            sum += link.logDeterminant(at);
            link.encode(at, at, 1);
        }
        return sum;
    }

    @Override
    public String spec() {
        return links.stream().map(Encoding::spec).collect(Collectors.joining(THEN));
    }
}
