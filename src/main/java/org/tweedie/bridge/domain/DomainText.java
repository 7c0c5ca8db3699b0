package org.tweedie.bridge.domain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.StringJoiner;
import org.tweedie.sde.Spelling;

/** Domains as users write them, {@code levels:0,1,3 x onehot:3 x interval:0,1^4}. Stateless. */
final class DomainText {
    /** Columns of a domain that is read: what a model file holds. */
    static final int MOST_COLUMNS = 100_000;

    private static final String TIMES = " x ";
    private static final List<String> NAMES =
            List.of("free", "levels", "points", "onehot", "interval", "above", "below");

    private DomainText() {}

    /** Factors that follow each other and are written alike become a power. */
    static String of(List<DomainPart> parts) {
        StringJoiner product = new StringJoiner(TIMES);
        int behind = 0;
        for (int i = 0; i < parts.size(); i = behind) {
            DomainPart part = parts.get(i);
            String spec = part.spec();
            behind = i + 1;
            while (behind < parts.size()
                    && (parts.get(behind) == part || parts.get(behind).spec().equals(spec))) {
                behind++;
            }
            product.add(behind - i == 1 ? spec : spec + "^" + (behind - i));
        }
        return product.toString();
    }

    static BridgeDomain parse(String spec) {
        List<DomainPart> parts = new ArrayList<>();
        int width = 0;
        for (String factor : spec.split(TIMES, -1)) {
            String text = factor.strip();
            int power = text.indexOf('^');
            DomainPart part = part(power < 0 ? text : text.substring(0, power));
            int count = power < 0 ? 1 : Spelling.whole(text.substring(power + 1), text);
            if (count < 1 || count > (MOST_COLUMNS - width) / part.width()) {
                throw new IllegalArgumentException("a factor is there at least once, and a domain as text is at most "
                        + MOST_COLUMNS + " columns wide, got '" + text + "'");
            }
            width += count * part.width();
            parts.addAll(Collections.nCopies(count, part));
        }
        return new BridgeDomain(parts);
    }

    private static DomainPart part(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        String rest = colon < 0 ? "" : text.substring(colon + 1);
        return switch (name) {
            case "free" -> new DomainPart.Free(Spelling.whole(rest, text));
            case "onehot" -> DomainPart.OneHot.of(Spelling.whole(rest, text));
            case "levels" -> points(rest, ",", text);
            case "points" -> points(rest, ";", text);
            case "interval" -> {
                double[] bounds = numbers(rest, text, 2, "interval:LEAST,GREATEST, as interval:0,1");
                yield new DomainPart.Interval(bounds[0], bounds[1]);
            }
            case "above" ->
                new DomainPart.Interval(numbers(rest, text, 1, "above:LEAST, as above:0")[0], Double.POSITIVE_INFINITY);
            case "below" ->
                new DomainPart.Interval(
                        Double.NEGATIVE_INFINITY, numbers(rest, text, 1, "below:GREATEST, as below:0")[0]);
            default -> throw Spelling.unknown("factor", name, NAMES, "; factors are joined by ' x '");
        };
    }

    private static DomainPart points(String list, String between, String text) {
        double[][] points = Arrays.stream(list.split(between, -1))
                .map(point -> numbers(point, text))
                .toArray(double[][]::new);
        return new DomainPart.Points(points, new double[points.length]);
    }

    private static double[] numbers(String list, String text, int count, String say) {
        double[] numbers = numbers(list, text);
        if (numbers.length != count) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.length + " numbers; say " + say);
        }
        return numbers;
    }

    static double[] numbers(String list, String text) {
        return Spelling.list(list).stream()
                .mapToDouble(number -> Spelling.number(number, text))
                .toArray();
    }
}
