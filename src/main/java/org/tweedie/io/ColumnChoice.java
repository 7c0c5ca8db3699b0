package org.tweedie.io;

import java.util.List;

/** Which columns a person means: names first, else numbers from 1. */
final class ColumnChoice {
    private ColumnChoice() {}

    /** Column indices from 0. */
    static int[] resolve(List<String> choice, List<String> names, int columns) {
        int[] found = new int[choice.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = resolve(choice.get(i).strip(), names, columns);
            for (int j = 0; j < i; j++) {
                if (found[j] == found[i]) {
                    throw new IllegalArgumentException("column " + Shown.quoted(choice.get(i)) + " is chosen twice");
                }
            }
        }
        return found;
    }

    private static int resolve(String wanted, List<String> names, int columns) {
        int at = names.indexOf(wanted);
        if (at >= 0) {
            if (names.lastIndexOf(wanted) != at) {
                throw new IllegalArgumentException("column " + Shown.quoted(wanted)
                        + " occurs more than once; choose it by its number, 1 to " + columns);
            }
            return at;
        }
        if (wanted.matches("[0-9]{1,6}")) {
            int number = Integer.parseInt(wanted);
            if (number >= 1 && number <= columns) {
                return number - 1;
            }
        }
        throw new IllegalArgumentException("there is no column " + Shown.quoted(wanted) + "; there are " + columns
                + (names.isEmpty() ? ", numbered from 1" : ": " + list(names)));
    }

    private static String list(List<String> names) {
        String shown = String.join(
                ", ",
                names.subList(0, Math.min(20, names.size())).stream()
                        .map(Shown::line)
                        .toList());
        return names.size() > 20 ? shown + ", ..." : shown;
    }
}
