package org.tweedie.io;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A file of each format, none of whose bytes of data is a zero that a lost write would leave as well; several writes long where it can be. */
enum Written {
    NPY(output -> Npy.write(output, Table.of(Written.rows(), 3))),
    NPZ(output -> Npz.write(output, Map.of("a", Table.of(Written.rows(), 3)))),
    CSV(Written::csv),
    SAFETENSORS(output ->
            Safetensors.write(output, Map.of(), List.of(Tensor.f32("a", Written.rows(), Written.rows().length)))),
    CHECKPOINT(output -> CheckpointFile.write(output, new Checkpoint().put("a", Written.rows()))),
    PNG(output -> Png.write(output, Raster.filled(64, 64, -1))),
    GIF(output -> AnimatedGif.write(output, List.of(Raster.filled(64, 64, -1)), 50)),
    HTML(output -> new HtmlReport("t").write(output));

    /** One way to write a file. */
    interface Saving {
        void save(Output output) throws IOException;
    }

    private final Saving saving;

    Written(Saving saving) {
        this.saving = saving;
    }

    void save(Output output) throws IOException {
        saving.save(output);
    }

    private static float[] rows() {
        float[] rows = new float[45_000];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Float.intBitsToFloat(0x3f810101 + 0x010101 * (i % 100));
        }
        return rows;
    }

    private static void csv(Output output) throws IOException {
        float[] rows = rows();
        try (CsvWriter writer = CsvWriter.open(output, rows.length / 3, List.of("a", "b", "c"))) {
            writer.write(rows, 0, rows.length / 3);
            writer.finish();
        }
    }
}
