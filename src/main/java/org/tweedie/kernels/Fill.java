package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.KernelEntry.Twin;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.FillTwins;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/**
 * Random numbers into rows of a buffer (kernels/rng/fill.cu). Row r gets the numbers of its sample: a function of (seed,
 * sample index, purpose, ordinal plus the rows' iteration, coordinate), the same words as {@link org.tweedie.rng} and so the
 * same numbers to f32. Stateless; any thread.
 */
public final class Fill {
    /** out (I32), rows, width, stride, purpose, ordinal. */
    public static final KernelEntry WORDS = entry("philox_words", FillTwins::words);

    /** out, rows, width, stride, purpose, ordinal. */
    public static final KernelEntry NORMAL = entry("fill_normal_f32", FillTwins::normal);

    /** out, rows, width, stride, purpose, ordinal. */
    public static final KernelEntry UNIFORM = entry("fill_uniform_f32", FillTwins::uniform);

    /** out, rows, width, stride, purpose, ordinal. */
    public static final KernelEntry RADEMACHER = entry("fill_rademacher_f32", FillTwins::rademacher);

    private Fill() {}

    private static KernelEntry entry(String name, Twin twin) {
        return KernelEntry.of(
                name,
                twin,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32);
    }

    /** Queues raw words, 32 bits a coordinate, into an I32 buffer. */
    public static void words(Stream stream, RowSet rows, View out, Purpose purpose, int ordinal) {
        fill(stream, WORDS, Element.I32, rows, out, purpose, ordinal);
    }

    /** Queues numbers of a law into an F32 buffer. Uniforms are in (0, 1), exact; normals are at most 6.77 in size. */
    public static void draw(Stream stream, RowSet rows, StandardLaw law, View out, Purpose purpose, int ordinal) {
        KernelEntry entry = switch (law) {
            case NORMAL -> NORMAL;
            case UNIFORM -> UNIFORM;
            case RADEMACHER -> RADEMACHER;
        };
        fill(stream, entry, Element.F32, rows, out, purpose, ordinal);
    }

    /** Queues standard normal numbers. */
    public static void normal(Stream stream, RowSet rows, View out, Purpose purpose, int ordinal) {
        draw(stream, rows, StandardLaw.NORMAL, out, purpose, ordinal);
    }

    private static void fill(
            Stream stream, KernelEntry entry, Element element, RowSet rows, View out, Purpose purpose, int ordinal) {
        Grid.require(
                out.data().element() == element,
                entry.name() + ": out must hold " + element + ", not "
                        + out.data().element(),
                out);
        Grid.require(out.stride() >= out.width(), entry.name() + ": out must have a row for each", out);
        Arguments arguments = new Arguments(entry);
        out.into(arguments);
        rows.into(arguments)
                .i32(out.width())
                .i32(out.stride())
                .i32(purpose.code())
                .i32(ordinal(ordinal));
        stream.launch(
                stream.device().kernel(entry), Grid.items(Grid.capacity(out) * quads(out.width()), 256), arguments);
    }

    static long quads(int width) {
        return (width + 3L) / 4;
    }

    static int ordinal(int ordinal) {
        if (ordinal < 0 || ordinal > Philox.MOST) {
            throw new IllegalArgumentException("ordinal of a draw must be 0 to " + Philox.MOST + ", got " + ordinal);
        }
        return ordinal;
    }
}
