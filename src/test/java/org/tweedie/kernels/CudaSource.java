package org.tweedie.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.tweedie.device.KernelEntry.Parameter;

/** The {@code extern "C" __global__} entries that CUDA sources declare, with the types of their parameters. */
public record CudaSource(Path file, String text) {
    private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern ENTRY = Pattern.compile(
            "extern\\s*\"C\"\\s*__global__\\s+void\\s+(?:(?:__launch_bounds__|TWEEDIE_CLUSTER)\\s*\\([^)]*\\)\\s*)*(\\w+)\\s*\\(([^)]*)\\)");
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"([^\"]+)\"");
    private static final Pattern GLOBAL = Pattern.compile("\\b__global__\\b");
    private static final Pattern MACRO = Pattern.compile("(?m)^[ \t]*#[ \t]*define\\b(?:\\\\\\n|[^\n])*__global__");

    /** Every {@code .cu} below a folder. */
    public static List<CudaSource> below(Path folder) throws IOException {
        List<CudaSource> sources = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".cu")).sorted().toList()) {
                sources.add(new CudaSource(file, Files.readString(file)));
            }
        }
        return sources;
    }

    /** True where the source is a wanted file, or includes one, itself or through others; includes are relative to {@code folder}. */
    public boolean reaches(Path folder, Predicate<Path> wanted) throws IOException {
        return reaches(folder, file, wanted);
    }

    private static boolean reaches(Path folder, Path file, Predicate<Path> wanted) throws IOException {
        if (wanted.test(file)) {
            return true;
        }
        Matcher include = INCLUDE.matcher(Files.readString(file));
        while (include.find()) {
            Path included = folder.resolve(include.group(1));
            if (Files.exists(included) && reaches(folder, included, wanted)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Entry names with their parameters in order.
     *
     * @throws IllegalArgumentException where a {@code __global__} is no plain {@code extern "C"} entry, or a parameter is
     *     none of pointer, int32_t, int64_t, uint64_t, float, double
     */
    public Map<String, List<Parameter>> entries() {
        String code = COMMENT.matcher(text).replaceAll(" ");
        if (MACRO.matcher(code).find()) {
            throw new IllegalArgumentException(
                    file + ": a macro that makes kernels hides their signatures; write each entry out");
        }
        Map<String, List<Parameter>> entries = new TreeMap<>();
        for (Matcher entry = ENTRY.matcher(code); entry.find(); ) {
            String name = entry.group(1);
            List<Parameter> parameters = new ArrayList<>();
            for (String declared :
                    entry.group(2).isBlank() ? new String[0] : entry.group(2).split(",")) {
                parameters.add(type(name, declared.strip()));
            }
            if (entries.put(name, parameters) != null) {
                throw new IllegalArgumentException(file + ": " + name + " is declared twice");
            }
        }
        long globals = GLOBAL.matcher(code).results().count();
        if (globals != entries.size()) {
            throw new IllegalArgumentException(
                    file + ": " + globals + " times __global__, but " + entries.size()
                            + " plain entries; write each as: extern \"C\" __global__ void [__launch_bounds__(n)] name(parameters)");
        }
        return entries;
    }

    private Parameter type(String entry, String declared) {
        if (declared.contains("*")) {
            return Parameter.POINTER;
        }
        String type = declared.replaceAll("\\b(const|__grid_constant__)\\b", " ")
                .strip()
                .replaceAll("\\s+\\w+$", "");
        return switch (type) {
            case "int32_t" -> Parameter.I32;
            case "int64_t", "uint64_t" -> Parameter.I64;
            case "float" -> Parameter.F32;
            case "double" -> Parameter.F64;
            default ->
                throw new IllegalArgumentException(file + ": " + entry + " takes '" + declared
                        + "'; a kernel takes pointers, int32_t, int64_t, uint64_t, float and double only");
        };
    }
}
