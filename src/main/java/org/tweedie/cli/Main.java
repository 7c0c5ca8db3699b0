package org.tweedie.cli;

import java.io.PrintWriter;
import org.tweedie.Tweedie;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tweedie}: score-based generative modelling from the command line. */
@Command(
        name = "tweedie",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "Trains score models (diffusion models) on tables of numbers and samples from them, on the host or on an NVIDIA GPU.",
        footer = {"", "Exit codes: 0 ok, 1 failure, 2 usage, 3 device unavailable, 4 bad input file, 5 out of memory, 130/143 interrupted and saved.",
            "Start with: tweedie demo"},
        subcommands = {
            DemoCommand.class, TrainCommand.class, SampleCommand.class, EvaluateCommand.class, ExplainCommand.class, InspectCommand.class,
            DoctorCommand.class, NativesCommand.class, CommandLine.HelpCommand.class
        })
public final class Main implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs one command; {@link ExitCode} says what the result means. */
    public static int run(String... arguments) {
        return commandLine().execute(arguments);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler(new Failures());
        line.setParameterExceptionHandler(Main::usage);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        return line;
    }

    /** One line for the fault, one for where help is. */
    private static int usage(CommandLine.ParameterException fault, String[] arguments) {
        PrintWriter err = fault.getCommandLine().getErr();
        err.println("tweedie: " + fault.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(fault, err);
        err.println("Try '" + fault.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There are " + String.join(", ", spec.subcommands().keySet()));
    }

    /** What {@code --version} prints. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "tweedie " + Tweedie.version(),
                "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + "), " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
            };
        }
    }
}
