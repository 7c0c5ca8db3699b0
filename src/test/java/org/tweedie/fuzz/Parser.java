package org.tweedie.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.tweedie.BridgeModel;
import org.tweedie.Classifier;
import org.tweedie.ConditionalBridge;
import org.tweedie.FirstHittingModel;
import org.tweedie.Model;
import org.tweedie.SchrodingerBridge;
import org.tweedie.ScoreModel;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.bridge.domain.BridgeBase;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.cli.CommandLines;
import org.tweedie.device.Device;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.guidance.ClassifierSpec;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.inverse.OperatorSpec;
import org.tweedie.inverse.SolverSpec;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointFile;
import org.tweedie.io.Csv;
import org.tweedie.io.CsvOptions;
import org.tweedie.io.Json;
import org.tweedie.io.Npy;
import org.tweedie.io.Npz;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.score.Architecture;
import org.tweedie.sde.AnnealedLangevin;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.PredictorCorrector;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.TimeGrid;
import org.tweedie.testing.Depth;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Encoding;

/** The parsers that are fuzzed: how each reads an input, and what it must have met at the end. */
enum Parser {
    /** Every tensor is read as what it is. */
    SAFETENSORS(
            1_000_000,
            10_000_000,
            List.of(
                    "io/Safetensors.java",
                    "io/SafetensorsHeader.java",
                    "io/Source.java",
                    "io/Utf8.java",
                    "io/ReadLimits.java"),
            List.of("result of bytes", "result of floats", "result of doubles", "result of longs"),
            Map.of(
                    "expected a tensor's name", "Jackson finds a name or an end there, or says so itself",
                    "* elements, above the 2^31 of one array", "the file would be 2 GiB",
                    "is longer than 2 GiB", "the file would be 2 GiB",
                    "the file ends too early", "lengths are compared before")) {
        @Override
        void read(byte[] input, Tally tally) throws Exception {
            tally.file("bytes", () -> {
                try (Safetensors file = Safetensors.of(Given.NAME, input, Given.LIMITS)) {
                    for (SafetensorsHeader.Entry entry : file.tensors()) {
                        tally.file("floats", () -> file.floats(entry.name()));
                        tally.file("doubles", () -> file.doubles(entry.name()));
                        tally.file("longs", () -> file.longs(entry.name()));
                        if (file.bytes(entry.name()).length != entry.bytes()) {
                            throw new AssertionError(entry.toString());
                        }
                    }
                    tally.file("floats", () -> file.floats("none"));
                }
            });
        }
    },

    NPY(
            1_000_000,
            10_000_000,
            List.of(
                    "io/Npy.java",
                    "io/NpyFormat.java",
                    "io/NpyType.java",
                    "io/Source.java",
                    "io/Utf8.java",
                    "io/ReadLimits.java"),
            List.of("result of array"),
            Map.of(
                    "* values, above the 2^31 of one table; read it by rows", "the file would be 8 GiB",
                    "the file ends too early", "lengths are compared before")) {
        @Override
        void read(byte[] input, Tally tally) throws Exception {
            tally.file("array", () -> Npy.read(Given.NAME, input, Given.LIMITS));
        }
    },

    /** As it is, and with all checksums made right, so that what lies behind them is reached. */
    NPZ(
            1_000_000,
            10_000_000,
            List.of("io/Npz.java", "io/ZipDirectory.java", "io/ZipEntryStream.java"),
            List.of("result of archive", "result of mended archive", "result of array"),
            Map.of(
                    "* holds * arrays; choose one, as *:* (*)", "not asked for here",
                    "* holds no array *; it holds *", "not asked for here")) {
        @Override
        void read(byte[] input, Tally tally) throws Exception {
            tally.file("archive", () -> arrays(input, tally));
            byte[] mended = Mending.npz(input);
            if (mended != input) {
                tally.file("mended archive", () -> arrays(mended, tally));
            }
        }

        private void arrays(byte[] input, Tally tally) throws Exception {
            try (Npz archive = Npz.of(Given.NAME, input, Given.LIMITS)) {
                for (String name : archive.names()) {
                    tally.file("array", () -> archive.read(name));
                }
            }
        }

        @Override
        List<String> around() {
            return NPY.sources();
        }
    },

