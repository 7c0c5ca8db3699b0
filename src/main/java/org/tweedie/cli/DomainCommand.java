package org.tweedie.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tweedie domain}. */
@Command(
        name = "domain",
        mixinStandardHelpOptions = true,
        description =
                "Bridges into a domain, which make rows of levels, categories and bounded numbers: every row is in the domain.",
        footer = {"", "Example: tweedie domain guess --data quakes.csv"},
        subcommands = {DomainFitCommand.class, DomainSampleCommand.class, DomainGuessCommand.class})
final class DomainCommand implements Runnable {
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
