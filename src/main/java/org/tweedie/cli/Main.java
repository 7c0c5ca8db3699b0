package org.tweedie.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tweedie.Tweedie;
import org.tweedie.sde.Spelling;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tweedie}: score-based generative modelling from the command line. For one thread; each run has its own. */
@Command(
        name = "tweedie",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description =
                "Trains score models (diffusion models) on tables of numbers and samples from them, on the host or on an NVIDIA GPU.",
        footer = {
            "",
            "Exit codes: 0 ok, 1 failure, 2 usage, 3 device unavailable, 4 bad input file, 5 out of memory, 130/143 interrupted and saved.",
            "Start with: tweedie demo"
        },
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            SampleCommand.class,
            EvaluateCommand.class,
            LikelihoodCommand.class,
            LatentsCommand.class,
            DimensionCommand.class,
            BridgeCommand.class,
            DomainCommand.class,
            HittingCommand.class,
            TransportCommand.class,
            TheoryCommand.class,
            ExplainCommand.class,
            InspectCommand.class,
            DoctorCommand.class,
            NativesCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        String format = "java.util.logging.SimpleFormatter.format";
        if (System.getProperty(format) == null) {
            System.setProperty(format, "tweedie: %5$s%6$s%n"); // warnings of the library are one line too
        }
        System.exit(run(arguments));
    }

    /** Runs one command; {@link ExitCode} says what the result means. */
    public static int run(String... arguments) {
        return commandLine().execute(arguments);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setExpandAtFiles(false);
        line.setExecutionStrategy(Main::execute);
        line.setExecutionExceptionHandler(new Failures());
        line.setParameterExceptionHandler(Main::usage);
        line.registerConverter(Long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
        line.registerConverter(long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
        line.registerConverter(Integer.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
        line.registerConverter(int.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
        line.registerConverter(Path.class, Main::path);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpWidth(120);
        line.setUsageHelpAutoWidth(true);
        return line;
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new CommandLine.TypeConversionException("'" + text + "' cannot be a file: " + e.getReason());
        }
    }

    private static long whole(String text, long least, long most) {
        try {
            long number = Long.parseLong(text.strip());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new CommandLine.TypeConversionException(
                "'" + text + "' is not a whole number from " + least + " to " + most);
    }

    /** As picocli does, and an error of the JVM, above all that its heap is full, is reported like any other failure. */
    private static int execute(CommandLine.ParseResult result) {
        try {
            return new CommandLine.RunLast().execute(result);
        } catch (Error e) {
            return Failures.report(e, result.commandSpec().commandLine().getErr());
        }
    }

    /** One line: the fault, the nearest names, where help is. */
    private static int usage(CommandLine.ParameterException fault, String[] arguments) {
        CommandLine line = fault.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("tweedie: " + message(fault, arguments).strip().replaceAll("\\s*\\R\\s*", "; ") + "; see "
                + line.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return ExitCode.USAGE;
    }

    private static String message(CommandLine.ParameterException fault, String[] arguments) {
        CommandLine.Model.CommandSpec command = fault.getCommandLine().getCommandSpec();
        if (fault instanceof CommandLine.MissingParameterException) { // often because its name was mistyped
            for (String argument : arguments) {
                String name = argument.contains("=") ? argument.substring(0, argument.indexOf('=')) : argument;
                if (name.startsWith("--") && !command.optionsMap().containsKey(name)) {
                    return unknownOption(command, name);
                }
            }
        } else if (fault instanceof CommandLine.UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().get(0);
            if (word.startsWith("-")) {
                return unknownOption(command, word);
            } else if (!command.subcommands().isEmpty()) {
                return String.valueOf(Spelling.unknown(
                                "command",
                                word,
                                new ArrayList<>(command.subcommands().keySet()))
                        .getMessage());
            }
            return "unexpected argument '" + word + "'";
        }
        return String.valueOf(fault.getMessage());
    }

    private static String unknownOption(CommandLine.Model.CommandSpec command, String name) {
        List<String> known = command.options().stream()
                .map(CommandLine.Model.OptionSpec::longestName)
                .toList();
        return String.valueOf(Spelling.unknown("option", name, known).getMessage());
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "which command? There are "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /** What {@code --version} prints. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "tweedie " + Tweedie.version(),
                "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + "), "
                        + System.getProperty("os.name") + " " + System.getProperty("os.arch")
            };
        }
    }
}
