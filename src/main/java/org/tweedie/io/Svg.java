package org.tweedie.io;

import java.util.Arrays;
import java.util.List;

/**
 * Small charts as SVG, drawn by the reader's browser with its own fonts. Text is escaped; values that are not finite leave
 * a gap. Immutable.
 *
 * @param markup one {@code <svg>} element
 */
public record Svg(String markup) {
    /**
     * Points of one colour. Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param name shown in the legend
     * @param x and {@code y}: of one length
     */
    public record Series(String name, double[] x, double[] y) {
        public Series {
            if (x.length != y.length) {
                throw new IllegalArgumentException(
                        "series " + Shown.quoted(name) + " has " + x.length + " x and " + y.length + " y");
            }
        }

        /** Values over their index from 0. */
        public static Series of(String name, double[] y) {
            double[] x = new double[y.length];
            Arrays.setAll(x, i -> i);
            return new Series(name, x, y);
        }
    }

    private static final String[] COLOURS = {"#08519c", "#c0392b", "#2e7d32", "#8e44ad", "#d68910", "#455a64"};
    private static final int MOST_POINTS = 2000;

    /** Lines; a series above 2,000 points is drawn by the lowest and highest of each stretch. */
    public static Svg line(String title, String xLabel, String yLabel, List<Series> series, boolean logarithmic) {
        Chart chart = new Chart(title, xLabel, yLabel, series, logarithmic);
        for (int s = 0; s < series.size(); s++) {
            Series thin = thin(series.get(s));
            StringBuilder path = new StringBuilder();
            boolean pen = false;
            for (int i = 0; i < thin.x().length; i++) {
                boolean shown = chart.shows(thin.x()[i], thin.y()[i]);
                if (shown) {
                    path.append(pen ? "L" : "M").append(chart.point(thin.x()[i], thin.y()[i]));
                }
                pen = shown;
            }
            chart.add("<path fill=\"none\" stroke-width=\"1.5\" stroke=\"" + colour(s) + "\" d=\"" + path + "\"/>");
        }
        return chart.done();
    }

    /** Points; a series above 2,000 of them shows every k-th. */
    public static Svg scatter(String title, String xLabel, String yLabel, List<Series> series) {
        Chart chart = new Chart(title, xLabel, yLabel, series, false);
        for (int s = 0; s < series.size(); s++) {
            Series points = series.get(s);
            int every = Math.max(1, (points.x().length + MOST_POINTS - 1) / MOST_POINTS);
            StringBuilder path = new StringBuilder();
            for (int i = 0; i < points.x().length; i += every) {
                if (chart.shows(points.x()[i], points.y()[i])) {
                    path.append('M')
                            .append(chart.point(points.x()[i], points.y()[i]))
                            .append("h0");
                }
            }
            chart.add("<path fill=\"none\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-opacity=\"0.5\" stroke=\""
                    + colour(s) + "\" d=\"" + path + "\"/>");
        }
        return chart.done();
    }

    /** Densities of one or more sets of values over common bins. */
    public static Svg histogram(String title, String xLabel, List<String> names, List<double[]> values, int bins) {
        if (bins < 1 || bins > 1000) {
            throw new IllegalArgumentException("bins must be within 1 and 1000, got " + bins);
        }
        if (names.size() != values.size()) {
            throw new IllegalArgumentException(
                    "got " + names.size() + " names for " + values.size() + " sets of values");
        }
        double[] finite = values.stream()
                .flatMapToDouble(Arrays::stream)
                .filter(Double::isFinite)
                .toArray();
        double low = Arrays.stream(finite).min().orElse(0);
        double high = Arrays.stream(finite).max().orElse(1);
        double width = high > low ? (high - low) / bins : 1.0 / bins;
        List<Series> steps = new java.util.ArrayList<>();
        for (int s = 0; s < values.size(); s++) {
            double[] count = new double[bins];
            long total = 0;
            for (double value : values.get(s)) {
                if (Double.isFinite(value)) {
                    count[(int) Math.min(bins - 1, (value - low) / width)]++;
                    total++;
                }
            }
            double[] x = new double[2 * bins + 2];
            double[] y = new double[2 * bins + 2];
            for (int b = 0; b < bins; b++) {
                double density = total == 0 ? 0 : count[b] / (total * width);
                x[2 * b + 1] = low + b * width;
                x[2 * b + 2] = low + (b + 1) * width;
                y[2 * b + 1] = density;
                y[2 * b + 2] = density;
            }
            x[0] = low;
            x[2 * bins + 1] = low + bins * width;
            steps.add(new Series(names.get(s), x, y));
        }
        return line(title, xLabel, "density", steps, false);
    }

