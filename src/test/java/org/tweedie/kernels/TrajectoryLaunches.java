package org.tweedie.kernels;

import static org.tweedie.kernels.Lab.random;
import static org.tweedie.kernels.LaunchSet.close;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/** Launches of whole trajectories through a network, by every kernel that has them. */
final class TrajectoryLaunches {
    private TrajectoryLaunches() {}

    static List<LaunchSet.Case> over(int rows) {
        List<LaunchSet.Case> cases = new ArrayList<>();
        for (Operands type : Operands.values()) {
            for (int width : new int[] {33, 65, 129}) {
                for (MlpLaunch launch : launches(type, width)) {
                    Trajectory one = trajectory(rows, type, width, launch.passes() ? 3 : 2);
                    String name = "trajectory " + type + " " + rows + " x " + width + " by " + launch;
                    cases.add(close(name, lab -> {
                        DeviceBuffer io = lab.floats(one.values());
                        one.run(lab, io, rows, launch);
                        return lab.read(io);
                    }));
                }
            }
        }
        for (int rowsAWarp :
                rows == 33 ? new int[] {MlpLaunch.WARPGROUP, MlpLaunch.FEW, MlpLaunch.SPLIT} : new int[0]) {
            Operands type = rowsAWarp == MlpLaunch.FEW ? Operands.BF16 : Operands.F16;
            MlpLaunch launch = new MlpLaunch(rowsAWarp, 8, rowsAWarp == MlpLaunch.FEW ? 3 : 2);
            Trajectory one = trajectory(rows, type, 257, 3);
            cases.add(close("trajectory " + type + " " + rows + " x 257 by " + launch, lab -> {
                DeviceBuffer io = lab.floats(one.values());
                one.run(lab, io, rows, launch);
                return lab.read(io);
            }));
        }
        return cases;
    }

    /**
     * Two steps of three coordinates through a network, from rows that are given; the registers x, score and start, dense.
     *
     * @param values of io: start, and room for x
     */
    record Trajectory(int rows, MlpShape shape, float[] values) {
        void run(Lab lab, DeviceBuffer io, long stride, MlpLaunch launch) {
            Device device = lab.stream().device();
            if (device.kind() != DeviceKind.HOST
                    && launch.sharedBytes(shape, 9) > device.limits().sharedBytes()) {
                return; // a device whose blocks have less is given none of these
            }
            int[] headers = new int[2 * CellLayout.HEADER];
            float[] table = new float[2 * CellLayout.WEIGHTS];
            List<CellDraw> draws = List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 4));
            CellLayout.encode(new int[] {6}, new int[] {0}, new double[][] {{1, 0.5}}, draws, 0, headers, table);
            CellLayout.encode(
                    new int[] {0, 3}, new int[] {0}, new double[][] {{0.75, 0.5, 0.25}}, draws, 1, headers, table);
            MlpOperations plan = new MlpOperations();
            plan.load(6, 3, 3);
            plan.mix(0, 3);
            plan.store(0, 3, 3); // over what was loaded: whoever shares a row has loaded it
            for (int step = 0; step < 2; step++) {
                plan.evaluate(new int[] {0, 1, 2, 6, 7}, 3, step);
                plan.mix(1, 3);
            }
            plan.store(0, 3, 0);
            int hidden = shape.depth() * shape.width();
            List<float[]> layers = new ArrayList<>();
            for (int l = 0; l <= shape.depth(); l++) {
                layers.add(random((l == 0 ? 5 : shape.width()) * (l == shape.depth() ? 3 : shape.width()), 30 + l));
            }
            float[] biases = new float[2 * shape.biases()];
            for (int step = 0; step < 2; step++) {
                PackedMlp.biasRow(shape, random(2 * hidden, 40), step * hidden, biases, step * shape.biases());
            }
            try (PackedMlp packed = PackedMlp.of(lab.stream(), shape, layers, random(3, 41))) {
                TrajectoryMlp.Program program = new TrajectoryMlp.Program(
                        lab.ints(plan.table()),
                        0,
                        plan.size(),
                        lab.ints(plan.places()),
                        lab.ints(headers),
                        lab.floats(table),
                        lab.floats(biases),
                        9);
                TrajectoryMlp.run(lab.stream(), lab.living(rows), io, stride, rows, program, packed, launch);
                lab.stream().synchronize();
            }
        }
    }

    static Trajectory trajectory(int rows, Operands type, int width, int depth) {
        Activation activation = width < 64 ? Activation.SILU : Activation.GELU;
        MlpShape shape = new MlpShape(type, width, 5, 3, depth, activation, false);
        return new Trajectory(rows, shape, random(rows * 6, 42));
    }

    /** Tiles of both sizes, and weights that pass. */
    static List<MlpLaunch> launches(Operands type, int width) {
        List<MlpLaunch> launches = new ArrayList<>();
        if (width <= MlpShape.mostWidth(type)) {
            launches.add(new MlpLaunch(16, 2, 0));
        }
        if (width <= 128) {
            launches.add(new MlpLaunch(16, 2, MlpLaunch.ALL));
        }
        if (width <= 128 && type != Operands.F16X3) {
            launches.add(new MlpLaunch(32, 2, MlpLaunch.ALL));
        }
        if (type != Operands.F16X3) {
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, MlpLaunch.ALL));
        }
        if (width > 128 && type != Operands.F16X3) {
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, 1));
        }
        return launches;
    }
}
