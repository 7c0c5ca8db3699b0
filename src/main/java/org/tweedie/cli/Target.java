package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.tweedie.io.AtomicFile;
import org.tweedie.io.Output;
import org.tweedie.sde.Spelling;

/** The file a command writes, looked at before any work is done. */
final class Target {
    private Target() {}

    /** Of {@code --out}. */
    static void requireExtension(Path out, List<String> known) {
        requireExtension("--out", out, known);
    }

    /** @throws IllegalArgumentException for another extension; names the nearest */
    static void requireExtension(String option, Path out, List<String> known) {
        String name = String.valueOf(out.getFileName()).toLowerCase(Locale.ROOT);
        String extension = name.substring(Math.max(0, name.lastIndexOf('.')));
        if (!Files.isDirectory(out) && !known.contains(extension)) {
            throw new IllegalArgumentException(option + " " + out + ": "
                    + Spelling.unknown("extension", extension, known).getMessage());
        }
    }

    /** Of {@code --out}. */
    static Output of(Path out, boolean force, Collection<Path> inputs) throws IOException {
        return of("--out", out, force, inputs);
    }

    /**
     * @param inputs files that are read; none of them may be the output, under whatever name
     * @throws IllegalArgumentException if the file could not, or must not, be written
     */
    static Output of(String option, Path out, boolean force, Collection<Path> inputs) throws IOException {
        Output target = Output.to(out).force(force);
        for (Path input : inputs) {
            if (Files.exists(out) && Files.exists(input) && !Files.isDirectory(out) && Files.isSameFile(out, input)) {
                throw new IllegalArgumentException(
                        option + " " + out + " is the input " + input + "; name another file");
            }
        }
        AtomicFile.check(target);
        Path folder = out.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    option + " " + out + ": there is no folder " + folder + "; create it first");
        }
        return target;
    }
}
