package org.tweedie.bench.jcuda;

import java.util.Map;
import java.util.TreeMap;

/** Options of a program, {@code --name value}, over their defaults. */
record Arguments(Map<String, String> values) {
    static Arguments of(String program, Map<String, String> defaults, String... given) {
        Map<String, String> values = new TreeMap<>(defaults);
        for (int i = 0; i < given.length; i += 2) {
            String name = given[i].replaceFirst("^--", "");
            if (!defaults.containsKey(name) || i + 1 == given.length) {
                throw new IllegalArgumentException(program + ": no option '" + given[i] + "' or no value; there are "
                        + new TreeMap<>(defaults).keySet());
            }
            values.put(name, given[i + 1]);
        }
        return new Arguments(values);
    }

    String text(String name) {
        return java.util.Objects.requireNonNull(values.get(name), name);
    }

    double number(String name) {
        return Double.parseDouble(text(name));
    }

    /** The ordinal of {@code cuda} or {@code cuda:1}. */
    int ordinal() {
        String device = text("device");
        return device.contains(":") ? Integer.parseInt(device.substring(device.indexOf(':') + 1)) : 0;
    }

    boolean wants(String workload) {
        return text("only").isEmpty()
                || java.util.List.of(text("only").split(",")).contains(workload);
    }
}
