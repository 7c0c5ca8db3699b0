package org.tweedie.kernels;

import org.tweedie.device.Element;

/**
 * What the products of {@link TrajectoryMlp} multiply. {@link #F16X3} is of f32's class: an operand x is hi + lo / 2^11, both f16, which keeps 22
 * bits of what lies between 2^-14 and 65,504 and 2^-36 below; of the four products of two operands all but lo lo are added. Immutable.
 */
public enum Operands {
    F16(Element.F16, 1),
    BF16(Element.BF16, 1),
    F16X3(Element.F16, 2);

    /** What the low parts are multiplied by. */
    static final float LOW = 2048;

    private final Element element;
    private final int parts;

    Operands(Element element, int parts) {
        this.element = element;
        this.parts = parts;
    }

    public Element element() {
        return element;
    }

    /** Numbers of 16 bits for an operand. */
    int parts() {
        return parts;
    }

    /** Coordinates of the network's inputs that a block of sixteen takes: without parts, high and low ones lie side by side in it. */
    int inputsABlock() {
        return parts == 2 ? 16 : 4;
    }

    /** As kernels are named. */
    String suffix() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
