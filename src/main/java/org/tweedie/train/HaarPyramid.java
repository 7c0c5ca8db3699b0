package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tweedie.plan.Space;
import org.tweedie.sde.LogSnrVpSde;
import org.tweedie.sde.NonUniformSde;

/**
 * The orthonormal Haar transform of a row or an image, to details from fine to coarse and what is left: (d1, d2, ..., d_depth, a). A level takes
 * pairs (u, v) to (u + v)/sqrt 2, which the next level takes, and the detail (u - v)/sqrt 2; of an image, squares of four to their half sum and
 * three channels of half differences, along rows, along columns, along both. The inverse is the transpose. Computed in double. Immutable.
 *
 * @param depth levels, at least 1
 * @param height rows of the image, row-major; 1 for a row of {@code across} numbers, which has pairs alone
 * @param across numbers a row; both a multiple of 2^depth, but for a height of 1
 */
public record HaarPyramid(int depth, int height, int across) implements Encoding {
    /** The name in specs: {@code haar:3,8x8}, {@code haar:3,1x64}. */
    public static final String HAAR = "haar";

    private static final Pattern SPEC = Pattern.compile("([0-9]{1,2}),([0-9]{1,6})x([0-9]{1,6})");
    private static final int MOST_DEPTH = 16;

    public HaarPyramid {
        if (depth < 1 || depth > MOST_DEPTH) {
            throw new IllegalArgumentException("a pyramid has 1 to " + MOST_DEPTH + " levels, got " + depth);
        }
        int whole = 1 << depth;
        if (across < 1 || across % whole != 0 || height < 1 || (height > 1 && height % whole != 0)) {
            throw new IllegalArgumentException("a pyramid of " + depth + " levels halves " + depth
                    + " times: sides must be multiples of " + whole + " (the height may be 1), got " + height + "x"
                    + across + "; take fewer levels");
        }
        if ((long) height * across > 1 << 24) {
            throw new IllegalArgumentException("a row has at most 2^24 numbers, got " + height + "x" + across);
        }
    }

    /** Of rows of so many numbers. */
    public static HaarPyramid ofRows(int depth, int across) {
        return new HaarPyramid(depth, 1, across);
    }

    /** Reads what {@link #spec} wrote. */
    public static HaarPyramid parse(String spec) {
        Matcher shape = SPEC.matcher(spec.startsWith(HAAR + ":") ? spec.substring(HAAR.length() + 1) : "");
        if (!shape.matches()) {
            throw new IllegalArgumentException(
                    "a pyramid is written " + HAAR + ":DEPTH,HEIGHTxWIDTH, as haar:3,8x8; got '" + spec + "'");
        }
        return new HaarPyramid(
                Integer.parseInt(shape.group(1)), Integer.parseInt(shape.group(2)), Integer.parseInt(shape.group(3)));
    }

    @Override
    public int width() {
        return height * across;
    }

    /** Numbers of each scale: details from the finest, then what is left. */
    public List<Integer> scales() {
        List<Integer> widths = new ArrayList<>();
        int left = width();
        for (int level = 0; level < depth; level++) {
            int coarse = left / (height > 1 ? 4 : 2);
            widths.add(left - coarse);
            left = coarse;
        }
        widths.add(left);
        return widths;
    }

    /**
     * The process of the scales: scale i of n = depth + 1, from the finest, is noise from time i/n on, its log-SNR falling along a line from
     * 10 at 0.001 to -10 there.
     */
    public NonUniformSde process() {
        List<Integer> widths = scales();
        List<NonUniformSde.Block> blocks = new ArrayList<>();
        for (int i = 1; i <= widths.size(); i++) {
            blocks.add(new NonUniformSde.Block(
                    "b" + i, new LogSnrVpSde((double) i / widths.size()).on(Space.euclidean(widths.get(i - 1)))));
        }
        return new NonUniformSde(blocks);
    }