    /** With a header if there is one, without, and by chosen columns. */
    CSV(
            1_000_000,
            10_000_000,
            List.of(
                    "io/Csv.java",
                    "io/CsvRows.java",
                    "io/ColumnChoice.java",
                    "io/Utf8Reader.java",
                    "io/ReadLimits.java"),
            List.of("result of defaults", "result of semicolons", "result of columns"),
            Map.of(
                    "*", "fastcsv has no other words that are known",
                    "a cell longer than 1,048,576 characters, or an unclosed quote",
                            "the file would be 1 MiB, see CsvTest",
                    "more than 2^31 numbers; split the file or use NPY", "the file would be 4 GiB")) {
        private final CsvOptions semicolons =
                CsvOptions.defaults().withSeparator(';').withHeader(CsvOptions.Header.ABSENT);
        private final CsvOptions columns = CsvOptions.defaults().withColumns(List.of("b", "1"));

        @Override
        void read(byte[] input, Tally tally) throws Exception {
            tally.file("defaults", () -> Csv.read(Given.NAME, input, CsvOptions.defaults(), Given.LIMITS));
            tally.file("semicolons", () -> Csv.read(Given.NAME, input, semicolons, Given.LIMITS));
            tally.text("columns", () -> Csv.read(Given.NAME, input, columns, Given.LIMITS));
        }
    },

    /** As it is, and with all hashes and the length made right. */
    CHECKPOINT(
            1_000_000,
            10_000_000,
            List.of(
                    "io/Checkpoint.java",
                    "io/CheckpointFile.java",
                    "io/Json.java",
                    "io/Source.java",
                    "io/Utf8.java",
                    "io/ReadLimits.java"),
            List.of(
                    "result of checkpoint",
                    "result of mended checkpoint",
                    "result of fields",
                    "result of floats",
                    "result of array"),
            Map.of(
                    "longer than 2 GiB", "the file would be",
                    "section * is put twice", "of the writer",
                    "section name * is not made of 1 to 255 of A-Z a-z 0-9 _ . / -", "of the writer")) {
        @Override
        void read(byte[] input, Tally tally) throws Exception {
            tally.file("checkpoint", () -> sections(CheckpointFile.read(Given.NAME, input, Given.LIMITS), tally));
            byte[] mended = Mending.checkpoint(input);
            if (mended != input) {
                tally.file(
                        "mended checkpoint",
                        () -> sections(CheckpointFile.read(Given.NAME, mended, Given.LIMITS), tally));
            }
        }

        private void sections(Checkpoint checkpoint, Tally tally) throws Exception {
            tally.file("fields", () -> checkpoint.fields("settings"));
            tally.file("floats", () -> checkpoint.floats("weights", 3));
            tally.file("longs", () -> checkpoint.longs("step", 1));
            tally.file(
                    "array",
                    () -> Json.readArray(
                            new String(checkpoint.bytes("settings"), StandardCharsets.UTF_8), Given.NAME, "settings"));
        }
    },

