package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class PicturesTest {
    private static Raster noise(int width, int height, long seed, int colours) {
        Random random = new Random(seed);
        int[] palette = random.ints(colours).toArray();
        int[] argb = new int[width * height];
        for (int i = 0; i < argb.length; i++) {
            argb[i] = 0xff000000 | palette[random.nextInt(colours)];
        }
        return new Raster(width, height, argb);
    }

    private static int[] pixels(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    @Test
    void pngKeepsEveryPixel() throws Exception {
        int[] argb = new Random(1).ints(33 * 7).toArray();
        BufferedImage back = ImageIO.read(new ByteArrayInputStream(Png.encode(new Raster(33, 7, argb))));
        assertEquals(33, back.getWidth());
        assertArrayEquals(argb, pixels(back));
    }

    @Test
    void gifKeepsFramesDelayAndLoop() throws Exception {
        List<Raster> frames = List.of(noise(40, 30, 1, 256), noise(40, 30, 2, 2), noise(40, 30, 3, 1));
        byte[] bytes = AnimatedGif.encode(frames, 120);
        ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
        reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(bytes)));
        assertEquals(3, reader.getNumImages(true));
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(frames.get(i).argb(), pixels(reader.read(i)), "frame " + i);
            IIOMetadata metadata = reader.getImageMetadata(i);
            Element root = (Element) metadata.getAsTree(metadata.getNativeMetadataFormatName());
            assertEquals(
                    "12",
                    ((Element) root.getElementsByTagName("GraphicControlExtension")
                                    .item(0))
                            .getAttribute("delayTime"));
        }
        assertTrue(new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1)
                .contains("NETSCAPE2.0\u0003\u0001\u0000\u0000"));
        reader.dispose();
    }

    @Test
    void gifKeepsAPaletteOfAnySize() throws Exception {
        for (int colours = 1; colours <= 256; colours++) {
            int[] argb = new int[16 * 17];
            for (int i = 0; i < argb.length; i++) {
                argb[i] = 0xff000000 | i % colours * 0x010101 ^ 0x123456;
            }
            byte[] bytes = AnimatedGif.encode(List.of(new Raster(16, 17, argb)), 10);
            assertArrayEquals(argb, pixels(ImageIO.read(new ByteArrayInputStream(bytes))), colours + " colours");
        }
    }

    @Test
    void gifRoundsManyColours() throws Exception {
        Raster frame = noise(64, 64, 4, 4096);
        BufferedImage back = ImageIO.read(new ByteArrayInputStream(AnimatedGif.encode(List.of(frame), 10)));
        int[] got = pixels(back);
        for (int i = 0; i < got.length; i++) {
            for (int shift = 0; shift < 24; shift += 8) {
                int error = Math.abs((got[i] >> shift & 255) - (frame.argb()[i] >> shift & 255));
                assertTrue(error <= 26, "pixel " + i + " is off by " + error);
            }
        }
    }

    @Test
    void picturesMindTheirCaller() {
        assertThrows(IllegalArgumentException.class, () -> new Raster(2, 2, new int[3]));
        assertThrows(IllegalArgumentException.class, () -> AnimatedGif.encode(List.of(), 50));
        assertThrows(IllegalArgumentException.class, () -> AnimatedGif.encode(List.of(noise(2, 2, 1, 1)), 5));
        assertThrows(
                IllegalArgumentException.class,
                () -> AnimatedGif.encode(List.of(noise(2, 2, 1, 1), noise(2, 3, 1, 1)), 50));
        assertThrows(IllegalArgumentException.class, () -> new ScatterPicture(0, 1, 0, 0, 0, 1, 64));
        assertThrows(IllegalArgumentException.class, () -> new ScatterPicture(0, 1, 0, 1, 0, 1, 8));
    }

    @Test
    void scatterPutsPointsWhereTheyBelong() {
        ScatterPicture picture = new ScatterPicture(0, 1, 0, 100, 0, 100, 100);
        Raster one =
                picture.draw(Table.of(new float[] {10.5f, 20.5f, 1000, 5, Float.NaN, 3}, 2), ScatterPicture.Ink.BLUE);
        int inked = 0;
        for (int y = 1; y < 99; y++) {
            for (int x = 1; x < 99; x++) {
                boolean there = Math.abs(x - 10) + Math.abs(y - 79) <= 1; // y counts down from the top
                assertEquals(there, one.argb()[y * 100 + x] != 0xffffffff, x + "," + y);
                inked += there ? 1 : 0;
            }
        }
        assertEquals(5, inked);
        // More points, darker.
        float[] two = {50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 50.5f, 20.5f, 20.5f};
        Raster several = picture.draw(Table.of(two, 2), ScatterPicture.Ink.RED);
        assertTrue(brightness(several.argb()[49 * 100 + 50]) < brightness(several.argb()[79 * 100 + 20]));
    }

    private static int brightness(int argb) {
        return (argb >> 16 & 255) + (argb >> 8 & 255) + (argb & 255);
    }

    @Test
    void panelsStandSideBySideInOneWindow() {
        Table data = Table.of(new float[] {0, 0, 1, 1, 2, 5}, 2);
        ScatterPicture picture = ScatterPicture.around(data, 0, 1, 64);
        assertEquals(-0.1, picture.left(), 1e-6);
        assertEquals(5.25, picture.top(), 1e-6);
        Raster both = picture.beside(data, data);
        assertEquals(2 * 64 + 2, both.width());
        Raster left = picture.draw(data, ScatterPicture.Ink.BLUE);
        Raster right = picture.draw(data, ScatterPicture.Ink.RED);
        for (int i = 0; i < 64 * 64; i++) {
            assertEquals(left.argb()[i], both.argb()[i / 64 * 130 + i % 64]);
            assertEquals(right.argb()[i], both.argb()[i / 64 * 130 + 66 + i % 64]);
        }
        assertEquals(
                2,
                ScatterPicture.around(Table.of(new float[] {3, 3}, 2), 0, 1, 64).right()
                        - ScatterPicture.around(Table.of(new float[] {3, 3}, 2), 0, 1, 64)
                                .left());
        ScatterPicture.around(Table.of(new float[0], 2), 0, 1, 64)
                .draw(Table.of(new float[0], 2), ScatterPicture.Ink.BLUE);
    }

    private static Document parse(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    private static String path(Document chart, int nth) {
        int seen = 0;
        for (int i = 0; i < chart.getElementsByTagName("path").getLength(); i++) {
            Element path = (Element) chart.getElementsByTagName("path").item(i);
            if (path.getAttribute("fill").equals("none") && seen++ == nth) {
                return path.getAttribute("d");
            }
        }
        throw new AssertionError("no such path");
    }

    @Test
    void chartsAreWellFormedAndEscaped() throws Exception {
        String nasty = "a<b>&\"'\u0000\ud800";
        Svg chart = Svg.line(
                nasty,
                nasty,
                nasty,
                List.of(Svg.Series.of(nasty, new double[] {1, 2}), Svg.Series.of("b", new double[] {3})),
                false);
        Document document = parse(chart.markup());
        assertTrue(document.getDocumentElement().getTextContent().contains("a<b>&\"'\ufffd\ufffd"));
        assertEquals("M64,276L548,153", path(document, 0).replaceAll("\\.[0-9]", ""));
    }

    @Test
    void chartsLeaveGapsAndSurviveOddValues() throws Exception {
        double nan = Double.NaN;
        Document gap = parse(Svg.line("t", "x", "y", List.of(Svg.Series.of("a", new double[] {0, 1, nan, 1, 0})), false)
                .markup());
        assertEquals(2, path(gap, 0).chars().filter(c -> c == 'M').count());
        Document log = parse(Svg.line("t", "x", "y", List.of(Svg.Series.of("a", new double[] {1, 10, 0, 100})), true)
                .markup());
        assertEquals("M64,276L225,153M548,30", path(log, 0).replaceAll("\\.[0-9]", ""));
        for (double[] odd : List.of(
                new double[0],
                new double[] {nan},
                new double[] {5},
                new double[] {1e300, -1e300},
                new double[] {1, Double.POSITIVE_INFINITY},
                new double[] {1e-300, 2e-300})) {
            for (boolean logarithmic : new boolean[] {false, true}) {
                String markup = Svg.line("t", "x", "y", List.of(Svg.Series.of("a", odd)), logarithmic)
                        .markup();
                parse(markup);
                assertFalse(markup.contains("NaN") || markup.contains("Infinity"), markup);
            }
            parse(Svg.scatter("t", "x", "y", List.of(Svg.Series.of("a", odd))).markup());
            parse(Svg.histogram("t", "x", List.of("a"), List.of(odd), 10).markup());
        }
    }

    @Test
    void longSeriesKeepTheirExtremes() throws Exception {
        double[] values = new double[100_000];
        values[54_321] = 9;
        values[77_777] = -1;
        Document chart = parse(Svg.line("t", "x", "y", List.of(Svg.Series.of("a", values)), false)
                .markup());
        String path = path(chart, 0);
        assertTrue(path.length() < 40_000);
        assertTrue(path.contains(",30L") && path.contains(",276L"), "both extremes are drawn");
    }

    @Test
    void histogramsAreDensities() throws Exception {
        // Four values in bins of width 1 over 0..2: one in the first, three in the second.
        Document chart = parse(Svg.histogram("t", "x", List.of("a"), List.of(new double[] {0, 1, 1.5, 2}), 2)
                .markup());
        assertEquals(
                "M64,276L64,194L306,194L306,30L548,30L548,276", path(chart, 0).replaceAll("\\.[0-9]", ""));
        assertThrows(IllegalArgumentException.class, () -> Svg.histogram("t", "x", List.of("a"), List.of(), 2));
        assertThrows(IllegalArgumentException.class, () -> Svg.histogram("t", "x", List.of(), List.of(), 0));
    }

    @Test
    void theReportIsOneSafePage() {
        HtmlReport report = new HtmlReport("<script>alert(1)</script>")
                .section("a & b")
                .paragraph("1 < 2")
                .code("tweedie sample --out \"x\"")
                .table(List.of("k"), List.of(List.of("<i>"), List.of("v")))
                .png(new byte[] {1, 2, 3}, "\" onerror=\"x")
                .gif(new byte[] {4}, "film")
                .chart(Svg.line("t", "x", "y", List.of(Svg.Series.of("a", new double[] {1, 2})), false), "loss");
        String html = report.html();
        assertFalse(html.contains("<script") || html.contains("<i>") || html.contains("\" onerror="), html);
        assertTrue(html.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
        assertTrue(html.contains("<td>&lt;i&gt;</td>"));
        assertTrue(html.contains("src=\"data:image/png;base64,AQID\""));
        assertTrue(html.contains("src=\"data:image/gif;base64,BA==\""));
        assertTrue(html.contains("<svg xmlns"));
        assertTrue(html.contains("default-src 'none'"));
        assertFalse(
                html.replace("http://www.w3.org/2000/svg", "").contains("http:") || html.contains("https:"),
                "nothing is loaded from elsewhere");
    }
}