    private static Series thin(Series series) {
        int count = series.x().length;
        if (count <= MOST_POINTS) {
            return series;
        }
        int stretches = MOST_POINTS / 2;
        double[] x = new double[2 * stretches];
        double[] y = new double[2 * stretches];
        for (int s = 0; s < stretches; s++) {
            int from = (int) ((long) count * s / stretches);
            int to = (int) ((long) count * (s + 1) / stretches);
            int low = from;
            int high = from;
            for (int i = from; i < to; i++) {
                low = series.y()[i] < series.y()[low] ? i : low;
                high = series.y()[i] > series.y()[high] ? i : high;
            }
            int one = Math.min(low, high);
            int two = Math.max(low, high);
            x[2 * s] = series.x()[one];
            y[2 * s] = series.y()[one];
            x[2 * s + 1] = series.x()[two];
            y[2 * s + 1] = series.y()[two];
        }
        return new Series(series.name(), x, y);
    }

    private static String colour(int series) {
        return COLOURS[series % COLOURS.length];
    }

    /** The frame: axes with round numbers, title, legend, and the way from values to pixels. */
    private static final class Chart {
        private static final int WIDTH = 560;
        private static final int HEIGHT = 320;
        private static final int LEFT = 64;
        private static final int RIGHT = 12;
        private static final int TOP = 30;
        private static final int BOTTOM = 44;

        private final StringBuilder out = new StringBuilder();
        private final boolean logarithmic;
        private final double[] x;
        private final double[] y;

        Chart(String title, String xLabel, String yLabel, List<Series> series, boolean logarithmic) {
            this.logarithmic = logarithmic;
            this.x = range(
                    series.stream().flatMapToDouble(s -> Arrays.stream(s.x())).toArray());
            this.y = range(series.stream()
                    .flatMapToDouble(s -> Arrays.stream(s.y()))
                    .map(this::scale)
                    .toArray());
            out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ")
                    .append(WIDTH)
                    .append(' ')
                    .append(HEIGHT);
            out.append("\" width=\"")
                    .append(WIDTH)
                    .append("\" height=\"")
                    .append(HEIGHT)
                    .append("\" font-family=\"sans-serif\" font-size=\"11\">");
            out.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
            text(WIDTH / 2, 18, "middle", title, " font-size=\"13\" font-weight=\"bold\"");
            text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", xLabel, "");
            text(
                    14,
                    (TOP + HEIGHT - BOTTOM) / 2,
                    "middle",
                    yLabel,
                    " transform=\"rotate(-90 14 " + (TOP + HEIGHT - BOTTOM) / 2 + ")\"");
            axes();
            for (int s = 0; s < series.size() && series.size() > 1; s++) {
                int at = TOP + 14 + 15 * s;
                out.append("<rect x=\"")
                        .append(WIDTH - RIGHT - 110)
                        .append("\" y=\"")
                        .append(at - 8);
                out.append("\" width=\"10\" height=\"10\" fill=\"")
                        .append(colour(s))
                        .append("\"/>");
                text(WIDTH - RIGHT - 95, at + 1, "start", series.get(s).name(), "");
            }
        }

        private double scale(double value) {
            return logarithmic ? value > 0 ? StrictMath.log10(value) : Double.NaN : value;
        }

