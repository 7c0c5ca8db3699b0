package org.tweedie.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.Sampler;
import org.tweedie.io.Table;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;

/**
 * Rows of all conditions that samples are made under, from the files that {@code --given NAME=FILE} names.
 *
 * @param tables by condition
 */
record GivenConditions(Map<String, Table> tables) {
    /**
     * Reads the files of the conditions that a model or bridge was made with, which are all to be there and no others.
     *
     * @param owner whose conditions they are, for messages
     */
    static GivenConditions read(
            String owner, Map<String, String> files, List<Dataset.Port> conditions, SampledRows rows, long count)
            throws IOException {
        List<String> names = conditions.stream().map(Dataset.Port::name).toList();
        for (String name : files.keySet()) {
            if (names.isEmpty()) {
                throw new IllegalArgumentException(
                        "--given " + name + ": the " + owner + " was trained without conditions");
            } else if (!names.contains(name)) {
                throw Spelling.unknown("condition", name, names);
            }
        }
        Map<String, Table> tables = new LinkedHashMap<>();
        for (Dataset.Port port : conditions) {
            String file = files.get(port.name());
            if (file == null) {
                throw new IllegalArgumentException("the " + owner + " needs the condition '" + port.name() + "' ("
                        + String.join(", ", port.columns()) + "); pass --given " + port.name() + "=FILE");
            }
            tables.put(
                    port.name(),
                    rows.given("--given " + port.name(), file, port.columns(), "'" + port.name() + "'", count));
        }
        return new GivenConditions(tables);
    }

    /** The sampler under these conditions. */
    Sampler under(Sampler sampler) {
        Sampler ready = sampler;
        for (Map.Entry<String, Table> given : tables.entrySet()) {
            Table table = given.getValue();
            ready = ready.given(given.getKey(), table.data(), table.columns());
        }
        return ready;
    }

    /** The rows of the longest. */
    int rows() {
        return tables.values().stream().mapToInt(Table::rows).max().orElse(1);
    }
}
