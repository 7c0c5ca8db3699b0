package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The dimension of a circle in space, of its rows and of a model, from the command line. */
class DimensionCommandTest {
    private static final int ROWS = 500;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path circle;
    private static Path model;

    @BeforeAll
    static void train() throws IOException {
        StringBuilder csv = new StringBuilder("a,b,c\n");
        for (int i = 0; i < ROWS; i++) {
            double angle = 2 * Math.PI * i / ROWS;
            csv.append(String.format(
                    Locale.ROOT,
                    "%.5f,%.5f,%.5f%n",
                    10 + Math.cos(angle),
                    300 * Math.sin(angle),
                    Math.cos(angle) + 0.5 * Math.sin(angle)));
        }
        circle = Files.writeString(shared.resolve("circle.csv"), csv);
        model = shared.resolve("circle.safetensors");
        Cli.run("train --data " + circle + " --out " + model
                        + " --device cpu --network mlp:48x2 --steps 1000 --batch 128 --hold-out 0")
                .ok();
    }

    private static List<?> scales(Map<String, Object> said) {
        return (List<?>) said.get("scales");
    }

    /** Standardised, the circle has radius 1.4 and rows 0.02 apart; from afar it is a point. */
    @Test
    void rowsOfACircleArePointsACircleAndAPoint() throws IOException {
        Path out = folder.resolve("dimensions.csv");
        Map<String, Object> said = Cli.run(
                        "dimension --json --points 40 --noise 0.002,0.1,0.3,20 --data " + circle + " --out " + out)
                .json();
        assertEquals(40L, said.get("points"));
        assertEquals(64L, said.get("draws"));
        double[] dimensions = {0, 1, 1, 0};
        for (int i = 0; i < 4; i++) {
            Map<?, ?> scale = (Map<?, ?>) scales(said).get(i);
            assertEquals(dimensions[i], (double) scale.get("dimension"), scale.toString());
            assertTrue((double) scale.get("gap") > 0.6, scale.toString());
            Map<?, ?> all = (Map<?, ?>) ((List<?>) scale.get("rows")).get(0);
            assertEquals((long) dimensions[i], all.get("dimension"));
            assertEquals(40L, all.get("rows"));
        }
        List<String> lines = Files.readAllLines(out);
        assertEquals(
                "row,dimension at noise 0.002,dimension at noise 0.1,dimension at noise 0.3,dimension at noise 20.0",
                lines.get(0));
        assertEquals("1,0,1,1,0", lines.get(1).replace(".0", ""));
        assertTrue(lines.get(40).startsWith("488"), lines.get(40)); // 39 * 500/40, from 1
        assertEquals(41, lines.size());
    }

    /** The table of docs/evaluating.md. */
    @Test
    void theTableOfThePageIsWhatIsPrinted() {
        String said = Cli.run("dimension --noise 0.002,0.1,0.3,20 --data " + circle)
                .ok()
                .out();
        assertEquals("""
                100 rows, 64 noisy copies of each, columns standardised; score of the rows themselves
                noise    dimension  gap    dimension: share of rows
                0.002    0.00       0.87   0: 100 %
                0.1      1.00       0.86   1: 100 %
                0.3      1.00       0.72   1: 100 %
                20.0     0.00       0.87   0: 100 %
                """, said);
    }

    @Test
    void aModelSeesTheCircle() throws IOException {
        String command = "dimension --device cpu --points 30 --noise 0.2,0.4 --model " + model + " --data " + circle;
        for (Object scale : scales(Cli.run(command + " --json").json())) {
            assertEquals(1, (double) ((Map<?, ?>) scale).get("dimension"), 0.1, scale.toString());
        }
        String text = Cli.run(command).ok().out();
        assertTrue(
                text.contains("30 rows, 64 noisy copies of each, columns standardised; score of " + model)
                        && text.contains("dimension: share of rows"),
                text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--data C --noise 0|--noise must be from 0.0001 to 100, got 0.0",
                "--data C --noise NaN|got NaN",
                "--data C --noise 0.1,x|--noise",
                "--data C --points 0|--points must be positive, got 0",
                "--data C --draws 23|a spectrum of 3 coordinates needs at least 24 draws, got 23",
                "--data C --draws 2000000000|--draws must be at most 1000000, got 2000000000",
                "--data C --device cpu|--device is for a model",
                "--data C --given c|--given is for a model",
                "--data C --out D/x.txt|extension '.txt'",
                "--data C --out C|",
                "--data C --columns a,b --device cpu --model M|choose with --columns",
                "--data C --device cpu --model M --noise 1e-3|noise must be from 0.01",
            })
    void whatCannotBeSaidIsRefused(String words, String said) {
        String line = words.replace("C ", circle + " ")
                .replaceAll("C$", circle.toString())
                .replace("M ", model + " ")
                .replaceAll("M$", model.toString())
                .replace("D/", folder + "/");
        Cli.run("dimension " + line).failed(2, said == null ? "" : said);
    }
}
