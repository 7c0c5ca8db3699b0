package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import org.tweedie.device.Device;

/**
 * Every kernel of every type in a few launches with hostile sizes, dead rows and gaps between rows: what is run again and again
 * under other orders of threads, other moments of streams, sanitizers and planted faults. Small: most of it is under a millisecond.
 */
public final class LaunchSet {
    /** One experiment. */
    public static final class Case {
        private final String name;
        private final boolean exact;
        private final Function<Lab, float[]> body;

        private Case(String name, boolean exact, Function<Lab, float[]> body) {
            this.name = name;
            this.exact = exact;
            this.body = body;
        }

        /** Whether every device gives the same bits: f32 kernels do, products of 16-bit operands need not. */
        public boolean exact() {
            return exact;
        }

        /** What it gives on a device: everything it wrote, and the gaps that it must not write. */
        public float[] on(Device device) {
            return Lab.on(device, body);
        }

        /** What it gives in a lab that may lay its rows out otherwise. */
        float[] in(Lab lab) {
            return body.apply(lab);
        }

        /** The same by the fewest blocks that a kernel may be launched with. */
        public float[] onFewBlocks(Device device) {
            try (Lab lab = new Lab(device, FewBlocks::of)) {
                return body.apply(lab);
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private LaunchSet() {}

    /** The names of the kernels that Tweedie declares. */
    public static List<String> kernels() {
        try {
            TreeSet<String> names = new TreeSet<>();
            DeclaredEntries.all().forEach(one -> names.add(one.entry().name()));
            return List.copyOf(names);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int rows : new int[] {1, 33, 65}) {
            cases.addAll(over(rows, new int[][] {{0, 5}, {3, 5}, {65, 33}, {130, 66}}));
        }
        cases.addAll(RowLaunches.others());
        cases.addAll(LayerLaunches.others());
        cases.add(exact("adam", TrainLaunches::adam));
        return cases;
    }

    /** What works on rows, over so many of them, with layers of these inputs and outputs. */
    static List<Case> over(int rows, int[][] layers) {
        List<Case> cases = new ArrayList<>();
        cases.addAll(RowLaunches.over(rows));
        cases.addAll(TrajectoryLaunches.over(rows));
        cases.addAll(TrainLaunches.over(rows));
        cases.addAll(LayerLaunches.over(rows, layers));
        return cases;
    }

    static Case exact(String name, Function<Lab, float[]> body) {
        return new Case(name, true, body);
    }

    /** Of kernels whose bits may differ from device to device. */
    static Case close(String name, Function<Lab, float[]> body) {
        return new Case(name, false, body);
    }
}
