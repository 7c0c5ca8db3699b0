package org.tweedie.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tweedie.Model;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.Direction;
import org.tweedie.train.Dataset;

/** Whether a file's columns are those that a model knows. */
final class ModelMatch {
    private ModelMatch() {}

    /** Inputs with their columns, for a person. */
    static String text(List<Dataset.Port> ports) {
        return ports.stream()
                .map(port -> port.name() + ": " + String.join(", ", port.columns()))
                .collect(Collectors.joining("; "));
    }

    /** @throws IllegalArgumentException naming the widths or columns that differ, and the options that choose columns */
    static void check(Model model, Dataset data) {
        if (data.ports().size() != model.conditions().size() + 1) {
            throw new IllegalArgumentException("the model has the inputs " + text(model.ports()) + ", the data "
                    + text(data.ports()) + "; choose with --columns and --given");
        }
        for (Dataset.Port port : Stream.concat(Stream.of(model.ports().get(0)), model.conditions().stream())
                .toList()) {
            if (data.port(port.name()).width() != port.width()) {
                throw new IllegalArgumentException("the model's '" + port.name() + "' has the columns " + port.columns()
                        + ", the data's " + data.port(port.name()).columns() + "; choose with --columns and --given");
            }
        }
    }

    /** As {@link #check(Model, Dataset)}, for rows of a bridge's first end. */
    static void check(SchrodingerBridge bridge, Dataset data) {
        List<String> columns = bridge.columns(Direction.BACKWARD);
        if (data.ports().size() != 1 || data.width() != columns.size()) {
            throw new IllegalArgumentException("the bridge's first end has the columns " + columns + ", the data "
                    + text(data.ports()) + "; choose with --columns");
        }
    }
}