    @Override
    public void encode(float[] rows, float[] into, int count) {
        double[] values = new double[width()];
        double[] scratch = new double[width()];
        for (int r = 0; r < count; r++) {
            int at = r * width();
            for (int i = 0; i < values.length; i++) {
                values[i] = rows[at + i];
            }
            int next = at;
            int h = height;
            int w = across;
            for (int level = 0; level < depth; level++) {
                int coarse = split(values, scratch, h, w);
                int details = h * w - coarse;
                for (int i = 0; i < details; i++) {
                    into[next++] = (float) scratch[coarse + i];
                }
                System.arraycopy(scratch, 0, values, 0, coarse);
                h = h > 1 ? h / 2 : 1;
                w /= 2;
            }
            for (int i = 0; i < h * w; i++) {
                into[next++] = (float) values[i];
            }
        }
    }

    @Override
    public void decode(float[] rows, float[] into, int count) {
        double[] values = new double[width()];
        double[] scratch = new double[width()];
        for (int r = 0; r < count; r++) {
            int at = r * width();
            int end = at + width();
            int h = height >> (height > 1 ? depth : 0);
            int w = across >> depth;
            int next = end - h * w;
            double[] row = new double[width()];
            for (int i = 0; i < row.length; i++) {
                row[i] = rows[at + i];
            }
            System.arraycopy(row, next - at, values, 0, h * w);
            for (int level = 0; level < depth; level++) {
                int coarse = h * w;
                h = height > 1 ? 2 * h : 1;
                w *= 2;
                int details = h * w - coarse;
                next -= details;
                System.arraycopy(values, 0, scratch, 0, coarse);
                System.arraycopy(row, next - at, scratch, coarse, details);
                merge(scratch, values, h, w);
            }
            for (int i = 0; i < values.length; i++) {
                into[at + i] = (float) values[i];
            }
        }
    }

    /** One level of [h][w] values: what is left first, then the details, channel by channel; how many are left. */
    private static int split(double[] values, double[] into, int h, int w) {
        if (h == 1) {
            int half = w / 2;
            for (int i = 0; i < half; i++) {
                double u = values[2 * i];
                double v = values[2 * i + 1];
                into[i] = (u + v) * StrictMath.sqrt(0.5);
                into[half + i] = (u - v) * StrictMath.sqrt(0.5);
            }
            return half;
        }
        int quarter = h * w / 4;
        for (int y = 0; y < h / 2; y++) {
            for (int x = 0; x < w / 2; x++) {
                double a = values[2 * y * w + 2 * x];
                double b = values[2 * y * w + 2 * x + 1];
                double c = values[(2 * y + 1) * w + 2 * x];
                double d = values[(2 * y + 1) * w + 2 * x + 1];
                int i = y * (w / 2) + x;
                into[i] = 0.5 * (a + b + c + d);
                into[quarter + i] = 0.5 * (a - b + c - d);
                into[2 * quarter + i] = 0.5 * (a + b - c - d);
                into[3 * quarter + i] = 0.5 * (a - b - c + d);
            }
        }
        return quarter;
    }

    /** Back to [h][w] values. */
    private static void merge(double[] parts, double[] into, int h, int w) {
        if (h == 1) {
            int half = w / 2;
            for (int i = 0; i < half; i++) {
                into[2 * i] = (parts[i] + parts[half + i]) * StrictMath.sqrt(0.5);
                into[2 * i + 1] = (parts[i] - parts[half + i]) * StrictMath.sqrt(0.5);
            }
            return;
        }
        int quarter = h * w / 4;
        for (int y = 0; y < h / 2; y++) {
            for (int x = 0; x < w / 2; x++) {
                int i = y * (w / 2) + x;
                double s = parts[i];
                double a = parts[quarter + i];
                double b = parts[2 * quarter + i];
                double c = parts[3 * quarter + i];
                into[2 * y * w + 2 * x] = 0.5 * (s + a + b + c);
                into[2 * y * w + 2 * x + 1] = 0.5 * (s - a + b - c);
                into[(2 * y + 1) * w + 2 * x] = 0.5 * (s + a - b - c);
                into[(2 * y + 1) * w + 2 * x + 1] = 0.5 * (s - a - b + c);
            }
        }
    }

    /** 0: nothing grows or shrinks. */
    @Override
    public double logDeterminant(float[] row) {
        return 0;
    }

    @Override
    public String spec() {
        return String.format(Locale.ROOT, "%s:%d,%dx%d", HAAR, depth, height, across);
    }
}
