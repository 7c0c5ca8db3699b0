package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.DomainTwins;

/**
 * How a domain pulls rows to it (kernels/bridge/domain.cu): grad ln h(y, v), h(y, v) = E[weight of y + sqrt(v) z; in the domain], at y = carry x. A domain is a product of
 * parts, each of some coordinates. Stateless; any thread.
 */
public final class DomainPull {
    /** rows, x, stride, parts, table, numbers, carry, stride, v, stride, out, stride. */
    public static final KernelEntry PULL = KernelEntry.of(
            "domain_pull_f32",
            DomainTwins::pull,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32);

    private DomainPull() {}

    /**
     * A domain in device memory; the buffers are the caller's to close, and what is in them to vouch for. Immutable.
     *
     * @param table I32, {@value DomainLayout#WORDS} a part; the parts cover the coordinates
     * @param numbers F32, not empty
     */
    public record Domain(DeviceBuffer table, DeviceBuffer numbers, int width) {
        public Domain {
            if (table.element() != Element.I32
                    || table.count() < DomainLayout.WORDS
                    || table.count() % DomainLayout.WORDS != 0) {
                throw new IllegalArgumentException("domain_pull_f32: a table has " + DomainLayout.WORDS
                        + " whole numbers a part, got " + table.count() + " " + table.element());
            }
        }

        int parts() {
            return Math.toIntExact(table.count() / DomainLayout.WORDS);
        }
    }

    /**
     * Queues the pull on each row.
     *
     * @param carry 1 wide; stride 0: one for all rows
     * @param v likewise, 2^-60 to 2^60
     * @param out as wide as {@code x}, in other memory
     */
    public static void run(Stream stream, RowSet rows, View x, Domain domain, View carry, View v, View out) {
        Grid.require(x.width() == domain.width(), "x must be " + domain.width() + " wide, as the domain is", x);
        Grid.require(
                out.width() == x.width() && out.stride() >= x.width(),
                "out must be " + x.width() + " wide, a row for each",
                out);
        Grid.require(carry.width() == 1, "carry must be 1 wide", carry);
        Grid.require(v.width() == 1, "v must be 1 wide", v);
        Arguments arguments = new Arguments(PULL);
        rows.into(arguments);
        x.into(arguments)
                .i32(x.stride())
                .i32(domain.parts())
                .buffer(domain.table())
                .buffer(domain.numbers());
        carry.into(arguments).i32(carry.stride());
        v.into(arguments).i32(v.stride());
        out.into(arguments).i32(out.stride());
        stream.launch(stream.device().kernel(PULL), Grid.items(Grid.capacity(out) * domain.parts(), 128), arguments);
    }
}
