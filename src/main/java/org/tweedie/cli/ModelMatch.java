package org.tweedie.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.tweedie.ConditionalBridge;
import org.tweedie.Model;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.Direction;
import org.tweedie.train.Dataset;

/** A file's columns and those that a model knows. */
final class ModelMatch {
    private ModelMatch() {}

    /** Inputs with their columns, for a person. */
    static String text(List<Dataset.Port> ports) {
        return ports.stream()
                .map(port -> port.name() + ": " + String.join(", ", port.columns()))
                .collect(Collectors.joining("; "));
    }

    /**
     * The rows as a model knows them: where the file has the model's columns in another order, in the model's; where it knows them by other
     * names, as they are.
     *
     * @throws IllegalArgumentException naming the widths or columns that differ, and the options that choose columns
     */
    static Dataset matched(Model model, Dataset data) {
        return matched("model", with(model.ports().get(0), model.conditions()), data);
    }

    /** As {@link #matched(Model, Dataset)}, for latent rows of {@code width} numbers, which may be wider than rows. */
    static Dataset latents(Model model, Dataset data, int width) {
        Dataset.Port rows = model.ports().get(0);
        if (width == rows.width()) {
            return matched(model, data);
        } else if (data.port(Dataset.X).width() != width) {
            throw new IllegalArgumentException("the model's latent rows have " + width
                    + " columns, positions and velocities, the data "
                    + data.port(Dataset.X).columns() + "; choose with --columns and --given");
        }
        return matched("model", with(data.port(Dataset.X), model.conditions()), data);
    }

    /** As {@link #matched(Model, Dataset)}, for rows of a conditional bridge with their observations. */
    static Dataset matched(ConditionalBridge bridge, Dataset data) {
        return matched("bridge", with(new Dataset.Port(Dataset.X, bridge.columns()), bridge.conditions()), data);
    }

    private static List<Dataset.Port> with(Dataset.Port first, List<Dataset.Port> conditions) {
        List<Dataset.Port> ports = new ArrayList<>(List.of(first));
        ports.addAll(conditions);
        return ports;
    }

    private static Dataset matched(String owner, List<Dataset.Port> wanted, Dataset data) {
        if (data.ports().size() != wanted.size()) {
            throw new IllegalArgumentException("the " + owner + " has the inputs " + text(wanted) + ", the data "
                    + text(data.ports()) + "; choose with --columns and --given");
        }
        Dataset rows = data;
        for (Dataset.Port port : wanted) {
            rows = ordered(rows, port.name(), port.columns(), owner + "'s '" + port.name() + "'");
        }
        return rows;
    }

    /** As {@link #matched(Model, Dataset)}, for rows of a bridge's first end. */
    static Dataset matched(SchrodingerBridge bridge, Dataset data) {
        List<String> columns = bridge.columns(Direction.BACKWARD);
        if (data.ports().size() != 1 || data.width() != columns.size()) {
            throw new IllegalArgumentException("the bridge's first end has the columns " + columns + ", the data "
                    + text(data.ports()) + "; choose with --columns");
        }
        return ordered(data, Dataset.X, columns, "bridge's first end");
    }

    /** A name that the model has elsewhere is no other name for what it has here. */
    private static Dataset ordered(Dataset data, String port, List<String> wanted, String whose) {
        Dataset.Port own = data.port(port);
        if (new HashSet<>(own.columns()).equals(new HashSet<>(wanted))) {
            return data.ordered(port, wanted);
        } else if (!own.matches(wanted)) {
            throw new IllegalArgumentException("the " + whose + " has the columns " + wanted + ", the data's "
                    + own.columns() + "; choose with --columns and --given");
        }
        return data;
    }
}