    /**
     * A model file, of which the device gets the weights: what safetensors hold, read as a process, a network and columns; or a bridge of any kind or walks that hit,
     * as they are and with their hash made right.
     */
    MODEL(
            20_000,
            1_000_000,
            List.of(
                    "ModelFile.java",
                    "NonUniformFile.java",
                    "ClassifierFile.java",
                    "BridgeFile.java",
                    "JoinedFile.java",
                    "ConditionalFile.java",
                    "BridgeModelFile.java",
                    "HittingFile.java",
                    "SealedFile.java"),
            List.of(
                    "result of model",
                    "result of any model",
                    "result of classifier",
                    "result of bridge",
                    "result of mended bridge",
                    "result of conditional bridge",
                    "result of mended conditional bridge",
                    "result of first hitting",
                    "result of mended first hitting",
                    "result of bridge into a domain",
                    "result of mended bridge into a domain"),
            Map.of()) {
        private final Device device = Device.open("cpu:1");

        @Override
        void read(byte[] input, Tally tally) throws Exception {
            Path file = Files.write(Given.SCRATCH.resolve(Given.NAME), input);
            tally.file("model", () -> ScoreModel.load(file, device).close());
            tally.file("any model", () -> Model.load(file, device).close());
            tally.file("classifier", () -> Classifier.load(file, device).close());
            tally.file("bridge", () -> SchrodingerBridge.load(file, device).close());
            tally.file(
                    "conditional bridge",
                    () -> ConditionalBridge.load(file, device).close());
            tally.file(
                    "first hitting", () -> FirstHittingModel.load(file, device).close());
            tally.file(
                    "bridge into a domain", () -> BridgeModel.load(file, device).close());
            byte[] mended = Mending.sealed(input);
            if (mended != input) {
                Files.write(file, mended);
                tally.file(
                        "mended bridge",
                        () -> SchrodingerBridge.load(file, device).close());
                tally.file(
                        "mended conditional bridge",
                        () -> ConditionalBridge.load(file, device).close());
                tally.file(
                        "mended first hitting",
                        () -> FirstHittingModel.load(file, device).close());
                tally.file(
                        "mended bridge into a domain",
                        () -> BridgeModel.load(file, device).close());
            }
            if (device.allocatedBytes() != 0) {
                throw new AssertionError(device.allocatedBytes() + " bytes are still held");
            }
        }
    },

