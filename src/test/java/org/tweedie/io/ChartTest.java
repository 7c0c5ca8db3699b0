package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where charts put things, worked out by hand: 560 x 320 pixels, of which the frame takes 64 to 548 across and 30 to 276 down.
 */
class ChartTest {
    private static final Pattern TEXT =
            Pattern.compile("<text x=\"([-0-9.]+)\" y=\"([-0-9.]+)\" text-anchor=\"(\\w+)\"([^>]*)>([^<]*)</text>");
    private static final Pattern DRAWN =
            Pattern.compile("<path fill=\"none\"[^>]* stroke=\"(#\\w+)\" d=\"([^\"]*)\"/>");
    private static final Pattern GRID = Pattern.compile("<path stroke=\"#ddd\" d=\"([^\"]*)\"/>");

    private static Svg line(double[] x, double[] y, boolean logarithmic) {
        return Svg.line("title", "across", "up", List.of(new Svg.Series("a", x, y)), logarithmic);
    }

    private static List<MatchResult> all(Pattern pattern, Svg chart) {
        return pattern.matcher(chart.markup()).results().toList();
    }

    private static String drawn(Svg chart, int series) {
        return all(DRAWN, chart).get(series).group(2);
    }

    /** Labels below the axis, or left of it. */
    private static List<String> labels(Svg chart, boolean below) {
        return all(TEXT, chart).stream()
                .filter(m -> below ? m.group(2).equals("290") : m.group(3).equals("end"))
                .map(m -> m.group(5))
                .toList();
    }

