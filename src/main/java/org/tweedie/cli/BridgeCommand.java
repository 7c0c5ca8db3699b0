package org.tweedie.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tweedie bridge}. */
@Command(
        name = "bridge",
        mixinStandardHelpOptions = true,
        description =
                "Schrödinger bridges, which join the rows of two files, or of one and the normal law, or lead to rows given observations; and the transport that they are near to.",
        footer = {"", "Example: tweedie bridge fit --from moons:5000 --to circles:5000 --out bridge.safetensors"},
        subcommands = {BridgeFitCommand.class, BridgeSampleCommand.class, TransportCommand.class})
final class BridgeCommand implements Runnable {
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
