package org.tweedie.execution;

import java.util.List;
import java.util.Locale;
import org.tweedie.device.Element;
import org.tweedie.kernels.Operands;
import org.tweedie.sde.Spelling;

/**
 * The numbers that a sampler's network may multiply. {@link #F32}, unless something else is asked for: every execution and every device then
 * gives the same bits. The others allow products of 16-bit numbers (sums and state stay f32), and normals by the GPU's special functions, where
 * an execution has them, and let the rest run in f32; {@code explain()} says which it is. Immutable.
 */
public enum Precision {
    /** 24 bits, and the same bits everywhere. */
    F32(Element.F32),
    /** 11 bits, up to 65,504: beyond that an operand stays there, wrong but finite. */
    F16(Element.F16),
    /** 8 bits, with the range of f32. */
    BF16(Element.BF16),
    /**
     * 22 bits of a number, of f32's class: each operand in two parts of f16, three products for one. What has no such products runs in f32,
     * never in f16. Up to 65,504, as {@link #F16}.
     */
    F16X3(Element.F32);

    private final Element element;

    Precision(Element element) {
        this.element = element;
    }

    /** Of single products. */
    Element element() {
        return element;
    }

    /** Of the products of whole trajectories; F32 has none. */
    Operands operands() {
        return switch (this) {
            case F32 -> throw new IllegalStateException("f32 has no operands of 16 bits");
            case F16 -> Operands.F16;
            case BF16 -> Operands.BF16;
            case F16X3 -> Operands.F16X3;
        };
    }

    /** As it is written: {@code f32}, {@code f16}, {@code bf16}, {@code f16x3}. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@code f32}, {@code f16}, {@code bf16} or {@code f16x3}. */
    public static Precision parse(String spec) {
        for (Precision precision : values()) {
            if (precision.spec().equals(spec)) {
                return precision;
            }
        }
        throw Spelling.unknown("precision", spec, List.of(F32.spec(), F16.spec(), BF16.spec(), F16X3.spec()));
    }
}
