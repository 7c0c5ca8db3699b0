package org.tweedie.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Command lines made of any text, a word a line, in a folder of their own: no word can name anything outside it. Lines that would
 * train, sample or put files somewhere get a GPU that is not there, so that everything before the work is done is done.
 */
public final class CommandLines {
    private static final List<String> HEAVY =
            List.of("train", "fit", "sample", "evaluate", "likelihood", "latents", "transport", "demo");
    private static final List<String> WRITING =
            List.of("extract", "doctor", "theory", "dimension", "guess"); // the last three only compute
    /** Commands that have commands. */
    private static final List<String> NESTED = List.of("bridge", "domain", "hitting");

    private static final List<Integer> CODES = List.of(ExitCode.OK, ExitCode.USAGE, ExitCode.DEVICE, ExitCode.INPUT);

    private final Path folder;
    private final CommandLine running = Main.commandLine(); // making one takes longer than using it
    private final CommandLine asking = Main.commandLine();
    private CommandLine.ParseResult understood;

    /** @param folder where good.csv and the model files are; the working directory */
    public CommandLines(Path folder) {
        this.folder = folder;
        asking.setExecutionStrategy(result -> {
            understood = result;
            return ExitCode.OK;
        });
    }

    /** What lines must have met: every exit code that bytes can lead to, and every option of every command in a line that was understood. */
    public static List<String> wanted() {
        List<String> all = new ArrayList<>();
        CODES.forEach(code -> all.add("exit code " + code));
        all.add("understood, not run");
        commands("", Main.commandLine(), all);
        return all;
    }

    /** Words worth throwing together: commands, options, and values that are nearly right. */
    public static List<String> words() {
        List<String> all = new ArrayList<>(wanted().stream()
                .filter(what -> what.startsWith("option "))
                .flatMap(what -> Arrays.stream(what.substring(7).split(" ")))
                .distinct()
                .toList());
        all.addAll(List.of(
                "inspect",
                "help",
                "--help",
                "--version",
                "good.csv",
                "model.safetensors",
                "bridge.safetensors",
                "conditional.safetensors",
                "hitting.safetensors",
                "earth",
                "categories:2",
                "forward",
                "4x0.1-0.3",
                "levels:0,1 x free:2",
                "new.npy",
                "new.csv",
                "new.safetensors",
                "moons:50",
                "cpu",
                "cpu:1",
                "cuda:0",
                "auto",
                "em@10",
                "ddim:0@2",
                "vp:0.1,20",
                "mlp:8x1",
                "0",
                "1",
                "-1",
                "9223372036854775807",
                "1e400",
                "NaN",
                "0.5",
                "a",
                "b",
                "a,b",
                "y=good.csv",
                "classifier:model.safetensors,0,1",
                "=",
                "--",
                "\n",
                "--json",
                "''",
                "two.npz:a"));
        return all;
    }

    private static void commands(String path, CommandLine line, List<String> all) {
        for (OptionSpec option : line.getCommandSpec().options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                all.add("option" + path + " " + option.longestName());
            }
        }
        for (Map.Entry<String, CommandLine> command : line.getSubcommands().entrySet()) {
            commands(path + " " + command.getKey(), command.getValue(), all);
        }
    }

    /** Runs a line as far as it may; what is not one line with a known code is an AssertionError. */
    public void run(String text, Consumer<String> met) {
        List<String> words = new ArrayList<>(Arrays.asList(
                text.replace("/", "_").replace("\\", "_").replace("..", "__").split("\n", 40)));
        understood = null;
        Said said = execute(asking, words);
        CommandLine.ParseResult result = understood;
        if (result != null) {
            String command = count(result, met);
            if (WRITING.contains(command)) {
                met.accept("understood, not run");
                return;
            }
            if (HEAVY.contains(command) || command.equals("explain") && !hostDevice(words)) {
                nameGpu(words);
            }
            said = execute(running, words);
        }
        met.accept("exit code " + said.code());
        String error = said.error();
        if (!CODES.contains(said.code())
                || said.code() != ExitCode.OK && (error.lines().count() != 1 || !error.startsWith("tweedie: "))
                || error.contains("Exception") && !text.contains("Exception")) {
            throw new AssertionError(words + " in " + folder.toAbsolutePath() + ": code " + said.code() + ", " + error);
        }
    }

    private record Said(int code, String error) {}

    private static Said execute(CommandLine line, List<String> words) {
        StringWriter error = new StringWriter();
        line.setOut(new PrintWriter(new StringWriter()));
        line.setErr(new PrintWriter(error));
        return new Said(line.execute(words.toArray(String[]::new)), error.toString());
    }

    private static void nameGpu(List<String> words) {
        for (int i = words.size() - 1; i >= 0; i--) {
            if (words.get(i).equals("--device")) {
                words.subList(i, Math.min(words.size(), i + 2)).clear();
            } else if (words.get(i).startsWith("--device=")) {
                words.remove(i);
            }
        }
        words.add(NESTED.contains(words.get(0)) ? 2 : 1, "--device=cuda:4000");
    }

    /** Counts the options of a line; gives its innermost command, or nothing for one that asks for help. */
    private static String count(CommandLine.ParseResult line, Consumer<String> met) {
        StringBuilder path = new StringBuilder();
        CommandLine.ParseResult result = line;
        while (true) {
            if (result.isUsageHelpRequested() || result.isVersionHelpRequested()) {
                return "";
            }
            for (OptionSpec option : result.matchedOptions()) {
                met.accept("option" + path + " " + option.longestName());
            }
            if (!result.hasSubcommand()) {
                return result.commandSpec().name();
            }
            result = result.subcommand();
            path.append(' ').append(result.commandSpec().name());
        }
    }

    private static boolean hostDevice(List<String> words) {
        return words.contains("--device=cpu:1")
                || words.indexOf("cpu:1") > 0
                        && words.get(words.indexOf("cpu:1") - 1).equals("--device");
    }
}
