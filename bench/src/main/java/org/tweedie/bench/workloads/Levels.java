package org.tweedie.bench.workloads;

import java.io.IOException;
import java.nio.file.Path;
import org.tweedie.ScoreModel;
import org.tweedie.io.Npy;
import org.tweedie.io.Output;
import org.tweedie.io.Table;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.OneStep;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;

/** What a peer needs to take a network for a score: {@code score(x, t) = skip x + gain net(inputScale x, networkTime)}. */
final class Levels {
    static final int WIDTH = 6;

    private Levels() {}

    /** Network's time, scale of its input, skip, gain, alpha, sigma. */
    static float[] at(ScoreModel model, double t) {
        Parametrisation p = model.parametrisation();
        return new float[] {
            (float) p.networkTime(t),
            (float) p.inputScale(t),
            (float) p.skip(t),
            (float) p.gain(t),
            (float) model.sde().alpha(t),
            (float) model.sde().sigma(t)
        };
    }

    /** A line a step of Euler and Maruyama, x <- a x + b score + c z: a, b, c, and the level of t. */
    static float[] steps(ScoreModel model, int steps) {
        Sde process = model.sde();
        TimeGrid grid = TimeGrid.uniform(process, steps);
        float[] lines = new float[steps * (3 + WIDTH)];
        for (int i = 0; i < steps; i++) {
            OneStep.Update update = new EulerMaruyama().update(process, grid.t(i), grid.s(i));
            int line = i * (3 + WIDTH);
            lines[line] = (float) update.x();
            lines[line + 1] = (float) update.score();
            lines[line + 2] = (float) update.noise();
            System.arraycopy(at(model, grid.t(i)), 0, lines, line + 3, WIDTH);
        }
        return lines;
    }

    /** Rows as the network sees them. */
    static float[] encoded(ScoreModel model, float[] rows) {
        float[] encoded = rows.clone();
        Encoding encoding = model.encodings().get(Dataset.X);
        if (encoding != null) {
            encoding.encode(rows, encoded, rows.length / encoding.width());
        }
        return encoded;
    }

    static void write(Path folder, String file, float[] values, int width) throws IOException {
        Npy.write(Output.to(folder.resolve(file)).replacing(), Table.of(values, width));
    }
}
