package org.tweedie.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.tweedie.device.NativeLibraries;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie natives}. */
@Command(
        name = "natives",
        mixinStandardHelpOptions = true,
        description = "Puts JCuda's native libraries into a folder of yours.",
        subcommands = NativesCommand.Extract.class)
final class NativesCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which? There is: natives extract");
    }

    /** {@code tweedie natives extract}. */
    @Command(
            name = "extract",
            mixinStandardHelpOptions = true,
            description =
                    "Puts the libraries into a folder, for -Djava.library.path: nothing is then unpacked into the temporary folder.",
            footer = {"", "Example: tweedie natives extract --to /opt/tweedie/natives"})
    static final class Extract implements Callable<Integer> {
        @Option(names = "--to", required = true, paramLabel = "DIR", description = "the folder, made where absent")
        private Path folder;

        @Mixin
        private Printed printed;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            List<Path> files = NativeLibraries.extract(folder);
            printed.print(spec, Printed.lines(out -> files.forEach(out::println)), json -> {
                json.array("files");
                files.forEach(file -> json.value(file.toString()));
                json.end();
            });
            return ExitCode.OK;
        }
    }
}
