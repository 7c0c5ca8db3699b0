package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;

/** The named inputs and outputs of a field, in order. Immutable. */
public record Signature(List<Port> from, List<Port> into) {
    public Signature {
        from = List.copyOf(from);
        into = List.copyOf(into);
    }

    /** Numbers in all inputs of a row. */
    public int inputs() {
        return from.stream().mapToInt(port -> port.space().width()).sum();
    }

    /** x, {@code width} wide, and conditions beside it, to one output as wide as x, named {@code out}. */
    public static Signature over(int width, Port... conditions) {
        List<Port> from = new ArrayList<>();
        from.add(new Port("x", Space.euclidean(width)));
        from.addAll(List.of(conditions));
        return new Signature(from, List.of(new Port("out", Space.euclidean(width))));
    }

    /**
     * Refuses views that do not fit the ports.
     *
     * @throws IllegalArgumentException naming the port
     */
    public void require(List<View> inputs, List<View> outputs) {
        require("input", from, inputs);
        require("output", into, outputs);
    }

    /** Refuses a direction that does not fit an input. */
    void require(int port, View direction) {
        if (port < 0 || port >= from.size()) {
            throw new IllegalArgumentException("the field has inputs 0 to " + (from.size() - 1) + ", got " + port);
        }
        require("direction of input", List.of(from.get(port)), List.of(direction));
    }

    static void require(String what, List<Port> ports, List<View> views) {
        if (ports.size() != views.size()) {
            throw new IllegalArgumentException(
                    "the field has " + ports.size() + " " + what + " ports, got " + views.size() + " views");
        }
        for (int i = 0; i < views.size(); i++) {
            if (views.get(i).width() != ports.get(i).space().width()) {
                throw new IllegalArgumentException(what + " '" + ports.get(i).name() + "' is "
                        + ports.get(i).space().width() + " wide, got a view of width "
                        + views.get(i).width());
            }
        }
    }

    /** One named input or output. Immutable. */
    public record Port(String name, Space space) {}
}
