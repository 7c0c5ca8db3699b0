package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** {@code transport --normal} against the formulas of a line, the moments of what it writes, and what has no normal law. */
class NormalTransportTest {
    private static final double EPSILON = 0.9;

    @TempDir
    Path folder;

    private Path file(String name, double[]... columns) throws IOException {
        StringBuilder csv = new StringBuilder(columns.length == 1 ? "a\n" : "a,b\n");
        for (int i = 0; i < columns[0].length; i++) {
            csv.append(columns[0][i]);
            csv.append(columns.length == 1 ? "" : "," + columns[1][i]).append('\n');
        }
        return Files.writeString(folder.resolve(name), csv);
    }

    /** Numbers that f32 and CSV keep. */
    private static double[] normals(int count, long seed, double mean, double deviation) {
        double[] column = new double[count];
        for (int i = 0; i < count; i++) {
            column[i] = (float)
                    (mean + deviation * Philox.words(seed, i, Purpose.NOISE, 0).normal(0));
        }
        return column;
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElseThrow();
    }

    private static double covariance(double[] x, double[] y) {
        double meanOfX = mean(x);
        double meanOfY = mean(y);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - meanOfX) * (y[i] - meanOfY) / x.length;
        }
        return sum;
    }

    private static double number(Object field) {
        return ((Number) field).doubleValue();
    }

    private static double[] column(Path file, int column) throws IOException {
        return Files.readAllLines(file).stream()
                .skip(1)
                .mapToDouble(line -> Double.parseDouble(line.split(",")[column]))
                .toArray();
    }

    /** c = ((4 v w + s^2)^(1/2) - s)/2 with s = epsilon/2; W2 by sorting is at least that of the normal laws. */
    @Test
    void ofOneColumnAllIsAFormula() throws IOException {
        double[] x = normals(40, 1, 1, 0.5);
        double[] y = normals(40, 2, -1, 2);
        y[7] = (float) (y[7] + 3); // not normal
        Path moved = folder.resolve("moved.csv");
        String command = "transport --device cpu --epsilon " + EPSILON + " --from " + file("x.csv", x) + " --to "
                + file("y.csv", y);
        Map<String, Object> said =
                Cli.run(command + " --normal --json --out " + moved).ok().json();
        Map<?, ?> normal = (Map<?, ?>) said.get("normal");
        double v = covariance(x, x);
        double w = covariance(y, y);
        double apart = mean(x) - mean(y);
        double c = c(v, w);
        double distance = Math.hypot(apart, Math.sqrt(v) - Math.sqrt(w));
        assertEquals(distance, number(normal.get("w2")), 1e-9);
        assertEquals(c, number(((List<?>) normal.get("coupling")).get(0)), 1e-9);
        assertEquals(apart * apart + v + w - 2 * c, number(normal.get("meanSquare")), 1e-9);
        assertEquals(-0.5 * Math.log(1 - c * c / (v * w)), number(normal.get("information")), 1e-9);
        assertEquals(cost(apart, v, w), number(normal.get("cost")), 1e-9);
        assertEquals(cost(apart, v, w) - cost(0, v, v) / 2 - cost(0, w, w) / 2, number(normal.get("divergence")), 1e-9);
        double[] to = column(moved, 0);
        double[] sortedX = x.clone();
        double[] sortedY = y.clone();
        Arrays.sort(sortedX);
        Arrays.sort(sortedY);
        double square = 0;
        for (int i = 0; i < 40; i++) {
            assertEquals(mean(y) + c / v * (x[i] - mean(x)), to[i], 1e-5, "row " + i);
            square += Math.pow(sortedX[i] - sortedY[i], 2) / 40;
        }
        double exact = number(((Map<?, ?>) said.get("exact")).get("value"));
        assertEquals(Math.sqrt(square), exact, 1e-9);
        assertTrue(distance <= exact && exact * exact <= number(said.get("meanSquare")) + 1e-3, said.toString());
        String text = Cli.run(command + " --normal").ok().out();
        assertTrue(text.contains(String.format(Locale.ROOT, "%n  W2          %.6g%n", distance)), text);
        assertTrue(text.contains("exact W2"), text);
        String plain = Cli.run(command).ok().out();
        assertTrue(!plain.contains("normal laws") && plain.contains("exact W2"), plain);
    }

    private static double c(double v, double w) {
        double s = EPSILON / 2;
        return (Math.sqrt(4 * v * w + s * s) - s) / 2;
    }

    private static double cost(double apart, double v, double w) {
        double c = c(v, w);
        return apart * apart + v + w - 2 * c - EPSILON / 2 * Math.log(1 - c * c / (v * w));
    }

    /** Rows that are drawn have the moments of the other file, within 4.5 standard errors of 3000 rows, and the covariance with the first that is said. */
    @Test
    void drawnRowsAreThoseOfTheOtherLaw() throws IOException {
        int rows = 3000;
        double[] a = normals(rows, 3, 0, 1);
        double[] b = normals(rows, 4, 5, 0.5);
        double[] c = normals(500, 5, 2, 0.7);
        double[] d = normals(500, 6, 0, 1);
        for (int i = 0; i < 500; i++) {
            d[i] = (float) (d[i] + c[i]);
        }
        Path moved = folder.resolve("moved.csv");
        Map<String, Object> said = Cli.run(
                        "transport --device cpu --rows 60 --normal --draw --json --epsilon " + EPSILON + " --from "
                                + file("x.csv", a, b) + " --to " + file("y.csv", c, d) + " --out " + moved)
                .ok()
                .json();
        assertEquals(60L, said.get("from"));
        assertTrue(!said.containsKey("exact"));
        double[][] from = {a, b};
        double[][] to = {c, d};
        double[][] made = {column(moved, 0), column(moved, 1)};
        assertEquals(rows, made[0].length);
        List<?> coupling = (List<?>) ((Map<?, ?>) said.get("normal")).get("coupling");
        for (int i = 0; i < 2; i++) {
            assertEquals(mean(to[i]), mean(made[i]), 4.5 * Math.sqrt(covariance(to[i], to[i]) / rows));
            for (int j = 0; j < 2; j++) {
                double error = 4.5 * Math.sqrt(2 * covariance(to[i], to[i]) * covariance(to[j], to[j]) / rows);
                assertEquals(covariance(to[i], to[j]), covariance(made[i], made[j]), error);
                error = 4.5 * Math.sqrt(2 * covariance(from[i], from[i]) * covariance(to[j], to[j]) / rows);
                assertEquals(number(coupling.get(2 * i + j)), covariance(from[i], made[j]), error);
            }
        }
        assertTrue(
                Math.abs(number(coupling.get(1)) - number(coupling.get(2))) > 0.1,
                "no transposed coupling: " + coupling);
    }

    @Test
    void saysWhatHasNoNormalLaw() throws IOException {
        Path flat = file("flat.csv", new double[] {1, 2, 3}, new double[] {4, 4, 4});
        String command = "transport --device cpu --normal --from moons:20 --to " + flat;
        Cli.run(command).failed(2, "--normal: --to " + flat + ": coordinate 2 of the rows has one value", "--columns");
        Cli.run(command + " --columns 1").ok();
        Cli.run("transport --device cpu --normal --from moons:2 --to moons:9").failed(2, "--from moons:2", "more rows");
    }
}