    /** The little languages, each asked about the same text; what is understood is printed and understood again. */
    SPECS(
            100_000,
            1_000_000,
            List.of(
                    "sde/ProcessSpec.java",
                    "sde/MethodSpec.java",
                    "sde/Spelling.java",
                    "score/Mlp.java",
                    "score/TimeEmbedding.java",
                    "score/Architecture.java",
                    "train/Normaliser.java",
                    "train/Encoding.java",
                    "device/Devices.java",
                    "sde/LinearRate.java",
                    "sde/VeSde.java",
                    "sde/LogSnrVpSde.java",
                    "sde/NonUniformSde.java",
                    "train/HaarPyramid.java",
                    "train/EncodingChain.java",
                    "sde/Cutoff.java",
                    "sde/CldSde.java",
                    "sde/Sscs.java",
                    "sde/FlexibleSde.java",
                    "sde/FlexibleTrajectory.java",
                    "sde/GridShape.java",
                    "sde/MonotoneSchedule.java",
                    "sde/Ddim.java",
                    "sde/EdmChurn.java",
                    "sde/PredictorCorrector.java",
                    "sde/AnnealedLangevin.java",
                    "sde/Langevin.java",
                    "sde/MarginalFamily.java",
                    "sde/UniPc.java",
                    "sde/AdaptiveFlow.java",
                    "sde/GottaGoFast.java",
                    "sde/OwnPace.java",
                    "sde/Trajectory.java",
                    "sde/TimeGrid.java",
                    "inverse/OperatorSpec.java",
                    "inverse/ImageSize.java",
                    "inverse/SolverSpec.java",
                    "guidance/ClassifierFree.java",
                    "guidance/ClassifierSpec.java",
                    "train/Conditioning.java",
                    "train/ShrinkingNoise.java",
                    "bridge/Reference.java",
                    "bridge/StepSizes.java",
                    "bridge/Matching.java",
                    "bridge/LawSpec.java",
                    "bridge/Features.java",
                    "hitting/HittingDomain.java",
                    "hitting/UnitBall.java",
                    "hitting/Cube.java",
                    "hitting/Categories.java",
                    "hitting/HalfSpace.java",
                    "hitting/HittingSteps.java",
                    "bridge/domain/DomainText.java",
                    "bridge/domain/DomainPart.java",
                    "bridge/domain/BridgeBase.java",
                    "bridge/domain/LinearBase.java",
                    "bridge/domain/Clock.java"),
            List.of(
                    "result of operator",
                    "result of guidance by a classifier",
                    "result of noise of conditions",
                    "result of solver",
                    "result of guidance",
                    "result of reference",
                    "result of step sizes",
                    "result of matching",
                    "result of law",
                    "result of domain to hit",
                    "result of steps of walks",
                    "result of domain",
                    "result of base of bridges",
                    "result of process",
                    "result of process of rows",
                    "result of plan of pairs",
                    "result of plan of matrices",
                    "result of blocks",
                    "result of method",
                    "result of grid",
                    "result of network",
                    "result of encoding",
                    "result of plan",
                    "result of device"),
            Map.ofEntries(
                    Map.entry("weights are of finite sets, got *", "of weights that are given as numbers"),
                    Map.entry(
                            "a finite domain has a weight a point, got * for *",
                            "of weights that are given as numbers"),
                    Map.entry(
                            "logarithms of weights must be finite and within 1e4 of 0, got *",
                            "of weights that are given as numbers"),
                    Map.entry("a finite domain has 1 to * points in a factor, got *", "the text would be 128 KiB"),
                    Map.entry(
                            "* has * weights, more than the 2^31 of one array; make it narrower",
                            "of weights that are made"),
                    Map.entry(
                            "annealed Langevin dynamics needs noise at its last level; end at the cutoff *",
                            "of another grid"),
                    Map.entry(
                            "the prior fills position and velocity, got * registers",
                            "of a prior that is written by hand"),
                    Map.entry(
                            "a flexible process of * coordinates has a rate for each of them, and cannot go to *",
                            "of another space"),
                    Map.entry(
                            "a flexible process is sampled from its horizon 1 down, got times from * to *",
                            "of a grid turned around"),
                    Map.entry(
                            "blocks of their own speed have a score for each of * parts of the way, and another field"
                                    + " gives one; train the model with dropped conditions",
                            "of guidance by a field that is given"),
                    Map.entry("blocks of * coordinates do not fit a space of *", "of another space"),
                    Map.entry("two blocks named '*'", "of blocks given one by one"),
                    Map.entry("the start has a register for each of * blocks, got *", "of a plan written by hand"),
                    Map.entry("a process of * intervals needs a step in each, got * steps", "of another process"),
                    Map.entry("a chain of encodings has at least one", "of encodings given one by one"),
                    Map.entry("a time grid has at least one time", "of times given one by one"),
                    Map.entry("method * needs a way to go, got a grid of one time", "of times given one by one"),
                    Map.entry("time * of the grid is past the horizon * of *", "of times given one by one"),
                    Map.entry(
                            "a step cannot start at time 0, where the score is singular; start at the cutoff *",
                            "of times given one by one"),
                    Map.entry(
                            "method * draws noise, so its grid must fall; to encode, use ddim:0, heun or dpm2m",
                            "of a grid turned around"),
                    Map.entry("times must be finite and not negative, got * at *", "of times given one by one"),
                    Map.entry("times must fall or rise strictly, got * then * at *", "of times given one by one"),
                    Map.entry(
                            "only a falling grid that ends above 0 has a step to 0 left", "of times given one by one"),
                    Map.entry("rho must be positive, got *", "of another grid"),
                    Map.entry(
                            "conditions and rows share their times, so the process of conditions ends at * too, got * to *",
                            "of the process of rows"),
                    Map.entry(
                            "conditions that are noised need a process of rows whose times keep their noise, and vdm learns its schedule; take vp, or clean conditions",
                            "of the process of rows"),
                    Map.entry(
                            "conditions are dropped with a probability from 0 to below 1, got *; 0.1 to 0.2 are usual",
                            "of a share that is given as a number"),
                    Map.entry("noise shrinks to that of the conditions, got * for *", "of noises given one by one"),
                    Map.entry("frequencies are seen up to 0 or more, got *", "of the operator, once it is made"),
                    Map.entry(
                            "a law * has no such numbers, got * centres, scale *, penalty *",
                            "of numbers given one by one"),
                    Map.entry(
                            "row * is no unit vector, its length is *: *; divide rows by their lengths; latitude and longitude are those of the domain earth",
                            "of rows of data"),
                    Map.entry(
                            "row * is no place on the earth: latitude *, longitude *; the first column goes from -90 to 90 degrees, the second from -180 to 360",
                            "of rows of data"),
                    Map.entry(
                            "row * is no row of zeros and ones, it holds * in column *; levels are those of the domain of categories",
                            "of rows of data"),
                    Map.entry(
                            "row * has the level * of category *, whose levels are 0 to *; count levels from 0, or give the domain more",
                            "of rows of data"),
                    Map.entry(
                            "row * has * levels of category *, one is 1 and the others are 0; columns(levels) writes such rows",
                            "of rows of data"),
                    Map.entry("row * is not finite: *; leave it out", "of rows of data"),
                    Map.entry("* levels are no rows of * categories", "of rows of data"),
                    Map.entry("* numbers are no rows of *", "of rows of data"),
                    Map.entry("a cube has at least one dimension, got 0", "of numbers given one by one"),
                    Map.entry("rows of categories have at least one, got 0", "of numbers given one by one"))) {
        @Override
        List<String> around() {
            return List.of("sde/VpSde.java");
        }

        @Override
        void read(byte[] input, Tally tally) throws Exception {
            String text = new String(input, StandardCharsets.UTF_8);
            again("process", text, spec -> ProcessSpec.process(spec).spec(), tally);
            again("process of rows", text, spec -> ProcessSpec.parse(spec).spec(), tally);
            again("blocks", text, spec -> NonUniformSde.parse(spec).spec(), tally);
            again("method", text, spec -> MethodSpec.parse(spec).spec(), tally);
            if (text.contains("@")) {
                tally.text("plan", () -> {
                    MethodSpec method = MethodSpec.parse(text);
                    long each = updates(method); // some grids have a step less
                    if (method.steps() * each <= 50 || (method.steps() - 1) * each > TimeGrid.MOST) {
                        method.plan(ProcessSpec.parse("vp"));
                    }
                });
                tally.text("plan of pairs", () -> {
                    MethodSpec method = MethodSpec.parse(text);
                    if (method.steps() <= 50) {
                        method.plan(ProcessSpec.process("cld"));
                    }
                });
                tally.text("plan of matrices", () -> {
                    MethodSpec method = MethodSpec.parse(text);
                    if (method.steps() <= 50) {
                        method.plan(ProcessSpec.process("flexible:0.1,20,1e-3;1,2;0.5"));
                    }
                });
            }
            again("operator", text, spec -> OperatorSpec.parse(spec).spec(), tally);
            again("solver", text, spec -> SolverSpec.parse(spec).spec(), tally);
            again("guidance", text, spec -> ClassifierFree.parse(spec).spec().substring("cfg:".length()), tally);
            again(
                    "guidance by a classifier",
                    text,
                    spec -> ClassifierSpec.parse(spec).spec(),
                    tally);
            again("noise of conditions", text, Parser::noise, tally);
            again("reference", text, spec -> Reference.parse(spec).spec(), tally);
            again("step sizes", text, spec -> StepSizes.parse(spec).spec(), tally);
            again("law", text, spec -> LawSpec.parse(spec).spec(), tally);
            again("domain to hit", text, spec -> HittingDomain.parse(spec).spec(), tally);
            again("steps of walks", text, spec -> HittingSteps.parse(spec).spec(), tally);
            again("matching", text, spec -> Matching.parse(spec).spec(), tally);
            again("domain", text, spec -> BridgeDomain.parse(spec).spec(), tally);
            again("base of bridges", text, spec -> BridgeBase.parse(spec).spec(), tally);
            again("grid", text, spec -> MethodSpec.shape(spec).spec(), tally);
            again("network", text, spec -> Architecture.parse(spec).spec(), tally);
            again("encoding", text, spec -> Encoding.parse(spec).spec(), tally);
            if (!namesGpu(text)) {
                tally.text("device", () -> Device.open(text).close());
            }
        }

        /** In a step. Plans of a million updates take a moment, as they may, and so are not asked for here. */
        private long updates(MethodSpec method) {
            if (method.method() instanceof PredictorCorrector corrected) {
                return corrected.corrections();
            }
            return method.method() instanceof AnnealedLangevin langevin ? langevin.perLevel() : 1;
        }

        /** What names a GPU is not opened here. */
        private boolean namesGpu(String text) {
            return text.equals("auto") || text.matches("cuda:[0-9]+");
        }

        private void again(String language, String text, Function<String, String> reading, Tally tally)
                throws Exception {
            tally.text(language, () -> {
                String printed = reading.apply(text);
                String twice = reading.apply(printed);
                if (!twice.equals(printed)) {
                    throw new AssertionError(
                            language + " '" + text + "' is '" + printed + "', which is '" + twice + "'");
                }
            });
        }
    },

