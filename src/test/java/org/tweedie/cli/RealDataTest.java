package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.io.Csv;
import org.tweedie.io.Table;

/** Earthquakes and eruptions as two-column tables, from file to verdict, with a small network and few steps. */
class RealDataTest {
    private static final Path DATA = Path.of(System.getProperty("tweedie.data", "../shared/data"));

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"earth/quakes_all.csv, 6120", "earth/volerup.csv, 827"})
    void learnsWhereTheEarthMoves(String name, int rows) throws IOException {
        Path data = DATA.resolve(name);
        assumeTrue(Files.exists(data), () -> "no " + data + "; -Dtweedie.data says where the data are");
        Path model = folder.resolve("m.safetensors");
        Map<String, Object> trained = Cli.run(
                        "train --json --device cpu --network mlp:64x3 --steps 600 --batch 512 --data " + data
                                + " --out " + model)
                .json();
        long learned = (long) trained.get("rows");
        assertTrue(learned > 0.85 * rows && learned < 0.95 * rows, "a tenth is held out: " + learned);

        Cli.Ran judged = Cli.run("evaluate --json --device cpu --count 1000 --model " + model + " --data " + data);
        assertEquals(
                (rows - learned) + " rows that were kept from training",
                judged.json().get("rows"));
        double distance = distance(judged);
        assertTrue(distance < 0.01, "squared energy distance " + distance);
        double untrained = untrained(data);
        assertTrue(
                untrained > 4 * Math.abs(distance),
                "an untrained model is at " + untrained + ", this one at " + distance);

        Path samples = folder.resolve("samples.csv");
        Cli.run("sample --device cpu --count 200 --model " + model + " --out " + samples)
                .ok();
        Table real = Csv.read(data);
        Table made = Csv.read(samples);
        assertEquals(real.names(), made.names());
        assertEquals(List.of(200, 2), List.of(made.rows(), made.columns()));
        for (int c = 0; c < 2; c++) { // in degrees, not in standard deviations
            assertEquals(range(real.column(c)), range(made.column(c)), 0.5 * range(real.column(c)));
        }
    }

    private double untrained(Path data) throws IOException {
        Path model = folder.resolve("untrained.safetensors");
        Cli.run("train --device cpu --network mlp:64x3 --steps 1 --data " + data + " --out " + model)
                .ok();
        return distance(Cli.run("evaluate --json --device cpu --count 500 --model " + model + " --data " + data));
    }

    private static double distance(Cli.Ran evaluated) throws IOException {
        return (double) ((Map<?, ?>) evaluated.json().get("squaredEnergyDistance")).get("value");
    }

    private static double range(float[] column) {
        float[] sorted = column.clone();
        Arrays.sort(sorted);
        return sorted[(int) (0.95 * sorted.length)] - sorted[(int) (0.05 * sorted.length)];
    }
}
