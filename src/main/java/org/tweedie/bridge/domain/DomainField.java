package org.tweedie.bridge.domain;

import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.DomainLayout;
import org.tweedie.kernels.DomainPull;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;

/**
 * How a domain pulls a path at time t: (z; t) to grad ln h(y, v) at y = m z, m and v those of the base. The drift of a bridge into the domain is h z + sigma^2 m times
 * this. By its kernel on every device with the same bits, and in double. Immutable, shared by threads.
 */
public record DomainField(BridgeBase base, BridgeDomain domain) implements Field, RowField {
    @Override
    public Signature signature() {
        Space space = Space.euclidean(domain.width());
        return new Signature(List.of(new Signature.Port("z", space)), List.of(new Signature.Port("pull", space)));
    }

    @Override
    public void evaluate(double[][] from, double t, double[][] into) {
        double m = base.carry(t);
        double[] y = from[0].clone();
        for (int d = 0; d < y.length; d++) {
            y[d] *= m;
        }
        domain.pull(y, base.left(t), into[0]);
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new OnDevice(this, device);
    }

    private static final class OnDevice implements Evaluator {
        private final DomainField field;
        private final Closing owned = new Closing();
        private final DomainPull.Domain domain;
        private final DeviceBuffer clock;

        OnDevice(DomainField field, Device device) {
            this.field = field;
            List<DomainPart> parts = field.domain().parts();
            int[] table = new int[parts.size() * DomainLayout.WORDS];
            float[] numbers = new float
                    [1 + parts.stream().mapToInt(part -> part.numbers().length).reduce(0, Math::addExact)];
            int first = 0;
            int at = 0;
            for (int p = 0; p < parts.size(); p++) {
                DomainPart part = parts.get(p);
                int[] words = {part.kind(), first, part.width(), part.count(), at};
                System.arraycopy(words, 0, table, p * words.length, words.length);
                System.arraycopy(part.numbers(), 0, numbers, at, part.numbers().length);
                first += part.width();
                at += part.numbers().length;
            }
            try (Stream stream = device.stream()) {
                DeviceBuffer codes = owned.add(device.allocate(Element.I32, table.length));
                DeviceBuffer values = owned.add(device.allocate(Element.F32, numbers.length));
                clock = owned.add(device.allocate(Element.F32, 2));
                stream.upload(table, 0, codes, 0, table.length);
                stream.upload(numbers, 0, values, 0, numbers.length);
                stream.synchronize();
                domain = new DomainPull.Domain(codes, values, field.domain().width());
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        @Override
        public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
            field.signature().require(from, into);
            if (t.perRow() != null) {
                throw new IllegalArgumentException("a domain pulls all rows at one time");
            }
            BridgeBase base = field.base();
            Add.numbers(stream, clock, 0, 1, (float) base.carry(t.at()), (float) base.left(t.at()));
            DomainPull.run(
                    stream, rows, from.get(0), domain, View.shared(clock, 0, 1), View.shared(clock, 1, 1), into.get(0));
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