        private static double[] range(double[] values) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (double value : values) {
                if (Double.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
            if (!(low <= high)) {
                return new double[] {0, 1};
            }
            double margin = high > low ? 0 : Math.max(1e-3, Math.abs(low) / 10);
            return new double[] {low - margin, high + margin};
        }

        private void axes() {
            out.append("<rect x=\"")
                    .append(LEFT)
                    .append("\" y=\"")
                    .append(TOP)
                    .append("\" width=\"")
                    .append(WIDTH - LEFT - RIGHT);
            out.append("\" height=\"").append(HEIGHT - TOP - BOTTOM).append("\" fill=\"none\" stroke=\"#999\"/>");
            for (double tick : ticks(x)) {
                double at = across(tick);
                out.append("<path stroke=\"#ddd\" d=\"M")
                        .append(pixel(at))
                        .append(',')
                        .append(TOP)
                        .append('V')
                        .append(HEIGHT - BOTTOM)
                        .append("\"/>");
                text(at, HEIGHT - BOTTOM + 14, "middle", label(tick), "");
            }
            for (double tick : ticks(y)) {
                double at = down(tick);
                out.append("<path stroke=\"#ddd\" d=\"M")
                        .append(LEFT)
                        .append(',')
                        .append(pixel(at))
                        .append('H')
                        .append(WIDTH - RIGHT)
                        .append("\"/>");
                text(LEFT - 5, at + 4, "end", label(logarithmic ? StrictMath.pow(10, tick) : tick), "");
            }
        }

        /** About five round numbers, steps of 1, 2 or 5 times a power of ten. */
        private static double[] ticks(double[] range) {
            double rough = (range[1] - range[0]) / 5;
            double power = StrictMath.pow(10, StrictMath.floor(StrictMath.log10(rough)));
            double step = rough / power < 1.5
                    ? power
                    : rough / power < 3.5 ? 2 * power : rough / power < 7.5 ? 5 * power : 10 * power;
            if (!(step > 0) || !Double.isFinite(step)) {
                return new double[0];
            }
            double first = StrictMath.ceil(range[0] / step) * step;
            int count = (int) Math.max(0, Math.min(20, (range[1] - first) / step + 1 + 1e-9));
            double[] ticks = new double[count];
            Arrays.setAll(ticks, i -> StrictMath.rint(first / step + i) * step);
            return ticks;
        }

        private static String label(double value) {
            StringBuilder text = new StringBuilder();
            if (Double.isFinite(value)) {
                NumberText.append(text, new java.math.BigDecimal(value).round(new java.math.MathContext(4)));
            }
            return text.toString();
        }

        boolean shows(double px, double py) {
            return Double.isFinite(px) && Double.isFinite(scale(py));
        }

        String point(double px, double py) {
            return pixel(across(px)) + "," + pixel(down(scale(py)));
        }

        private double across(double value) {
            return LEFT + (value - x[0]) / (x[1] - x[0]) * (WIDTH - LEFT - RIGHT);
        }

        private double down(double value) {
            return HEIGHT - BOTTOM - (value - y[0]) / (y[1] - y[0]) * (HEIGHT - TOP - BOTTOM);
        }

        /** Pixels to a tenth. */
        private static String pixel(double value) {
            long tenths = Math.round(10 * value);
            return (tenths < 0 ? "-" : "")
                    + Math.abs(tenths) / 10
                    + (tenths % 10 == 0 ? "" : "." + Math.abs(tenths) % 10);
        }

        private void text(double px, double py, String anchor, String text, String attributes) {
            out.append("<text x=\"")
                    .append(pixel(px))
                    .append("\" y=\"")
                    .append(pixel(py))
                    .append("\" text-anchor=\"")
                    .append(anchor);
            out.append('"')
                    .append(attributes)
                    .append('>')
                    .append(Markup.escape(text))
                    .append("</text>");
        }

        void add(String element) {
            out.append(element);
        }

        Svg done() {
            return new Svg(out.append("</svg>").toString());
        }
    }
}
