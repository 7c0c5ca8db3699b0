package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.io.FileActions;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Npy;
import org.tweedie.io.Npz;
import org.tweedie.io.Output;
import org.tweedie.io.RunLock;
import org.tweedie.io.Table;
import picocli.CommandLine;

/**
 * What a person can get wrong. Each case ends with its code and one line that says what and where; no folder changes by a byte.
 * {@code D} in a command stands for a folder with good.csv, model.safetensors, conditional.safetensors and their checkpoints.
 */
class BadInputTest {
    private static final String SMALL = " --device cpu --network mlp:4x1 --steps 2 --batch 4";
    private static final String TRAIN = "train --out D/new.safetensors" + SMALL + " --data ";
    private static final String CLASSIFY = TRAIN + "D/good.csv --for D/model.safetensors --classify ";
    private static final String SAMPLE = "sample --device cpu --model D/model.safetensors ";
    private static final String OBSERVE = SAMPLE + "--count 3 --out D/new.npy --method ddim:0@2 ";
    private static final String SEEN = OBSERVE + "--observe D/good.csv ";
    private static final String GIVEN =
            "sample --device cpu --method ddim:0@2 --model D/conditional.safetensors --count 3 --out D/new.npy ";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void train() throws IOException {
        Path good = Files.writeString(shared.resolve("good.csv"), "a,b,c\n1,2,0\n3,4,1\n5,7,0\n7,8,1\n9,9,0\n2,3,1\n");
        for (String more : List.of("model.safetensors --columns a,b", "conditional.safetensors --given b,c")) {
            Cli.run("train --hold-out 0 --data " + good + " --out " + shared + "/" + more + SMALL)
                    .ok();
        }
        bytes("norows.csv", "");
        bytes("header.csv", "a,b\n");
        bytes("ragged.csv", "a,b\n1,2\n3\n");
        bytes("long.csv", "a,b\n1,2\n3,4,5\n");
        bytes("text.csv", "a,b\n1,2\n3,four\n");
        bytes("empty.csv", "a,b\n1,2\n,4\n");
        bytes("quote.csv", "a,b\n1,2\n\"3,4\n");
        bytes("nul.csv", "a,b\n1,2\n3,\0004\n");
        Files.write(shared.resolve("latin.csv"), "a,b\n1,2\n3,\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        bytes("nan.csv", "a,b\n1,2\nnan,4\n");
        bytes("inf.csv", "a,b\n1,-Infinity\n3,4\n");
        bytes("huge.csv", "a,b\n1,1e300\n3,4\n");
        bytes("twice.csv", "a,a\n1,2\n3,4\n");
        bytes("one.csv", "a,b\n1,2\n");
        bytes("pair.csv", "a,b\n1,2\n3,4\n");
        bytes("turned.csv", "b,a\n1,2\n3,4\n");
        bytes("again.csv", "b,a\n5,2\n3,9\n");
        bytes("cut.npy", "\u0093NUMPY");
        bytes("junk.npz", "PK\003\004 and so on");
        bytes("junk.safetensors", "no model");
        Npy.write(Output.to(shared.resolve("nan.npy")), Table.of(new float[] {1, 2, 3, Float.NaN}, 2));
        Npy.write(Output.to(shared.resolve("inf.npy")), Table.of(new float[] {1, Float.POSITIVE_INFINITY, 3, 4}, 2));
        Npz.write(
                Output.to(shared.resolve("two.npz")),
                Map.of("a", Table.of(new float[] {1, 2}, 1), "b", Table.of(new float[] {1, Float.NaN}, 1)));
        Files.createDirectory(shared.resolve("folder.csv"));
        Files.createDirectory(shared.resolve("folder"));
        patch("model.safetensors", "newer.safetensors", "\"tweedie.format\":\"1\"", "\"tweedie.format\":\"7\"");
        patch("model.safetensors", "process.safetensors", "\"process\":\"vp:0.1,20\"", "\"process\":\"vq:0.1,20\"");
        Path newer =
                Files.createDirectories(shared.resolve("newer.checkpoints")).resolve("step-000000000001.ckpt");
        byte[] checkpoint = Files.readAllBytes(shared.resolve("model.safetensors.checkpoints/step-000000000002.ckpt"));
        checkpoint[8] = 9;
        Files.write(newer, checkpoint);
        Path cut = Files.createDirectories(shared.resolve("cut.checkpoints")).resolve("step-000000000001.ckpt");
        Files.write(cut, java.util.Arrays.copyOf(checkpoint, checkpoint.length / 2));
    }

    private static void bytes(String name, String text) throws IOException {
        Files.write(
                shared.resolve(name),
                text.getBytes(name.endsWith(".csv") ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1));
    }

    private static void patch(String from, String to, String what, String by) throws IOException {
        String file = Files.readString(shared.resolve(from), StandardCharsets.ISO_8859_1);
        assertTrue(file.contains(what), file.substring(0, Math.min(2000, file.length())));
        Files.writeString(shared.resolve(to), file.replace(what, by), StandardCharsets.ISO_8859_1);
    }

    private static Arguments of(String name, int code, String command, String... said) {
        return Arguments.of(name, code, command, List.of(said));
    }

    static Stream<Arguments> cases() {
        String resume =
                "train --hold-out 0 --force --out D/model.safetensors --resume D/model.safetensors.checkpoints --device cpu --network mlp:4x1 --batch 4 ";
        return Stream.of(
                // files that cannot be used: 4, with file, place and fault
                of("no rows", 4, TRAIN + "D/norows.csv", "norows.csv: row 1", "no rows: the file is empty"),
                of("header only", 4, TRAIN + "D/header.csv", "header.csv: row 1", "header only"),
                of(
                        "ragged row",
                        4,
                        TRAIN + "D/ragged.csv",
                        "ragged.csv: row 2, column 2 \"b\" (line 3)",
                        "missing cell"),
                of("a cell too many", 4, TRAIN + "D/long.csv", "long.csv: row 2, column 3", "one cell too many"),
                of(
                        "text in a number cell",
                        4,
                        TRAIN + "D/text.csv",
                        "text.csv: row 2, column 2 \"b\" (line 3)",
                        "\"four\" is not a number"),
                of("empty cell", 4, TRAIN + "D/empty.csv", "row 2, column 1 \"a\"", "empty cell"),
                of("unclosed quote", 4, TRAIN + "D/quote.csv", "quote.csv: row 2", "unclosed quote"),
                of("NUL", 4, TRAIN + "D/nul.csv", "nul.csv: row 2, column 2", "NUL"),
                of("not UTF-8", 4, TRAIN + "D/latin.csv", "latin.csv: row 2, column 2", "UTF-8"),
                of("NaN", 4, TRAIN + "D/nan.csv", "nan.csv: row 2, column 1", "NaN"),
                of("infinity", 4, TRAIN + "D/inf.csv", "inf.csv: row 1, column 2", "infinity"),
                of("beyond a float", 4, TRAIN + "D/huge.csv", "huge.csv: row 1, column 2", "beyond the range"),
                of("NaN in NPY", 4, TRAIN + "D/nan.npy", "nan.npy: row 2, column 2", "NaN"),
                of("infinity in NPY", 4, TRAIN + "D/inf.npy", "inf.npy: row 1, column 2", "infinity"),
                of("NaN in NPZ", 4, TRAIN + "D/two.npz:b", "two.npz:b", "row 2, column 1", "NaN"),
                of("cut NPY", 4, TRAIN + "D/cut.npy", "cut.npy: header"),
                of("junk NPZ", 4, TRAIN + "D/junk.npz", "junk.npz: "),
                of("a name twice", 4, TRAIN + "D/twice.csv", "twice.csv: header", "'a' occurs twice", "--columns"),
                of("missing data", 4, TRAIN + "D/none.csv", "none.csv: file: does not exist"),
                of("missing array file", 4, TRAIN + "D/none.npz:a", "none.npz: file: does not exist"),
                of("directory as data", 4, TRAIN + "D/folder", "folder: file: is a directory"),
                of(
                        "directory with an extension as data",
                        4,
                        TRAIN + "D/folder.csv",
                        "folder.csv: file: is a directory"),
                of(
                        "missing model",
                        4,
                        "sample --device cpu --model D/none.safetensors --count 1 --out D/new.npy",
                        "none.safetensors: file: does not exist"),
                of("directory as model", 4, "explain --device cpu --model D/folder", "folder: file: is a directory"),
                of("junk model", 4, "explain --device cpu --model D/junk.safetensors", "junk.safetensors: "),
                of("table as model", 4, "explain --device cpu --model D/good.csv", "good.csv: "),
                of(
                        "newer model",
                        4,
                        "explain --device cpu --model D/newer.safetensors",
                        "newer.safetensors: metadata 'tweedie.format'",
                        "is 7",
                        "use a newer Tweedie"),
                of(
                        "model of an unknown process",
                        4,
                        "explain --device cpu --model D/process.safetensors",
                        "metadata 'process'",
                        "did you mean vp"),
                of(
                        "newer checkpoint",
                        4,
                        TRAIN + "D/good.csv --hold-out 0 --resume D/newer.checkpoints",
                        "step-000000000001.ckpt: header",
                        "use a newer Tweedie"),
                of(
                        "cut checkpoint",
                        4,
                        TRAIN + "D/good.csv --hold-out 0 --resume D/cut.checkpoints",
                        "step-000000000001.ckpt: header"),
                of("missing condition file", 4, GIVEN + "--given y=D/none.csv", "none.csv: file: does not exist"),
                of("bad condition file", 4, GIVEN + "--given y=D/nan.csv", "nan.csv: row 2, column 1"),
                of(
                        "missing judge",
                        4,
                        "evaluate --device cpu --model D/model.safetensors --data D/none.csv",
                        "none.csv"),
                of("inspect nothing", 4, "inspect D/none.npy", "none.npy: file: does not exist"),
                of("inspect a directory", 4, "inspect D/folder.csv", "is a directory"),
                of("inspect junk", 4, "inspect D/junk.safetensors", "junk.safetensors: "),

                // names that are not known: 2, with the nearest
                of("command", 2, "smaple --count 1", "unknown command 'smaple'", "did you mean sample?"),
                of(
                        "option",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --sede 1",
                        "unknown option '--sede'",
                        "did you mean --seed?"),
                of(
                        "option instead of a needed one",
                        2,
                        SAMPLE + "--coumt 1 --out D/new.npy",
                        "unknown option '--coumt'",
                        "did you mean --count?"),
                of("missing option", 2, SAMPLE + "--out D/new.npy", "--count"),
                of("stray word", 2, SAMPLE + "--count 1 --out D/new.npy more", "unexpected argument 'more'"),
                of("no command", 2, "--json", "--json"),
                of(
                        "method",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --method huen@3",
                        "unknown method 'huen'",
                        "did you mean heun?"),
                of(
                        "method of rows of one's own",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --method ula:10,0.1@1",
                        "ula:10,0.1@1 starts from rows of your own",
                        "take ald"),
                of("method without steps", 2, SAMPLE + "--count 1 --out D/new.npy --method heun", "heun@100"),
                of(
                        "grid",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --method heun@3,kerras",
                        "unknown grid",
                        "did you mean karras?"),
                of(
                        "blocks of another width",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --sde nonuniform:7*vp",
                        "the process nonuniform:7*vp:0.1,20 is of 7"),
                of(
                        "scales of odd sides",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --sde haar:1,1x3",
                        "multiples of 2",
                        "take fewer levels"),
                of(
                        "blocks by implicit matching",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --sde nonuniform:2*vp/1*ve --objective implicit",
                        "learned by denoising"),
                of("process", 2, TRAIN + "D/good.csv --sde subpv", "unknown process 'subpv'", "did you mean subvp?"),
                of(
                        "network",
                        2,
                        "train --out D/new.safetensors --device cpu --data D/good.csv --network mpl:8x2",
                        "unknown network 'mpl'",
                        "did you mean mlp?",
                        "mlp:128x3"),
                of(
                        "network option",
                        2,
                        "train --out D/new.safetensors --device cpu --data D/good.csv --network mlp:8x2,tahn",
                        "'tahn'",
                        "tanh"),
                of(
                        "device",
                        2,
                        "explain --model D/model.safetensors --device cpo",
                        "auto, cpu, cpu:THREADS or cuda:N",
                        "'cpo'"),
                of("threads", 2, "explain --model D/model.safetensors --device cpu:0", "1 to 4096"),
                of("device of doctor", 2, "doctor --device gpu", "auto, cpu, cpu:THREADS or cuda:N", "'gpu'"),
                of("set", 2, TRAIN + "mons:500", "unknown built-in set 'mons'", "did you mean moons?"),
                of(
                        "set of the demo",
                        2,
                        "demo --device cpu --out D/new --set spirel",
                        "unknown built-in set 'spirel'",
                        "did you mean spiral?"),
                of(
                        "extension of data",
                        2,
                        TRAIN + "D/good.cvs",
                        "good.cvs",
                        "unknown extension '.cvs'",
                        "did you mean .csv?"),
                of("extension of samples", 2, SAMPLE + "--count 1 --out D/new.nyp", "new.nyp", "did you mean .npy?"),
                of(
                        "extension of a model",
                        2,
                        "train --data D/good.csv --out D/new.safetensor" + SMALL,
                        "did you mean .safetensors?"),
                of(
                        "no extension",
                        2,
                        SAMPLE + "--count 1 --out D/new",
                        "unknown extension",
                        ".npy, .npz, .csv, .safetensors, .png"),
                of("column", 2, TRAIN + "D/good.csv --columns a,z", "\"z\"", "a, b, c"),
                of("column number", 2, TRAIN + "D/good.csv --columns 4", "\"4\"", "a, b, c"),
                of("column twice", 2, TRAIN + "D/good.csv --columns a,1", "twice"),
                of("condition column", 2, TRAIN + "D/good.csv --given z", "--given", "'z'", "a, b, c"),
                of("nothing left to model", 2, TRAIN + "D/good.csv --given a,b,c", "no column would be left"),
                of("array of an NPZ", 2, TRAIN + "D/two.npz:c", "\"c\"", "it holds"),
                of("which array", 2, TRAIN + "D/two.npz", "choose one"),

                // numbers out of their range: 2, with the range
                of("count 0", 2, SAMPLE + "--count 0 --out D/new.npy", "--count must be at least 1, got 0"),
                of("count -3", 2, SAMPLE + "--count -3 --out D/new.npy", "--count must be at least 1, got -3"),
                of(
                        "count no number",
                        2,
                        SAMPLE + "--count five --out D/new.npy",
                        "--count",
                        "'five' is not a whole number"),
                of(
                        "count beyond 2^63",
                        2,
                        SAMPLE + "--count 9223372036854775808 --out D/new.npy",
                        "--count",
                        "9223372036854775807"),
                of(
                        "first-index negative",
                        2,
                        SAMPLE + "--count 1 --first-index -1 --out D/new.npy",
                        "--first-index must not be negative",
                        "-1"),
                of(
                        "first-index + count",
                        2,
                        SAMPLE + "--count 2 --first-index 9223372036854775806 --out D/new.npy",
                        "--first-index + --count must stay below 2^63"),
                of(
                        "no steps of a method",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --method heun@0",
                        "steps must be positive, got 0"),
                of("an option twice", 2, TRAIN + "D/good.csv --steps 3", "--steps", "should be specified only once"),
                of(
                        "training steps",
                        2,
                        "train --device cpu --data D/good.csv --out D/new.safetensors --steps 0",
                        "--steps: ",
                        "1 to 10^12, got 0"),
                of(
                        "batch",
                        2,
                        "train --device cpu --data D/good.csv --out D/new.safetensors --batch 99999999",
                        "--batch: ",
                        "1 to 2^24, got 99999999"),
                of("learning rate", 2, TRAIN + "D/good.csv --lr 0", "--lr: ", "in (0, 1], got 0.0"),
                of("learning rate NaN", 2, TRAIN + "D/good.csv --lr NaN", "--lr: ", "in (0, 1], got NaN"),
                of("ema", 2, TRAIN + "D/good.csv --ema 1", "--ema: ", "in [0, 1), got 1.0"),
                of(
                        "checkpoint-every",
                        2,
                        TRAIN + "D/good.csv --checkpoint-every 0",
                        "--checkpoint-every: ",
                        "positive, got 0"),
                of(
                        "hold-out",
                        2,
                        TRAIN + "D/good.csv --hold-out 1",
                        "--hold-out must be at least 0 and below 1, got 1.0"),
                of(
                        "hold-out of too few rows",
                        2,
                        TRAIN + "D/one.csv --hold-out 0.5",
                        "--hold-out: ",
                        "one side empty",
                        "--hold-out 0"),
                of(
                        "process parameters",
                        2,
                        TRAIN + "D/good.csv --sde vp:20,0.1",
                        "0 < first <= last, got 20.0 and 0.1"),
                of(
                        "width of the network",
                        2,
                        "train --device cpu --data D/good.csv --out D/new.safetensors --network mlp:0x2",
                        "mlp"),
                of(
                        "depth of the network",
                        2,
                        "train --device cpu --data D/good.csv --out D/new.safetensors --network mlp:8x99",
                        "1 to 64",
                        "8x99"),
                of(
                        "a network that fits no array",
                        2,
                        "train --hold-out 0 --device cpu --data D/good.csv --out D/new.safetensors --network mlp:8192x64",
                        "mlp:8192x64",
                        "2^31"),
                of("rows of a set", 2, TRAIN + "moons:0", "moons:0", "1 to 100000000"),
                of("set without rows", 2, TRAIN + "moons", "NAME:ROWS", "moons:20000"),
                of(
                        "samples to judge",
                        2,
                        "evaluate --device cpu --model D/model.safetensors --data D/good.csv --count 1",
                        "--count must be at least 2"),
                of(
                        "rows of pairs",
                        2,
                        "evaluate --device cpu --model D/model.safetensors --data D/good.csv --rows 1",
                        "--rows must be at least 2, got 1"),
                of(
                        "rows to judge by",
                        2,
                        "evaluate --device cpu --model D/model.safetensors --data D/one.csv --count 5",
                        "two rows at least"),
                of(
                        "rows of halves",
                        2,
                        "evaluate --device cpu --model D/model.safetensors --data D/pair.csv --count 5",
                        "four rows at least are needed",
                        "there are 2"),
                of(
                        "classes in another order of columns",
                        2,
                        TRAIN + "D/turned.csv --against D/pair.csv --for D/model.safetensors",
                        "class 'pair'",
                        "[a, b]"),
                of(
                        "classes whose columns are not in the model's order",
                        2,
                        TRAIN + "D/turned.csv --hold-out 0 --against D/again.csv --for D/model.safetensors",
                        "[a, b]",
                        "[b, a]"),
                of("demo steps", 2, "demo --device cpu --out D/new --steps 0", "1 to 10^12, got 0"),

                // places that must not be written: 2
                of("out is a directory", 2, SAMPLE + "--count 1 --out D/folder", "folder is a directory"),
                of("out in no directory", 2, SAMPLE + "--count 1 --out D/none/new.npy", "none", "create it first"),
                of("out is the model", 2, SAMPLE + "--count 1 --force --out D/model.safetensors", "is the input"),
                of(
                        "out is the model, by another path",
                        2,
                        SAMPLE + "--count 1 --force --out D/folder/../model.safetensors",
                        "is the input"),
                of(
                        "out is the condition",
                        2,
                        GIVEN.replace("D/new.npy", "D/good.csv") + "--force --given y=D/good.csv",
                        "is the input"),
                of("out exists", 2, SAMPLE + "--count 1 --out D/two.npz", "two.npz exists", "--force"),
                of(
                        "model exists",
                        2,
                        "train --data D/good.csv --out D/model.safetensors" + SMALL,
                        "model.safetensors exists",
                        "--force"),
                of("demo in a file", 2, "demo --device cpu --out D/good.csv", "good.csv is not a folder"),

                // things that do not fit each other: 2
                of(
                        "condition of the wrong width",
                        2,
                        GIVEN + "--given y=D/two.npz:a",
                        "--given y",
                        "1 columns",
                        "has 2: b, c"),
                of(
                        "too few conditions",
                        2,
                        GIVEN.replace("--count 3", "--count 9") + "--given y=D/good.csv",
                        "has 6 rows",
                        "9 are needed"),
                of("no condition", 2, GIVEN, "needs the condition 'y' (b, c)", "--given y=FILE"),
                of("unknown condition", 2, GIVEN + "--given z=D/good.csv", "unknown condition 'z'", "known: y"),
                of(
                        "condition for a model without",
                        2,
                        SAMPLE + "--count 1 --out D/new.npy --given y=D/good.csv",
                        "without conditions"),
                of("condition without a file", 2, GIVEN + "--given y", "--given"),
                of(
                        "dropped from nothing",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --drop 0.1",
                        "no condition that could be dropped",
                        "--given"),
                of("dropped always", 2, TRAIN + "D/good.csv --given c --drop 1", "--drop", "0 to below 1, got 1"),
                of(
                        "noise of no condition",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --condition-noise ve",
                        "network without conditions"),
                of(
                        "unknown condition noise",
                        2,
                        TRAIN + "D/good.csv --given c --condition-noise v",
                        "unknown process 'v'"),
                of(
                        "condition noise that shrinks in no steps",
                        2,
                        TRAIN + "D/good.csv --given c --condition-noise ve:0.01,3..ve:0.01,0.5",
                        "--condition-noise",
                        "says no steps; write FROM..TO@STEPS"),
                of(
                        "condition noise that grows",
                        2,
                        TRAIN + "D/good.csv --given c --condition-noise ve:0.01,0.5..ve:0.01,3@9",
                        "--condition-noise",
                        "goes from more to less, got 0.5 to 3.0"),
                of(
                        "condition noise of half a step",
                        2,
                        TRAIN + "D/good.csv --given c --condition-noise ve:0.01,3..ve:0.01,0.5@1.5",
                        "--condition-noise",
                        "'1.5'"),
                of("classifier for nothing", 2, TRAIN + "D/good.csv --classify c", "--classify needs --for MODEL"),
                of("others for nothing", 2, TRAIN + "D/good.csv --against D/good.csv", "--against needs --for MODEL"),
                of("classifier of nothing", 2, TRAIN + "D/good.csv --for D/model.safetensors", "--classify COLUMN"),
                of("classifier of both", 2, CLASSIFY + "c --against D/good.csv", "one of them"),
                of("classifier by scores", 2, CLASSIFY + "c --weighting edm", "--weighting is of score models"),
                of("classifier of no column", 2, CLASSIFY + "d", "--classify", "no column 'd'"),
                of(
                        "classifier of the model's columns",
                        2,
                        TRAIN + "D/good.csv --hold-out 0 --for D/model.safetensors --classify b --columns a,b",
                        "the model's rows have the columns [a, b], those of the classes [a]"),
                of(
                        "two files of one name",
                        2,
                        TRAIN + "D/good.csv --for D/model.safetensors --against D/good.csv",
                        "two classes would be called 'good'"),
                of("guided toward nothing", 2, OBSERVE + "--guidance classifier:x,1", "classifier:FILE,CLASS,WEIGHT"),
                of("guided without end", 2, OBSERVE + "--guidance classifier:x,1,Infinity", "must be finite"),
                of("guided by no file", 4, OBSERVE + "--guidance classifier:D/none.safetensors,1,1", "does not exist"),
                of("guided by half", 2, OBSERVE + "--guidance 1,2", "'1,2' has 2 numbers"),
                of(
                        "guided without being trained for it",
                        2,
                        OBSERVE + "--guidance 2",
                        "trained with dropped conditions",
                        "--drop 0.1"),
                of(
                        "a path of conditions that are not noised",
                        2,
                        OBSERVE + "--condition-path",
                        "models whose conditions are noised",
                        "--condition-noise"),
                of("operator of nothing seen", 2, OBSERVE + "--operator columns:a", "--operator", "--observe FILE"),
                of("noise of nothing seen", 2, OBSERVE + "--noise 1", "--noise", "--observe FILE"),
                of("seen, but how", 2, OBSERVE + "--observe D/good.csv", "--observe needs --operator"),
                of("unknown operator", 2, SEEN + "--operator bluer:3x3,1", "'bluer'", "did you mean blur?"),
                of("unknown solver", 2, SEEN + "--operator columns:a --solver pigmd", "'pigmd'", "did you mean pigdm?"),
                of("unknown column seen", 2, SEEN + "--operator columns:z", "unknown column 'z'", "a, b"),
                of("operator of other rows", 2, SEEN + "--operator blur:3x3,1", "rows of 9 numbers", "have 2: a, b"),
                of("seen of another width", 2, SEEN + "--operator matrix:D/one.csv", "has 3 columns", "sees 1 numbers"),
                of("negative noise", 2, SEEN + "--operator columns:a --noise -1", "0 or above, got -1"),
                of(
                        "dps without noise",
                        2,
                        SEEN + "--operator columns:a --solver dps",
                        "noise of the observation, which is 0"),
                of(
                        "too few rows seen",
                        2,
                        (SEEN + "--operator columns:a").replace("--count 3", "--count 9"),
                        "has 6 rows",
                        "9 are needed"),
                of(
                        "judged by other columns",
                        2,
                        "evaluate --device cpu --model D/model.safetensors --data D/good.csv",
                        "a, b",
                        "a, b, c",
                        "--columns"),
                of(
                        "judged without conditions",
                        2,
                        "evaluate --device cpu --model D/conditional.safetensors --data D/good.csv",
                        "--given"),
                of(
                        "resume with other data",
                        2,
                        resume + "--steps 2 --data D/good.csv --columns b,c",
                        "cannot resume",
                        "rows or columns differ"),
                of(
                        "resume with other settings",
                        2,
                        resume + "--steps 3 --data D/good.csv --columns a,b",
                        "cannot resume",
                        "steps, batch, rates or seed differ"),
                of(
                        "resume with another seed",
                        2,
                        resume + "--steps 2 --seed 4 --data D/good.csv --columns a,b",
                        "cannot resume"),
                of(
                        "resume with another process",
                        2,
                        resume + "--steps 2 --sde ve --data D/good.csv --columns a,b",
                        "cannot resume",
                        "process, network or weighting differ"),
                of(
                        "resume from nowhere",
                        2,
                        TRAIN + "D/good.csv --resume D/none",
                        "--resume",
                        "no directory of checkpoints"),
                of(
                        "resume from a file",
                        2,
                        TRAIN + "D/good.csv --resume D/good.csv",
                        "--resume",
                        "no directory of checkpoints"),

                // devices
                of("no such GPU", 3, "explain --model D/model.safetensors --device cuda:4000", "4000"),
                of(
                        "no such GPU to train on",
                        3,
                        "train --hold-out 0 --data D/good.csv --out D/new.safetensors --device cuda:4000"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void isOneLineAndACode(String name, int code, String command, List<String> said) throws IOException {
        Map<String, String> before = Cli.snapshot(shared);
        Cli.Ran ran = Cli.run(command.replace("D/", shared + "/"));
        ran.failed(code, said.toArray(String[]::new));
        assertEquals(before, withoutLocks(Cli.snapshot(shared), before), "nothing appears, nothing changes");
    }

    /** A resumed run takes the directory's lock, whose file stays. */
    private static Map<String, String> withoutLocks(Map<String, String> after, Map<String, String> before) {
        after.replaceAll(
                (name, hash) -> name.endsWith("run.lock") && before.containsKey(name) ? before.get(name) : hash);
        after.keySet().removeIf(name -> name.endsWith(".checkpoints/run.lock") && !before.containsKey(name));
        return after;
    }

    @BeforeEach
    void isAlone() {
        assertEquals(0, folder.toFile().list().length);
    }

    @Test
    void twoRunsOnOneDirectoryAreRefused() throws IOException {
        Path checkpoints = Files.createDirectory(folder.resolve("m.safetensors.checkpoints"));
        try (RunLock held = RunLock.acquire(checkpoints, FileActions.disk())) {
            Map<String, String> before = Cli.snapshot(folder);
            for (String how : List.of("", " --resume " + checkpoints)) {
                Cli.run("train --hold-out 0 --data " + shared + "/good.csv --out " + folder.resolve("m.safetensors")
                                + SMALL + how)
                        .failed(
                                2,
                                "is in use by another run (process "
                                        + ProcessHandle.current().pid() + ")");
            }
            assertEquals(before, Cli.snapshot(folder));
        }
        Cli.run("train --hold-out 0 --data " + shared + "/good.csv --out " + folder.resolve("m.safetensors") + SMALL)
                .ok();
    }

    /** A newer checkpoint that is damaged is passed over, in words; the one before it is taken. */
    @Test
    void aDamagedCheckpointIsPassedOver() throws IOException {
        String train = "train --hold-out 0 --checkpoint-every 1 --data " + shared + "/good.csv --out "
                + folder.resolve("m.safetensors") + SMALL;
        Cli.run(train).ok();
        byte[] model = Files.readAllBytes(folder.resolve("m.safetensors"));
        Path checkpoints = folder.resolve("m.safetensors.checkpoints");
        Path newest = checkpoints.resolve("step-000000000002.ckpt");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length / 2]++;
        Files.write(newest, bytes);
        Cli.run(train + " --force --resume " + checkpoints).ok();
        assertArrayEquals(model, Files.readAllBytes(folder.resolve("m.safetensors")));
    }

    /** A device that is too small for what is asked: the code of memory, and nothing is left. */
    @Test
    void aNetworkThatDoesNotFitIsMemory() throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        Cli.run("train --device cpu --data moons:50 --network mlp:8x16 --batch 16777216 --out "
                        + folder.resolve("m.safetensors"))
                .failed(5, "bytes free; use a smaller batch");
        assertEquals(before, Cli.snapshot(folder));
    }

    @CommandLine.Command(name = "throw")
    private record Throwing(Throwable thrown) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (Exception) thrown;
        }
    }

