package org.tweedie.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tweedie hitting}. */
@Command(
        name = "hitting",
        mixinStandardHelpOptions = true,
        description =
                "First-hitting models: rows on a set (unit vectors, places on the earth, zeros and ones, categories), each where a walk first hits it.",
        footer = {"", "Example: tweedie hitting fit --data quakes.csv --domain earth --out quakes.safetensors"},
        subcommands = {HittingFitCommand.class, HittingSampleCommand.class})
final class HittingCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "which command? There are "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
