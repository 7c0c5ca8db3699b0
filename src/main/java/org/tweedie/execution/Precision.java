package org.tweedie.execution;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Element;
import org.tweedie.kernels.Operands;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.sde.Spelling;

/**
 * The numbers that a sampler's network may multiply. {@link #F32}, unless something else is asked for: every execution and every device then
 * gives the same bits. The others allow products of 16-bit numbers, or of rounded ones (sums and state stay f32), and normals by the GPU's special functions, where
 * an execution has them, and let the rest run in f32; {@code explain()} says which it is. Immutable.
 */
public enum Precision {
    /** 24 bits, and the same bits everywhere. */
    F32(Element.F32, null),
    /** 11 bits, up to 65,504: beyond that an operand stays there, wrong but finite. */
    F16(Element.F16, TileNumbers.F16),
    /** 8 bits, with the range of f32. */
    BF16(Element.BF16, TileNumbers.BF16),
    /**
     * 22 bits of a number, of f32's class: each operand in two parts of f16, three products for one. What has no such products runs in f32,
     * never in f16. Up to 65,504, as {@link #F16}.
     */
    F16X3(Element.F32, null),
    /**
     * 11 bits, with the range of f32: numbers of 32 bits, rounded for the products of layers one at a time, on Hopper. What has no such products
     * runs in f32, never in f16.
     */
    TF32(Element.F32, TileNumbers.TF32);

    private final Element element;
    private final @Nullable TileNumbers numbers;

    Precision(Element element, @Nullable TileNumbers numbers) {
        this.element = element;
        this.numbers = numbers;
    }

    /** Of the products of layers one at a time; null where those are of f32. */
    @Nullable
    TileNumbers numbers() {
        return numbers;
    }

    /** Of single products. */
    Element element() {
        return element;
    }

    /** Of the products of whole trajectories; F32 and TF32 have none. */
    Operands operands() {
        return switch (this) {
            case F32, TF32 -> throw new IllegalStateException(spec() + " has no operands of 16 bits");
            case F16 -> Operands.F16;
            case BF16 -> Operands.BF16;
            case F16X3 -> Operands.F16X3;
        };
    }

    /** As it is written: {@code f32}, {@code f16}, {@code bf16}, {@code f16x3}, {@code tf32}. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads what {@link #spec} writes. */
    public static Precision parse(String spec) {
        for (Precision precision : values()) {
            if (precision.spec().equals(spec)) {
                return precision;
            }
        }
        throw Spelling.unknown(
                "precision", spec, Arrays.stream(values()).map(Precision::spec).toList());
    }
}
