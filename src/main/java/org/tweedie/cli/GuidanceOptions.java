package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.Classifier;
import org.tweedie.Sampler;
import org.tweedie.device.Device;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.guidance.ClassifierSpec;
import org.tweedie.score.Guide;
import picocli.CommandLine.Option;

/** {@code --guidance}: by the conditions that a model learned, or toward a class of a classifier; {@code --condition-path}: how noisy ones come. */
final class GuidanceOptions {
    @Option(
            names = "--guidance",
            paramLabel = "SPEC",
            description = {
                "W[,LOW,HIGH]: classifier-free, 1 is the condition as learned, more exaggerates it, between noise levels sigma/alpha LOW and HIGH alone.",
                "classifier:FILE,CLASS,W: toward a class of a classifier that 'train --classify' made for this model"
            })
    private @Nullable String guidance;

    @Option(
            names = "--condition-path",
            description =
                    "draw the noisy conditions of a row along one path, not afresh for each evaluation; for a model of 'train --condition-noise'")
    private boolean conditionPath;

    /** Refuses texts that are none, before anything is opened. */
    void check() {
        String text = guidance;
        if (text != null && ClassifierSpec.is(text)) {
            ClassifierSpec.parse(text);
        } else if (text != null) {
            ClassifierFree.parse(text);
        }
    }

    /** Files that are read. */
    List<Path> files() {
        String text = guidance;
        return text != null && ClassifierSpec.is(text)
                ? List.of(Path.of(ClassifierSpec.parse(text).file()))
                : List.of();
    }

    /** What guides, with the classifier whose weights it reads. Immutable. */
    record Guiding(Optional<Guide> guide, Optional<Classifier> classifier, boolean conditionPath)
            implements AutoCloseable {
        /** The sampler, guided. */
        Sampler guided(Sampler sampler) {
            Sampler guided = guide.map(sampler::steer).orElse(sampler);
            return conditionPath ? guided.conditionPath() : guided;
        }

        @Override
        public void close() {
            classifier.ifPresent(Classifier::close);
        }
    }

    /** What was asked for, on a device. */
    Guiding open(Device device) throws IOException {
        String text = guidance;
        if (text != null && ClassifierSpec.is(text)) {
            ClassifierSpec spec = ClassifierSpec.parse(text);
            Classifier classifier = Classifier.load(Path.of(spec.file()), device);
            try {
                return new Guiding(
                        Optional.of(classifier.guidance(spec.name(), spec.weight())),
                        Optional.of(classifier),
                        conditionPath);
            } catch (RuntimeException | Error e) {
                classifier.close();
                throw e;
            }
        }
        Optional<Guide> free = Optional.ofNullable(text)
                .map(ClassifierFree::parse)
                .filter(asked -> asked.weight() != 1)
                .map(Guide.class::cast);
        return new Guiding(free, Optional.empty(), conditionPath);
    }

    /** The options as they are to be written again. */
    String again() {
        return (guidance == null ? "" : " --guidance " + TrainCommand.quoted(guidance))
                + (conditionPath ? " --condition-path" : "");
    }
}
