package org.tweedie.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Dockerfile, read and not built: images are made where there is an engine, and this is what can be said without one. */
@Tag("checkout")
class DockerfileTest {
    private static final Pattern FROM =
            Pattern.compile("nvidia/cuda:(\\d+\\.\\d+\\.\\d+)-(devel|runtime)-(\\S+?)(?: AS (\\w+))?");
    private static List<Instruction> instructions;

    private record Instruction(String word, String rest) {
        List<String> words() {
            return Arrays.asList(rest.trim().split("\\s+"));
        }
    }

    @BeforeAll
    static void read() throws IOException {
        StringBuilder joined = new StringBuilder();
        for (String line : Files.readAllLines(Path.of("Dockerfile"))) {
            if (!line.startsWith("#")) {
                joined.append(line.endsWith("\\") ? line.substring(0, line.length() - 1) : line + "\n");
            }
        }
        instructions = new ArrayList<>();
        for (String line : joined.toString().split("\n")) {
            if (!line.isBlank()) {
                String[] parts = line.strip().split("\\s+", 2);
                assertTrue(
                        List.of("FROM", "RUN", "WORKDIR", "COPY", "ENTRYPOINT", "CMD", "ENV")
                                .contains(parts[0]),
                        "not an instruction: " + line);
                instructions.add(new Instruction(parts[0], parts[1]));
            }
        }
    }

    @Test
    void buildsWithTheCompilerAndRunsBesideTheLibraries() {
        List<Matcher> stages = instructions.stream()
                .filter(i -> i.word().equals("FROM"))
                .map(i -> FROM.matcher(i.rest()))
                .toList();
        assertEquals(2, stages.size());
        stages.forEach(stage -> assertTrue(stage.matches(), "not a CUDA image"));
        assertEquals(
                List.of("devel", "runtime"),
                stages.stream().map(s -> s.group(2)).toList());
        assertEquals("build", stages.get(0).group(4));
        assertEquals(stages.get(0).group(1), stages.get(1).group(1), "one CUDA version");
        assertEquals(stages.get(0).group(3), stages.get(1).group(3), "one distribution");
    }

    @Test
    void cudaIsOfTheMajorVersionThatJCublasLoads() throws IOException {
        Matcher jcuda = Pattern.compile("<jcuda.version>(\\d+)\\.").matcher(Files.readString(Path.of("pom.xml")));
        assertTrue(jcuda.find());
        Matcher image = FROM.matcher(instructions.get(0).rest());
        assertTrue(image.matches());
        assertEquals(
                jcuda.group(1), image.group(1).split("\\.")[0], "JCublas links libcublas.so of its own major version");
    }

    @Test
    void everythingCopiedExistsAndIsNotIgnored() throws IOException {
        List<String> kept = Files.readAllLines(Path.of(".dockerignore")).stream()
                .filter(l -> l.startsWith("!"))
                .map(l -> l.substring(1))
                .toList();
        for (Instruction copy : copies(false)) {
            List<String> words = copy.words();
            for (String source : words.subList(0, words.size() - 1)) {
                assertTrue(Files.exists(Path.of(source)), source + " does not exist");
                assertTrue(kept.contains(source), source + " is ignored by .dockerignore");
            }
        }
    }

    @Test
    void theBuildStageHasAllThatTheBuildReads() {
        List<String> sources =
                copies(false).stream().flatMap(copy -> copy.words().stream()).toList();
        assertTrue(sources.containsAll(List.of("pom.xml", ".mvn", "kernels", "src")), sources.toString());
        String packages = runs(0);
        assertTrue(packages.contains("openjdk-17-jdk") && packages.contains("maven"), packages);
        assertTrue(runs(1).contains("openjdk-17-jre"), runs(1));
    }

    @Test
    void theRunStageHasTheLauncherWithItsJars() {
        assertEquals(
                List.of(
                        "--from=build /source/target/tweedie.jar target/tweedie.jar",
                        "--from=build /source/target/lib target/lib"),
                copies(true).stream().map(Instruction::rest).toList());
        Instruction entry = instructions.stream()
                .filter(i -> i.word().equals("ENTRYPOINT"))
                .findFirst()
                .orElseThrow();
        assertEquals("[\"/opt/tweedie/tweedie\"]", entry.rest());
        assertTrue(Files.isExecutable(Path.of("tweedie")), "the launcher must be executable");
    }

    private static List<Instruction> copies(boolean fromStage) {
        return instructions.stream()
                .filter(i -> i.word().equals("COPY") && i.rest().startsWith("--from=") == fromStage)
                .toList();
    }

    /** What is run in one stage. */
    private static String runs(int stage) {
        int at = -1;
        StringBuilder runs = new StringBuilder();
        for (Instruction one : instructions) {
            at += one.word().equals("FROM") ? 1 : 0;
            if (at == stage && one.word().equals("RUN")) {
                runs.append(one.rest()).append('\n');
            }
        }
        return runs.toString();
    }
}
