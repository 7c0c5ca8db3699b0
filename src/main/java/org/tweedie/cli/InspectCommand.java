package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointFile;
import org.tweedie.io.Json;
import org.tweedie.io.Npy;
import org.tweedie.io.NpyHeader;
import org.tweedie.io.Npz;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tweedie inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Says what a file holds: a model, a checkpoint, or a table. Checks all that its format promises.",
        footer = {"", "Example: tweedie inspect quakes.safetensors"})
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = ".safetensors, .ckpt, .npy, .npz, file.npz:name, .csv or .txt")
    private String file;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        String name = file.toLowerCase(Locale.ROOT);
        String extension = name.substring(Math.max(0, name.lastIndexOf('.')));
        switch (extension) {
            case ".safetensors" -> safetensors();
            case ".ckpt" -> checkpoint();
            case ".npy" -> npy();
            case ".npz" -> npz();
            default -> table(DataOptions.file(file, List.of()));
        }
        return ExitCode.OK;
    }

    private void print(Consumer<java.io.PrintWriter> text, Consumer<Json> fields) {
        printed.print(spec, Printed.lines(text), json -> fields.accept(json.field("file", file)));
    }

    private void safetensors() throws IOException {
        try (Safetensors opened = Safetensors.open(Path.of(file))) {
            print(
                    out -> {
                        out.println(file + ": safetensors, " + opened.tensors().size() + " tensors");
                        opened.metadata().forEach((key, value) -> out.println("  " + key + " = " + value));
                        for (SafetensorsHeader.Entry tensor : opened.tensors()) {
                            out.println("  " + tensor.name() + " " + tensor.dtype() + " " + tensor.shape());
                        }
                    },
                    json -> {
                        json.field("format", "safetensors").object("metadata");
                        opened.metadata().forEach(json::field);
                        json.end().array("tensors");
                        for (SafetensorsHeader.Entry tensor : opened.tensors()) {
                            json.object()
                                    .field("name", tensor.name())
                                    .field("dtype", tensor.dtype().toString())
                                    .array("shape");
                            tensor.shape().forEach(extent -> json.value((long) extent));
                            json.end().end();
                        }
                        json.end();
                    });
        }
    }

    private void checkpoint() throws IOException {
        Checkpoint checkpoint = CheckpointFile.read(Path.of(file), ReadLimits.defaults());
        print(
                out -> {
                    out.println(file + ": checkpoint, all hashes hold");
                    checkpoint
                            .sections()
                            .forEach((name, bytes) -> out.println("  " + name + " " + bytes.length + " bytes"));
                    if (checkpoint.has("settings")) {
                        checkpoint.fields("settings").forEach((key, value) -> out.println("  " + key + " = " + value));
                    }
                },
                json -> {
                    json.field("format", "checkpoint").object("sections");
                    checkpoint.sections().forEach((name, bytes) -> json.field(name, bytes.length));
                    json.end();
                });
    }

    private void npy() throws IOException {
        NpyHeader header = Npy.header(Path.of(file), ReadLimits.defaults());
        print(
                out -> out.println(file + ": NPY version " + header.major() + ", " + header.dtype() + ", shape "
                        + header.shape() + (header.fortran() ? ", Fortran order" : "")),
                json -> json.field("format", "npy")
                        .field("dtype", header.dtype())
                        .field("rows", header.rows())
                        .field("columns", header.columns()));
    }

    private void npz() throws IOException {
        try (Npz opened = Npz.open(Path.of(file), ReadLimits.defaults())) {
            print(
                    out -> {
                        out.println(
                                file + ": NPZ, " + opened.names().size() + " arrays; choose one as " + file + ":NAME");
                        opened.names().forEach(array -> out.println("  " + array));
                    },
                    json -> {
                        json.field("format", "npz").array("arrays");
                        opened.names().forEach(json::value);
                        json.end();
                    });
        }
    }

    private void table(Table table) {
        print(
                out -> {
                    out.println(file + ": " + table.rows() + " rows, " + table.columns() + " columns");
                    for (int c = 0; c < table.columns(); c++) {
                        float[] column = table.column(c);
                        float least = column[0];
                        float most = column[0];
                        double sum = 0;
                        for (float value : column) {
                            least = Math.min(least, value);
                            most = Math.max(most, value);
                            sum += value;
                        }
                        out.println("  " + table.name(c) + ": " + least + " to " + most + ", mean "
                                + (float) (sum / column.length));
                    }
                },
                json -> {
                    json.field("format", "table").field("rows", table.rows()).array("columns");
                    for (int c = 0; c < table.columns(); c++) {
                        json.value(table.name(c));
                    }
                    json.end();
                });
    }
}
