package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.Output;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Tensor;

/** Bad input: the exit code, one line that names file and place or option and range, and a folder left as it was. */
class BadInputTest {
    private static final String SMALL = " --device cpu --network mlp:8x2 --steps 4 --batch 16";

    @TempDir
    Path folder;

    @BeforeEach
    void goodFiles() throws IOException {
        StringBuilder rows = new StringBuilder("a,b\n");
        for (int i = 0; i < 40; i++) {
            rows.append(i % 7).append(',').append(i * i % 11).append('\n');
        }
        Files.writeString(folder.resolve("good.csv"), rows);
        Cli.run("train --data " + folder.resolve("good.csv") + " --out " + folder.resolve("m.safetensors") + SMALL)
                .ok();
    }

    static Stream<Arguments> files() {
        return Stream.of(
                arguments("empty", "", List.of("row")),
                arguments("header alone", "a,b\n", List.of("row")),
                arguments("ragged", "a,b\n1,2\n3\n", List.of("row 2", "line 3")),
                arguments("text", "a,b\n1,2\n3,four\n", List.of("row 2, column 2", "line 3", "four")),
                arguments("unclosed quote", "a,b\n1,\"2\n3,4\n", List.of("quote")),
                arguments("NUL", "a,b\n1,2\n3,\u00004\n", List.of("NUL")),
                arguments("NaN", "a,b\n1,2\n3,NaN\n", List.of("row 2, column 2", "line 3")),
                arguments("infinity", "a,b\n1,2\nInfinity,4\n", List.of("row 2, column 1", "line 3")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void aFileThatIsNoTable(String name, String text, List<String> said) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.csv"), text);
        unchanged("train --data " + file + " --out " + folder.resolve("o.safetensors") + SMALL, ExitCode.INPUT, said);
        unchanged(
                "evaluate --model " + folder.resolve("m.safetensors") + " --data " + file + " --device cpu",
                ExitCode.INPUT,
                List.of("bad.csv"));
    }

    @Test
    void bytesThatAreNotUtf8() throws IOException {
        Path file =
                Files.write(folder.resolve("bad.csv"), "a,b\n1,2\n3,\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        unchanged(
                "train --data " + file + " --out " + folder.resolve("o.safetensors") + SMALL,
                ExitCode.INPUT,
                List.of("UTF-8"));
    }

    @Test
    void filesThatAreNotThereOrNotFiles() throws IOException {
        unchanged(
                "train --data " + folder.resolve("gone.csv") + " --out " + folder.resolve("o.safetensors") + SMALL,
                ExitCode.INPUT,
                List.of("gone.csv"));
        Path directory = Files.createDirectory(folder.resolve("folder.csv"));
        unchanged(
                "train --data " + directory + " --out " + folder.resolve("o.safetensors") + SMALL,
                ExitCode.INPUT,
                List.of("folder.csv"));
        Path junk = Files.writeString(folder.resolve("junk.safetensors"), "not a model");
        unchanged(
                "sample --model " + junk + " --count 3 --out " + folder.resolve("s.npy") + " --device cpu",
                ExitCode.INPUT,
                List.of("junk.safetensors"));
        unchanged("inspect " + junk, ExitCode.INPUT, List.of("junk.safetensors"));
    }

    @Test
    void aModelOfANewerFormat() throws IOException {
        Path newer = folder.resolve("newer.safetensors");
        Safetensors.write(
                Output.to(newer), Map.of("tweedie.format", "99"), List.of(Tensor.f32("x", new float[] {1}, 1)));
        unchanged(
                "sample --model " + newer + " --count 3 --out " + folder.resolve("s.npy") + " --device cpu",
                ExitCode.INPUT,
                List.of("tweedie.format", "99", "newer"));
    }

    static Stream<Arguments> options() {
        return Stream.of(
                arguments("train --data good.csv --out o.safetensors --sde vpp" + SMALL, List.of("vpp", "vp")),
                arguments(
                        "train --data good.csv --out o.safetensors --network mpl:8x2 --device cpu",
                        List.of("mpl", "mlp")),
                arguments("train --data good.csv --out o.txt" + SMALL, List.of(".txt", ".safetensors")),
                arguments("train --data good.csv --out o.safetensors --steps 0 --device cpu", List.of("steps", "0")),
                arguments("train --data good.csv --out o.safetensors --lr -1 --device cpu", List.of("-1")),
                arguments(
                        "train --data good.csv --out o.safetensors --hold-out 1.5" + SMALL, List.of("hold-out", "1.5")),
                arguments("train --data good.csv --out o.safetensors --columns c" + SMALL, List.of("c")),
                arguments("train --data good.xls --out o.safetensors" + SMALL, List.of("good.xls", ".csv")),
                arguments("train --data moon:100 --out o.safetensors" + SMALL, List.of("moon")),
                arguments("train --data good.csv --out o.safetensors --resume nowhere" + SMALL, List.of("nowhere")),
                arguments("train --data good.csv" + SMALL, List.of("--out")),
                arguments(
                        "train --data good.csv --out o.safetensors --stesp 3 --device cpu",
                        List.of("--stesp", "--steps")),
                arguments("sample --model m.safetensors --count 0 --out s.npy --device cpu", List.of("count", "0")),
                arguments("sample --model m.safetensors --count ten --out s.npy --device cpu", List.of("ten")),
                arguments(
                        "sample --model m.safetensors --count 10 --first-index 9223372036854775800 --out s.npy --device cpu",
                        List.of("first-index")),
                arguments(
                        "sample --model m.safetensors --count 10 --first-index -1 --out s.npy --device cpu",
                        List.of("-1")),
                arguments("sample --model m.safetensors --count 3 --out s.doc --device cpu", List.of(".doc", ".npy")),
                arguments("sample --model m.safetensors --count 3 --out . --device cpu", List.of("directory")),
                arguments(
                        "sample --model m.safetensors --count 3 --out good.csv --device cpu",
                        List.of("good.csv", "--force")),
                arguments(
                        "sample --model m.safetensors --count 3 --out m.safetensors --force --device cpu",
                        List.of("m.safetensors", "input")),
                arguments("sample --model m.safetensors --count 3 --out no/where/s.npy --device cpu", List.of("where")),
                arguments(
                        "sample --model m.safetensors --count 3 --out s.npy --method heum@5 --device cpu",
                        List.of("heum", "heun")),
                arguments(
                        "sample --model m.safetensors --count 3 --out s.npy --method heun --device cpu",
                        List.of("heun@")),
                arguments("sample --model m.safetensors --count 3 --out s.npy --device gpu", List.of("gpu", "cuda:N")),
                arguments(
                        "evaluate --model m.safetensors --data good.csv --count 1 --device cpu", List.of("count", "1")),
                arguments(
                        "evaluate --model m.safetensors --data good.csv --columns a --device cpu", List.of("columns")),
                arguments("demo --set mon --out demo --device cpu", List.of("mon", "moons")),
                arguments("trian --data good.csv", List.of("trian", "train")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void anOptionOutOfRange(String command, List<String> said) throws IOException {
        String here = command.replaceAll(
                        "(?<= )(good\\.csv|good\\.xls|m\\.safetensors|o\\.safetensors|o\\.txt|s\\.npy|s\\.doc|no/where|nowhere|demo(?= --device))",
                        folder.toString().replace("\\", "\\\\") + "/$1")
                .replace("--out . ", "--out " + folder + " ");
        unchanged(here, ExitCode.USAGE, said);
    }

    @Test
    void aDeviceThatIsNotThere() throws IOException {
        unchanged(
                "sample --model " + folder.resolve("m.safetensors") + " --count 3 --out " + folder.resolve("s.npy")
                        + " --device cuda:9",
                ExitCode.DEVICE,
                List.of("cuda:9"));
    }

    /** Resuming with other data or settings is refused; so is a folder that another run holds. */
    @Test
    void aCheckpointOfAnotherRun() throws IOException {
        Path checkpoints = folder.resolve("m.safetensors.checkpoints");
        String again = "train --out " + folder.resolve("again.safetensors") + " --resume " + checkpoints
                + " --device cpu --network mlp:8x2 --batch 16";
        Cli.run(again + " --steps 5 --data " + folder.resolve("good.csv"))
                .failed(ExitCode.USAGE, "cannot resume", "steps");
        Path other = Files.writeString(
                folder.resolve("other.csv"),
                Files.readString(folder.resolve("good.csv")).replace("0,0\n", "9,9\n"));
        Cli.run(again + " --steps 4 --data " + other).failed(ExitCode.USAGE, "cannot resume", "rows");
        try (CheckpointDirectory held = CheckpointDirectory.open(checkpoints, 1, FileActions.disk())) {
            Cli.run(again + " --steps 4 --data " + folder.resolve("good.csv")).failed(ExitCode.USAGE, "checkpoints");
        }
        assertEquals(false, Files.exists(folder.resolve("again.safetensors")));
    }

    private void unchanged(String command, int code, List<String> said) throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        Cli.run(command).failed(code, said.toArray(String[]::new));
        assertEquals(before, Cli.snapshot(folder), command);
    }
}
