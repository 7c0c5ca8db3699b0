package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.tweedie.NonUniformModel;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.guidance.ClassifierSpec;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.inverse.OperatorSpec;
import org.tweedie.inverse.SolverSpec;
import org.tweedie.score.Architecture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.train.Conditioning;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** Every {@code tweedie ...} line in an {@code sh} block of a page is a command that this program knows, with specs that it reads. */
@Tag("checkout")
class DocumentedCommandsTest {
    private static final Pattern BLOCK =
            Pattern.compile("(?m)^```(?:sh|bash|console|shell)\n(.*?)^```", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");
    private static final Map<String, Consumer<String>> SPECS = Map.ofEntries(
            read("--method", MethodSpec::parse),
            read("--sde", spec -> {
                if (NonUniformModel.is(spec)) {
                    NonUniformModel.parse(spec);
                } else {
                    ProcessSpec.process(spec);
                }
            }),
            read("--network", Architecture::parse),
            read("--operator", spec -> {
                if (!spec.startsWith("matrix:")) {
                    OperatorSpec.parse(spec);
                }
            }),
            read("--solver", SolverSpec::parse),
            read("--condition-noise", Conditioning::parseNoise),
            read("--guidance", spec -> {
                if (ClassifierSpec.is(spec)) {
                    ClassifierSpec.parse(spec);
                } else {
                    ClassifierFree.parse(spec);
                }
            }),
            read("--sizes", StepSizes::parse),
            read("--reference", Reference::parse),
            read("--law", LawSpec::parse),
            read("--domain", spec -> {
                if (spec.equals("earth") || spec.matches("(ball|cube|categories|halfspace):.*")) {
                    HittingDomain.parse(spec);
                } else {
                    BridgeDomain.parse(spec);
                }
            }));

    private static Map.Entry<String, Consumer<String>> read(String option, Consumer<String> reader) {
        return Map.entry(option, reader);
    }

    @TestFactory
    Stream<DynamicTest> documentedCommandsParse() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        List<Path> pages = new ArrayList<>();
        for (String folder : List.of(".", "docs")) {
            try (Stream<Path> inside = Files.list(Path.of(folder))) {
                pages.addAll(inside.filter(file -> file.toString().endsWith(".md"))
                        .sorted()
                        .toList());
            }
        }
        for (Path page : pages) {
            for (String command : commands(Files.readString(page))) {
                tests.add(DynamicTest.dynamicTest(page.getFileName() + ": " + command, () -> parse(command)));
            }
        }
        assertFalse(tests.isEmpty(), "no page shows a command");
        return tests.stream();
    }

    /** The lines of sh blocks that call tweedie, with continued lines joined, without comments, pipes and redirections. */
    static List<String> commands(String page) {
        List<String> commands = new ArrayList<>();
        for (Matcher block = BLOCK.matcher(page); block.find(); ) {
            for (String line : block.group(1).replace("\\\n", " ").split("\n")) {
                String plain = line.strip()
                        .replaceFirst("^\\$ ", "")
                        .replaceFirst("\\s+#.*$", "")
                        .replaceFirst("\\s+(\\||>|&&|;).*$", "")
                        .replaceAll("\\s+", " ");
                if (plain.matches("(\\./)?tweedie( .*)?")) {
                    commands.add(plain);
                }
            }
        }
        return commands;
    }

    private static void parse(String command) {
        List<String> words = new ArrayList<>();
        for (Matcher word = WORD.matcher(command); word.find(); ) {
            words.add(word.group(1) != null ? word.group(1) : word.group(2) != null ? word.group(2) : word.group(3));
        }
        CommandLine line = Main.commandLine();
        ParseResult parsed = line.parseArgs(words.subList(1, words.size()).toArray(String[]::new));
        while (parsed.hasSubcommand()) {
            parsed = parsed.subcommand();
        }
        for (Map.Entry<String, Consumer<String>> spec : SPECS.entrySet()) {
            if (parsed.hasMatchedOption(spec.getKey())) {
                spec.getValue().accept(parsed.matchedOptionValue(spec.getKey(), ""));
            }
        }
    }

    @Test
    void wrongCommandsAreSeen() {
        assertEquals(
                List.of("tweedie demo --out a", "./tweedie doctor", "tweedie train --data x --out m"), commands("""
                ```sh
                $ tweedie demo --out a     # a comment
                ./tweedie doctor | less
                tweedie train --data x \\
                  --out m
                mvn verify
                ```
                tweedie not in a block
                """));
        parse("tweedie sample --model m.safetensors --count 5 --out x.npy --method dpm2m@20,karras");
        assertThrows(
                CommandLine.ParameterException.class,
                () -> parse("tweedie sample --modle m.safetensors --count 5 --out x.npy"));
        assertThrows(CommandLine.ParameterException.class, () -> parse("tweedie simple"));
        assertThrows(
                IllegalArgumentException.class,
                () -> parse("tweedie sample --model m.safetensors --count 5 --out x.npy --method dpm3m@20"));
    }
}