    /** Words in lines. */
    CLI(100_000, 1_000_000, List.of(), CommandLines.wanted(), Map.of()) {
        private final CommandLines lines = new CommandLines(Given.SCRATCH);

        @Override
        void read(byte[] input, Tally tally) throws Exception {
            lines.run(new String(input, StandardCharsets.UTF_8), tally::met);
        }
    };

    private static String noise(String spec) {
        Conditioning read = Conditioning.parseNoise(spec);
        return read.shrinking()
                .map(of -> of.from().spec() + ".." + of.to().spec() + "@" + of.steps())
                .orElseGet(() -> read.noise().orElseThrow().spec());
    }

    /** What an enum's constants may refer to. */
    private static final class Given {
        static final String NAME = "file";
        /** So low that inputs of 4 KiB pass each of them. */
        static final ReadLimits LIMITS = new ReadLimits(3072, 2000, 8, 4, 300, 8, 1 << 16, 200, 16);
        /** Where parsers that need a file have it, and no command line leaves anything. */
        static final Path SCRATCH = Path.of("");
        /** Reasons that are not of the bytes. */
        static final Map<String, String> ELSEWHERE = Map.of(
                "* must be within 1 and *, got *", "of the caller's limits",
                "does not exist", "of a path, see BadInputTest",
                "is a directory", "of a path, see BadInputTest",
                "is not a regular file", "of a path, see BadInputTest",
                "may not be read by this user", "of a path, see BadInputTest");
    }

