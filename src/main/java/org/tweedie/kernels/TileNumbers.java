package org.tweedie.kernels;

import org.tweedie.device.Element;

/** What the products of {@link TileLinear} multiply. Immutable. */
public enum TileNumbers {
    /** 11 bits, up to 65,504. */
    F16(Element.F16),
    /** 8 bits, with the range of f32. */
    BF16(Element.BF16),
    /** 11 bits, with the range of f32: f32 rounded to nearest, of two the larger. */
    TF32(Element.F32);

    private final Element element;

    TileNumbers(Element element) {
        this.element = element;
    }

    public Element element() {
        return element;
    }

    /** Half a step of a number, relative to it. */
    public double roundoff() {
        return this == BF16 ? 0x1p-8 : 0x1p-11;
    }

    /** As kernels are named. */
    String suffix() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
