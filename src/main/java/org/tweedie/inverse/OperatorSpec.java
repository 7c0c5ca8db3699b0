package org.tweedie.inverse;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tweedie.sde.Spelling;

/**
 * An operator as users write it: {@code columns:mag,depth}, {@code blur:28x28,1.5}, {@code downsample:28x28,4}, {@code grey:8x8x3},
 * {@code radon:16,12,16} (side, angles, bins), {@code fourier:28x28,3} (frequencies up to 3 up and down, all across). Immutable.
 *
 * @param spec what {@link #parse} reads
 */
public record OperatorSpec(String spec, Function<List<String>, LinearOperator> making) {
    /** Numbers that the matrix of an operator that is written may have: 64 MiB. */
    private static final int MOST = 1 << 24;

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,5})x([0-9]{1,5})(?:x([0-9]{1,3}))?");
    private static final List<String> NAMES =
            List.of("columns", "matrix", "blur", "downsample", "grey", "radon", "fourier");

    /**
     * Reads all but {@code matrix:FILE}, which is the caller's to read.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static OperatorSpec parse(String text) {
        String spec = text.strip();
        int colon = spec.indexOf(':');
        String name = colon < 0 ? spec : spec.substring(0, colon);
        List<String> parts = Spelling.list(colon < 0 ? "" : spec.substring(colon + 1));
        return switch (name) {
            case "columns" -> columns(parts, spec);
            case "blur" -> {
                count(parts, spec, "blur:HEIGHTxWIDTH,PIXELS", 2);
                ImageSize size = size(parts.get(0), spec);
                double deviation = Spelling.number(parts.get(1), spec);
                require(size.numbers(), size.numbers(), spec);
                yield new OperatorSpec(
                        "blur:" + text(size) + "," + Spelling.number(deviation),
                        columns -> ImageOperators.blur(size, deviation));
            }
            case "downsample" -> {
                count(parts, spec, "downsample:HEIGHTxWIDTH,FACTOR", 2);
                ImageSize size = size(parts.get(0), spec);
                int factor = Spelling.whole(parts.get(1), spec);
                require(size.numbers(), size.numbers() / (long) Math.max(1, factor), spec);
                yield new OperatorSpec(
                        "downsample:" + text(size) + "," + factor, columns -> ImageOperators.downsample(size, factor));
            }
            case "grey" -> {
                count(parts, spec, "grey:HEIGHTxWIDTHxCHANNELS", 1);
                ImageSize size = size(parts.get(0), spec);
                require(size.numbers(), size.numbers(), spec);
                yield new OperatorSpec("grey:" + text(size), columns -> ImageOperators.grey(size));
            }
            case "radon" -> {
                count(parts, spec, "radon:SIDE,ANGLES,BINS", 3);
                int side = Spelling.whole(parts.get(0), spec);
                int angles = Spelling.whole(parts.get(1), spec);
                int bins = Spelling.whole(parts.get(2), spec);
                require((long) side * side, (double) angles * bins, spec);
                yield new OperatorSpec(
                        "radon:" + side + "," + angles + "," + bins,
                        columns -> ImageOperators.radon(side, angles, bins));
            }
            case "fourier" -> {
                count(parts, spec, "fourier:HEIGHTxWIDTH,FREQUENCIES", 2);
                ImageSize size = size(parts.get(0), spec);
                int reach = Spelling.whole(parts.get(1), spec);
                require(size.numbers(), size.numbers(), spec);
                yield new OperatorSpec("fourier:" + text(size) + "," + reach, columns -> fourier(size, reach));
            }
            case "matrix" ->
                throw new IllegalArgumentException(
                        "'" + spec + "' is read from a file; say matrix:FILE where files are read");
            default -> throw Spelling.unknown("operator", name, NAMES);
        };
    }

    /** The operator on rows of these columns. */
    public LinearOperator operator(List<String> columns) {
        return making.apply(columns);
    }

    private static OperatorSpec columns(List<String> names, String spec) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("'" + spec + "' says no column; write columns:NAME,NAME");
        }
        return new OperatorSpec(
                "columns:" + names.stream().map(String::strip).collect(Collectors.joining(",")), columns -> {
                    int[] known = names.stream()
                            .mapToInt(word -> place(word.strip(), columns))
                            .toArray();
                    return LinearOperator.mask(columns.size(), known);
                });
    }

    /** By name, or by number from 1. */
    private static int place(String word, List<String> columns) {
        int at = columns.indexOf(word);
        if (at < 0 && word.matches("[0-9]{1,9}")) {
            at = Integer.parseInt(word) - 1;
        }
        if (at < 0 || at >= columns.size()) {
            throw Spelling.unknown("column", word, columns);
        }
        return at;
    }

    private static LinearOperator fourier(ImageSize size, int reach) {
        if (reach < 0) {
            throw new IllegalArgumentException("frequencies are seen up to 0 or more, got " + reach);
        }
        boolean[][] seen = new boolean[size.height()][size.width()];
        for (int u = 0; u < size.height(); u++) {
            Arrays.fill(seen[u], Math.min(u, size.height() - u) <= reach);
        }
        return ImageOperators.fourier(size, seen);
    }

    private static ImageSize size(String text, String spec) {
        Matcher size = SIZE.matcher(text.strip());
        if (!size.matches()) {
            throw new IllegalArgumentException("'" + text + "' in '" + spec
                    + "' is no size of a picture; write HEIGHTxWIDTH as 28x28, with channels 8x8x3");
        }
        return new ImageSize(
                Integer.parseInt(size.group(1)),
                Integer.parseInt(size.group(2)),
                size.group(3) == null ? 1 : Integer.parseInt(size.group(3)));
    }

    private static String text(ImageSize size) {
        return size.height() + "x" + size.width() + (size.channels() == 1 ? "" : "x" + size.channels());
    }

    private static void require(double from, double into, String spec) {
        if (from * into > MOST) {
            throw new IllegalArgumentException(
                    "the matrix of '" + spec + "' has more than the " + MOST + " numbers that an operator may have");
        }
    }

    private static void count(List<String> parts, String spec, String usage, int wanted) {
        if (parts.size() != wanted) {
            throw new IllegalArgumentException("'" + spec + "' has " + parts.size() + " parts; write " + usage);
        }
    }
}
