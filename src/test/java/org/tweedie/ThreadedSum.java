package org.tweedie;

import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;

/**
 * The mistake that the comparisons of bits exist for: a sum that each thread takes a part of, so that its order, and with it the
 * last bits, follow from how many threads there are. As a score it adds the sum to every coordinate of another one.
 */
record ThreadedSum(Field right) implements Field {
    private static final int TERMS = 10_007;

    private static final KernelEntry ENTRY =
            KernelEntry.of("planted_sum", ThreadedSum::twin, KernelEntry.Parameter.POINTER);

    private static void twin(Arguments arguments, Team team) {
        int parts = team.size();
        float[] sums = new float[parts];
        team.forRange(parts, 1, (from, to) -> {
            for (int part = (int) from; part < to; part++) {
                for (int i = part * TERMS / parts; i < (part + 1) * TERMS / parts; i++) {
                    sums[part] += 1f / (i + 1);
                }
            }
        });
        float sum = 0;
        for (float part : sums) {
            sum += part;
        }
        arguments.floats(0)[0] = sum;
    }

    static float of(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer sum = device.allocate(Element.F32, 1)) {
            return of(stream, sum);
        }
    }

    private static float of(Stream stream, DeviceBuffer sum) {
        stream.launch(stream.device().kernel(ENTRY), LaunchShape.linear(1, 1), new Arguments(ENTRY).buffer(sum));
        float[] value = new float[1];
        stream.download(sum, 0, value, 0, 1);
        return value[0];
    }

    @Override
    public Signature signature() {
        return right.signature();
    }

    @Override
    public Evaluator open(Device device, int rows) {
        Evaluator evaluator = right.open(device, rows);
        DeviceBuffer sum = device.allocate(Element.F32, 1);
        return new Evaluator() {
            @Override
            public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
                evaluator.evaluate(stream, set, from, t, into);
                View out = into.get(0);
                float[] values = new float[rows * out.width()];
                stream.download(out.data(), out.offset(), values, 0, values.length);
                float more = of(stream, sum);
                for (int i = 0; i < values.length; i++) {
                    values[i] += more;
                }
                stream.upload(values, 0, out.data(), out.offset(), values.length);
            }

            @Override
            public void close() {
                sum.close();
                evaluator.close();
            }
        };
    }
}