    static Stream<Arguments> thrown() {
        return Stream.of(
                Arguments.of(new OutOfMemoryError("Java heap space"), 5, "out of memory"),
                Arguments.of(new OutOfDeviceMemoryException("cuda:0", 100, 10), 5, "cuda:0"),
                Arguments.of(new DeviceUnavailableException("no driver\nat all"), 3, "no driver; at all"),
                Arguments.of(new DeviceException("step_f32 failed"), 1, "step_f32 failed"),
                Arguments.of(new MalformedFileException("a.csv", "row 1", "is\nbroken"), 4, "a.csv: row 1: "),
                Arguments.of(new java.nio.file.NoSuchFileException("b.npy"), 4, "b.npy: no such file"),
                Arguments.of(new java.nio.file.AccessDeniedException("c.npy"), 1, "c.npy: permission denied"),
                Arguments.of(
                        new java.io.UncheckedIOException(new IOException("No space left on device")),
                        1,
                        "No space left"),
                Arguments.of(new StackOverflowError(), 1, "StackOverflowError"),
                Arguments.of(new NullPointerException(), 1, "tweedie.trace=true"));
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whateverIsThrownIsOneLineAndACode(Throwable thrown, int code, String said) {
        StringWriter err = new StringWriter();
        CommandLine line =
                Main.commandLine().addSubcommand("throw", new Throwing(thrown)).setErr(new PrintWriter(err));
        assertEquals(code, line.execute("throw"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().startsWith("tweedie: ") && err.toString().contains(said), err.toString());
    }

    /** Words thrown together: a code that is known, never a stack, and no file. */
    @Test
    void wordsThrownTogetherNeverFailUnforeseen() throws IOException {
        String[] words = {
            "train",
            "sample",
            "evaluate",
            "explain",
            "inspect",
            "doctor",
            "natives",
            "--data",
            "--out",
            "--model",
            "--count",
            "--given",
            "--columns",
            "--method",
            "--sde",
            "--network",
            "--steps",
            "--batch",
            "--lr",
            "--seed",
            "--first-index",
            "--device",
            "--json",
            "--dry-run",
            "--hold-out",
            "cpu",
            "cuda:0",
            "cpu:99999999999",
            "moons:50",
            "moons:",
            "moons:5:",
            ":",
            "",
            " ",
            "-1",
            "0",
            "3",
            "1e400",
            "NaN",
            "em@",
            "@",
            "em@1,",
            "ddim:9e999@2",
            "pc@1",
            "pc:a,b@2",
            "vp:",
            "vp:,",
            "ve:0,0",
            "vp:1,2,3,4",
            "mlp:",
            "mlp:8",
            "mlp:8x2,",
            "mlp:99999999999x1",
            "y=",
            "=y",
            "y=\0",
            "\0",
            "x.npz:",
            ".npz:a",
            ".csv",
            "..",
            "/",
            "-",
            "--",
            "''",
            "\ud800",
            "--x=\n",
            "@x",
            "${sys:user.home}",
            "%s%n",
            "99999999999999999999",
            shared + "/good.csv",
            shared + "/model.safetensors",
            shared + "/two.npz:a"
        };
        Random random = new Random(20);
        Map<String, String> before = Cli.snapshot(shared);
        for (int i = 0; i < 1_000; i++) {
            List<String> line = new ArrayList<>(List.of(words[random.nextInt(7)]));
            boolean whole = random.nextBoolean();
            if (whole) {
                line.addAll(List.of(
                        "--data",
                        shared + "/good.csv",
                        "--model",
                        shared + "/model.safetensors",
                        "--out",
                        folder + "/none/x.safetensors",
                        "--count",
                        "2"));
                line.removeIf(word -> line.get(0).equals("train")
                        && (word.equals("--count") || word.equals("2") || word.contains("model")));
            }
            for (int n = random.nextInt(6); n >= 0; n--) {
                line.add(words[random.nextInt(words.length)]);
            }
            if (line.get(0).equals("natives") || line.contains("--dry-run") && random.nextInt(20) > 0) {
                continue; // the one writes, the other takes a while
            }
            Cli.Ran ran = Cli.runAll(line);
            assertTrue(List.of(0, 2, 3, 4).contains(ran.code()), i + ": " + ran);
            assertFalse(ran.err().contains("Exception") || ran.err().contains("\tat "), i + ": " + ran);
        }
        assertEquals(before, Cli.snapshot(shared));
        assertEquals(0, folder.toFile().list().length);
    }
}
