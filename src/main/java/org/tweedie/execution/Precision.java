package org.tweedie.execution;

import java.util.List;
import java.util.Locale;
import org.tweedie.device.Element;
import org.tweedie.sde.Spelling;

/**
 * The numbers that a sampler's network may multiply. {@link #F32}, unless something else is asked for: every execution and every device then
 * gives the same bits. The others allow products of 16-bit numbers (sums and state stay f32), and normals by the GPU's special functions, where
 * an execution has them, and let the rest run in f32; {@code explain()} says which it is. Immutable.
 */
public enum Precision {
    /** 24 bits, and the same bits everywhere. */
    F32(Element.F32),
    /** 11 bits, up to 65,504: rows of a state or a layer beyond that become NaN. */
    F16(Element.F16),
    /** 8 bits, with the range of f32. */
    BF16(Element.BF16);

    private final Element element;

    Precision(Element element) {
        this.element = element;
    }

    Element element() {
        return element;
    }

    /** As it is written: {@code f32}, {@code f16}, {@code bf16}. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@code f32}, {@code f16} or {@code bf16}. */
    public static Precision parse(String spec) {
        for (Precision precision : values()) {
            if (precision.spec().equals(spec)) {
                return precision;
            }
        }
        throw Spelling.unknown("precision", spec, List.of(F32.spec(), F16.spec(), BF16.spec()));
    }
}
