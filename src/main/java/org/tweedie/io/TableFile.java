package org.tweedie.io;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** A table's file as a person names it: the path, the format its extension says, and an array inside an NPZ file. */
record TableFile(Path path, Format format, Optional<String> array) {
    /** Formats that hold a table for reading. */
    enum Format {
        CSV,
        NPY,
        NPZ
    }

    static TableFile of(String file) {
        String lower = file.toLowerCase(Locale.ROOT);
        int colon = lower.lastIndexOf(".npz:");
        if (colon >= 0) {
            return new TableFile(
                    Path.of(file.substring(0, colon + 4)), Format.NPZ, Optional.of(file.substring(colon + 5)));
        }
        Format format;
        if (lower.endsWith(".csv") || lower.endsWith(".txt")) {
            format = Format.CSV;
        } else if (lower.endsWith(".npy")) {
            format = Format.NPY;
        } else if (lower.endsWith(".npz")) {
            format = Format.NPZ;
        } else {
            throw new IllegalArgumentException("cannot tell the format of " + Shown.quoted(file)
                    + " by its extension; use .csv, .txt, .npy, .npz or file.npz:name");
        }
        return new TableFile(Path.of(file), format, Optional.empty());
    }
}