    private final long often;
    private final long release;
    private final List<String> sources;
    private final List<String> results;
    private final Map<String, String> exempt;

    Parser(long often, long release, List<String> sources, List<String> results, Map<String, String> exempt) {
        this.often = often;
        this.release = release;
        this.sources = sources;
        this.results = results;
        this.exempt = exempt;
    }

    /** Reads an input in every way there is; what is thrown is a finding. */
    abstract void read(byte[] input, Tally tally) throws Exception;

    /** As the command line of the tests and the files have it. */
    String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    long executions() {
        return Depth.of(0, often, release);
    }

    List<String> sources() {
        return sources;
    }

    /** Sources of other reasons that may be met. */
    List<String> around() {
        return List.of();
    }

    /** Reasons that no bytes of this size lead to, with why. */
    Map<String, String> exempt() {
        return exempt;
    }

    /** Reasons that the sources have, and those around them. */
    List<String> reasons() throws IOException {
        return sources.isEmpty()
                ? List.of()
                : ReasonScan.of(Stream.concat(sources().stream(), around().stream())
                        .distinct()
                        .toList());
    }

    /** What a run must have met: every reason of the sources that bytes can lead to, and every kind of result. */
    List<String> wanted() throws IOException {
        List<String> all = new ArrayList<>(sources.isEmpty() ? List.of() : ReasonScan.of(sources));
        for (String reason : exempt.keySet()) {
            if (!all.remove(reason)) {
                throw new AssertionError(spec() + " has no reason '" + reason + "' any more: not to be exempt");
            }
        }
        all.removeAll(Given.ELSEWHERE.keySet());
        all.addAll(results);
        return all;
    }
}