    @Test
    void valuesTicksAndTitlesAreInTheirPlaces() {
        Svg chart = line(new double[] {0, 10, 2.5}, new double[] {0, 5, 1}, false);
        assertEquals("M64,276L548,30L185,226.8", drawn(chart, 0));
        assertEquals("#08519c", all(DRAWN, chart).get(0).group(1));
        assertEquals(List.of("0", "2", "4", "6", "8", "10"), labels(chart, true));
        assertEquals(List.of("0", "1", "2", "3", "4", "5"), labels(chart, false));
        List<String> grid = all(GRID, chart).stream().map(m -> m.group(1)).toList();
        assertEquals(List.of("M64,30V276", "M160.8,30V276", "M257.6,30V276"), grid.subList(0, 3));
        assertEquals(List.of("M64,276H548", "M64,226.8H548"), grid.subList(6, 8));
        List<MatchResult> text = all(TEXT, chart);
        assertEquals(
                List.of("280 18 middle title", "306 312 middle across", "14 153 middle up"),
                text.subList(0, 3).stream()
                        .map(m -> m.group(1) + " " + m.group(2) + " " + m.group(3) + " " + m.group(5))
                        .toList());
        assertEquals(" transform=\"rotate(-90 14 153)\"", text.get(2).group(4));
        assertEquals("160.8", text.get(4).group(1));
        assertEquals("59 230.8", text.get(10).group(1) + " " + text.get(10).group(2));
        assertTrue(chart.markup().contains("<rect x=\"64\" y=\"30\" width=\"484\" height=\"246\" fill=\"none\""));
        assertEquals(3 + 6 + 6, text.size(), "one series needs no legend");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 5, 0 1 2 3 4 5",
        "0, 7.4, 0 1 2 3 4 5 6 7",
        "0, 7.6, 0 2 4 6",
        "0, 17.4, 0 2 4 6 8 10 12 14 16",
        "0, 17.6, 0 5 10 15",
        "0, 37.4, 0 5 10 15 20 25 30 35",
        "0, 37.6, 0 10 20 30",
        "-3.3, 2.2, -3 -2 -1 0 1 2",
        "0.013, 0.047, 0.015 0.02 0.025 0.03 0.035 0.04 0.045",
        "1234567, 1234572, 1235000 1235000 1235000 1235000 1235000 1235000",
        "5, 5, 4.6 4.8 5 5.2 5.4",
        "0, 0, -0.001 -0.0005 0 0.0005 0.001",
    })
    void ticksAreRound(double low, double high, String ticks) {
        Svg chart = line(new double[] {low, high}, new double[] {0, 1}, false);
        assertEquals(List.of(ticks.split(" ")), labels(chart, true));
    }

    @Test
    void nothingToShowIsAnEmptyFrameOfOne() {
        Svg chart = line(new double[] {Double.NaN}, new double[] {Double.NaN}, false);
        assertEquals(List.of("0", "0.2", "0.4", "0.6", "0.8", "1"), labels(chart, true));
        assertEquals("", drawn(chart, 0));
    }

    @Test
    void logarithmsAreOfPowersOfTen() {
        Svg chart = line(new double[] {0, 1, 2, 3, 4}, new double[] {1, 10, 0, -5, 1000}, true);
        assertEquals("M64,276L185,194M548,30", drawn(chart, 0));
        assertEquals(List.of("1", "3.162", "10", "31.62", "100", "316.2", "1000"), labels(chart, false));
    }

    @Test
    void severalSeriesHaveALegendAndColours() {
        List<Svg.Series> series = IntStream.range(0, 7)
                .mapToObj(i -> Svg.Series.of("s" + i, new double[] {i, i + 1}))
                .toList();
        Svg chart = Svg.line("t", "x", "y", series, false);
        List<String> colours = all(DRAWN, chart).stream().map(m -> m.group(1)).toList();
        assertEquals(7, colours.size());
        assertEquals(6, colours.stream().distinct().count());
        assertEquals(colours.get(0), colours.get(6));
        for (int i = 0; i < 7; i++) {
            int y = 44 + 15 * i;
            assertTrue(chart.markup()
                    .contains("<rect x=\"438\" y=\"" + (y - 8) + "\" width=\"10\" height=\"10\" fill=\""
                            + colours.get(i) + "\"/><text x=\"453\" y=\"" + (y + 1) + "\" text-anchor=\"start\">s" + i
                            + "</text>"));
        }
    }

    @Test
    void longLinesKeepTheirPeaks() {
        for (int count : new int[] {2000, 2001, 10_000}) {
            double[] y = new double[count];
            y[count / 3] = -1;
            y[count - 1] = 1;
            Svg chart = Svg.line("t", "x", "y", List.of(Svg.Series.of("a", y)), false);
            String path = drawn(chart, 0);
            assertEquals(2000, path.chars().filter(c -> c == 'M' || c == 'L').count(), count + " points");
            assertEquals("548,30", path.substring(path.lastIndexOf('L') + 1));
            assertEquals(1, count(path, ",276"), "the valley");
            assertEquals(1, count(path, ",30"), "the peak");
            List<Double> across = new ArrayList<>();
            for (String point : path.substring(1).split("L")) {
                across.add(Double.parseDouble(point.substring(0, point.indexOf(','))));
            }
            assertEquals(across.stream().sorted().toList(), across, "from left to right");
        }
    }

    private static int count(String text, String part) {
        return (text + "L").split(Pattern.quote(part + "L"), -1).length - 1;
    }

    @Test
    void scattersShowEveryKth() {
        for (int[] one : new int[][] {{3, 3}, {2000, 2000}, {2001, 1001}, {4000, 2000}, {5000, 1667}}) {
            double[] x = new double[one[0]];
            Arrays.setAll(x, i -> i);
            Svg chart = Svg.scatter("t", "x", "y", List.of(new Svg.Series("a", x, x)));
            String path = drawn(chart, 0);
            assertEquals(one[1], path.split("h0", -1).length - 1);
            assertTrue(path.startsWith("M64,276h0M"), path.substring(0, 20));
        }
        double[] x = {0, 1, Double.NaN, 2};
        assertEquals(
                "M64,276h0M306,153h0M548,30h0",
                drawn(Svg.scatter("t", "x", "y", List.of(new Svg.Series("a", x, x))), 0));
    }

    @Test
    void histogramsAreDensities() {
        Svg chart = Svg.histogram(
                "t",
                "x",
                List.of("a", "none"),
                List.of(new double[] {0, 1, Double.NaN, 1, 3}, new double[] {Double.POSITIVE_INFINITY}),
                3);
        assertEquals("M64,276L64,153L225.3,153L225.3,30L386.7,30L386.7,153L548,153L548,276", drawn(chart, 0));
        assertTrue(drawn(chart, 1).matches("(.[0-9.]+,276)+"), drawn(chart, 1));
        assertEquals(List.of("0", "0.1", "0.2", "0.3", "0.4", "0.5"), labels(chart, false));
        Svg constant = Svg.histogram("t", "x", List.of("a"), List.of(new double[] {2, 2}), 2);
        assertEquals("M64,276L64,30L306,30L306,276L548,276L548,276", drawn(constant, 0));
        assertEquals(List.of("2", "2.2", "2.4", "2.6", "2.8", "3"), labels(constant, true));
        for (int bins : new int[] {0, 1001}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Svg.histogram("t", "x", List.of("a"), List.of(new double[1]), bins));
        }
        Svg.histogram("t", "x", List.of("a"), List.of(new double[1]), 1000);
        assertThrows(
                IllegalArgumentException.class, () -> Svg.histogram("t", "x", List.of(), List.of(new double[1]), 1));
        assertThrows(IllegalArgumentException.class, () -> new Svg.Series("a", new double[1], new double[2]));
    }

    /** Shades by hand: strength 1/4 + 3/4 ln(1 + n)/ln(5) in 64 levels between white and the ink. */
    @Test
    void scatterShadesAreThoseOfTheirCounts() {
        ScatterPicture picture = new ScatterPicture(0, 1, 0, 16, 0, 16, 16);
        Raster one = picture.draw(Table.of(new float[] {3.5f, 12.5f}, 2), ScatterPicture.Ink.BLUE);
        assertEquals(0xff758bac, one.argb()[3 * 16 + 3]);
        for (int beside : new int[] {3 * 16 + 2, 3 * 16 + 4, 2 * 16 + 3, 4 * 16 + 3}) {
            assertEquals(0xffabb8cd, one.argb()[beside]);
        }
        assertEquals(0xffb0b0b0, one.argb()[0]);
        assertEquals(
                16 * 4 - 4,
                Arrays.stream(one.argb()).filter(p -> p == 0xffb0b0b0).count());
        assertEquals(
                14 * 14 - 5,
                Arrays.stream(one.argb()).filter(p -> p == 0xffffffff).count());
        float[] hundred = new float[200];
        Arrays.fill(hundred, 8.5f);
        assertEquals(
                0xff08306b,
                picture.draw(Table.of(hundred, 2), ScatterPicture.Ink.BLUE).argb()[7 * 16 + 8]);
        assertEquals(
                0xff7f1d0a,
                picture.draw(Table.of(hundred, 2), ScatterPicture.Ink.RED).argb()[7 * 16 + 8]);
    }

    @Test
    void pointsOnTheEdgeAreInsideOnTheLeftAndTop() {
        ScatterPicture picture = new ScatterPicture(0, 1, 0, 16, 0, 16, 16);
        assertEquals(2, inked(picture, 0, 8.5f) + inked(picture, 8.5f, 16), "each shades its neighbour inside");
        assertEquals(2, inked(picture, 15.5f, 8.5f) + inked(picture, 8.5f, 0.5f));
        assertEquals(0, inked(picture, 16, 8.5f) + inked(picture, 8.5f, 0));
        assertEquals(0, inked(picture, -0.01f, 8.5f) + inked(picture, 8.5f, 16.01f));
        new ScatterPicture(0, 1, 0, 1, 0, 1, 4096);
        assertThrows(IllegalArgumentException.class, () -> new ScatterPicture(0, 1, 0, 1, 0, 1, 4097));
        assertThrows(IllegalArgumentException.class, () -> new ScatterPicture(0, 1, 0, 1, 0, 1, 15));
        assertThrows(IllegalArgumentException.class, () -> new ScatterPicture(0, 1, 0, 1, 2, 2, 64));
    }

    /** Pixels inside the frame with ink on them, for a point of the outermost row or column. */
    private static long inked(ScatterPicture picture, float x, float y) {
        Raster raster = picture.draw(Table.of(new float[] {x, y}, 2), ScatterPicture.Ink.BLUE);
        return IntStream.range(0, 256)
                .filter(i -> i / 16 % 15 > 0 && i % 16 % 15 > 0)
                .filter(i -> raster.argb()[i] != 0xffffffff)
                .count();
    }
}
