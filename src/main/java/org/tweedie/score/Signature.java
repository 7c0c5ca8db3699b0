package org.tweedie.score;

import java.util.List;
import org.tweedie.plan.Space;

/** The named inputs and outputs of a field, in order. */
public record Signature(List<Port> from, List<Port> into) {
    public Signature {
        from = List.copyOf(from);
        into = List.copyOf(into);
    }

    /** One named input or output. */
    public record Port(String name, Space space) {}
}
