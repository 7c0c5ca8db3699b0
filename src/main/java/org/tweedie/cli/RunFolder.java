package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The folder of checkpoints of a command that trains: taken for the run, gone on from or begun afresh, and removed where nothing came of it.
 *
 * @param resumed whether the run goes on from what is there
 * @param force whether checkpoints of an earlier run may go
 */
record RunFolder(Path path, boolean resumed, boolean force) {
    /** Of a run that says nothing of them: steps of microseconds are not to wait for files. */
    static final int MOST_CHECKPOINTS = 50;

    private static final int KEEP = 2;

    /** What is done with the folder held. */
    interface Work<T> {
        T in(CheckpointDirectory directory) throws IOException;
    }

    /** The folder beside a model file, or that of {@code --resume}. */
    static RunFolder of(Path out, @Nullable Path resume, boolean force) {
        return new RunFolder(resume != null ? resume : Path.of(out + ".checkpoints"), resume != null, force);
    }

    /** Refuses a folder to resume from that is none, before anything is read. */
    static void check(@Nullable Path resume) {
        if (resume != null && !Files.isDirectory(resume)) {
            throw new IllegalArgumentException("--resume " + resume + " is no directory of checkpoints");
        }
    }

    /** Runs with the folder held; a run that came to nothing leaves none behind. */
    <T> T holding(PrintWriter err, Work<T> work) throws IOException {
        boolean ours = !Files.exists(path);
        try (CheckpointDirectory directory = CheckpointDirectory.open(path, KEEP, FileActions.disk())) {
            if (!resumed) {
                startAfresh(directory);
            } else if (names().stream().noneMatch(name -> name.endsWith(".ckpt"))) {
                err.println("tweedie: no checkpoint in " + path + " yet, starting at step 0");
            }
            return work.in(directory);
        } finally {
            if (ours) {
                removeUnused();
            }
        }
    }

    private void startAfresh(CheckpointDirectory directory) throws IOException {
        if (!force && names().stream().anyMatch(name -> name.endsWith(".ckpt"))) {
            throw new IllegalArgumentException(path + " holds checkpoints of an earlier run; go on with --resume "
                    + path + ", or start over with --force");
        }
        directory.clear();
    }

    private void removeUnused() throws IOException {
        if (Files.isDirectory(path) && names().stream().allMatch("run.lock"::equals)) {
            for (String name : names()) {
                Files.delete(path.resolve(name));
            }
            Files.delete(path);
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    /** The command that goes on from the checkpoints. */
    String again(CommandSpec spec) {
        return command(spec) + (force ? " --force" : "") + " --resume " + TrainCommand.quoted(path.toString());
    }

    /** The command that was typed, but for {@code --resume} and {@code --force}. */
    static String command(CommandSpec spec) {
        StringBuilder command = new StringBuilder(spec.qualifiedName());
        List<String> arguments = spec.commandLine().getParseResult().originalArgs();
        int first = 0; // behind the command's own words, where they are there
        for (String word : spec.qualifiedName().split(" ")) {
            first += first < arguments.size() && arguments.get(first).equals(word) ? 1 : 0;
        }
        for (int i = first; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals("--resume")) {
                i++;
            } else if (!argument.startsWith("--resume=") && !argument.equals("--force")) {
                command.append(' ').append(TrainCommand.quoted(argument));
            }
        }
        return command.toString();
    }
}
