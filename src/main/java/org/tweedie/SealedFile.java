package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Tensor;

/**
 * The kinds of files that are no score model's, by the {@code process} of their metadata: safetensors with a hash of all of it in the metadata, so that no byte
 * of it changes unseen.
 */
enum SealedFile {
    BRIDGE("bridge", "a bridge without conditions", "sample it by tweedie bridge sample, or Bridge.load"),
    CONDITIONAL_BRIDGE(
            "conditional-bridge",
            "a conditional bridge, to rows given observations",
            "sample it by tweedie bridge sample --given, or Bridge.load"),
    DOMAIN("domain", "a bridge into a domain", "sample it by tweedie domain sample, or BridgeModel.load"),
    FIRST_HITTING("hitting", "a first-hitting model", "sample it by tweedie hitting sample, or FirstHittingModel.load");

    private static final String KIND = "process";
    private static final String HASH = "tweedie.sha256";

    private final String process;
    private final String what;
    private final String remedy;

    SealedFile(String process, String what, String remedy) {
        this.process = process;
        this.what = what;
        this.remedy = remedy;
    }

    private static Optional<SealedFile> of(String process) {
        return Arrays.stream(values())
                .filter(kind -> kind.process.equals(process))
                .findFirst();
    }

    /** What a file says that it is, where it is one of these; nothing of it is checked. */
    static Optional<SealedFile> of(Path path, ReadLimits limits) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            return of(file.metadata().getOrDefault(KIND, ""));
        }
    }

    /** Refuses any of these where a score is wanted. */
    static void refuse(ModelFile.Metadata metadata) {
        Optional<SealedFile> kind = of(metadata.value(KIND));
        if (kind.isPresent()) {
            throw metadata.fault(KIND, "is " + kind.get().what + ", which has no score: " + kind.get().remedy);
        }
    }

    /** The first of the metadata; the caller's follow. */
    Map<String, String> metadata() {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(ModelFile.FORMAT, Integer.toString(ModelFile.NEWEST));
        metadata.put(KIND, process);
        return metadata;
    }

    static void write(Output output, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        metadata.put(HASH, Safetensors.hash(metadata, tensors));
        Safetensors.write(output, metadata, tensors);
    }

    /** The metadata of a file of this kind that is as it was written; any other is refused. */
    ModelFile.Metadata of(Safetensors file) throws IOException {
        ModelFile.Metadata metadata = new ModelFile.Metadata(file.name(), file.metadata());
        metadata.requireFormat();
        String found = metadata.value(KIND);
        if (!found.equals(process)) {
            Optional<SealedFile> kind = of(found);
            String is = kind.map(other -> other.what).orElse("a score model");
            String instead = kind.map(other -> other.remedy).orElse("sample it by tweedie sample, or Model.load");
            throw metadata.fault(KIND, "is " + found + ": this is " + is + ", not " + what + "; " + instead);
        }
        if (!metadata.value(HASH).equals(file.hashWithout(HASH))) {
            throw metadata.fault(HASH, "is not the hash of the rest: the file was damaged or changed");
        }
        return metadata;
    }
}
