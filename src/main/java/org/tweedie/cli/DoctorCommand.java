package org.tweedie.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.tweedie.Tweedie;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.device.cuda.Cublas;
import org.tweedie.device.cuda.Curand;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.Simd;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie doctor}: a device that does not work is a finding. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description =
                "Looks at Java, the host, CUDA and the libraries, and tries the device asked for. Exit code 0 when it works, 3 otherwise.",
        footer = {"", "Example: tweedie doctor --device cuda:0"})
final class DoctorCommand implements Callable<Integer> {
    /** One fact, with what to do where it is a problem. */
    private record Finding(String name, String detail, Optional<String> remedy) {}

    @Option(
            names = "--device",
            paramLabel = "SPEC",
            defaultValue = "cpu",
            description = "the device to try; default ${DEFAULT-VALUE}")
    private String device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    private final List<Finding> findings = new ArrayList<>();

    @Override
    public Integer call() {
        system();
        host();
        cuda();
        boolean works = tryDevice();
        String verdict = works ? "device '" + device + "' works" : "device '" + device + "' does not work";
        printed.print(
                spec,
                Printed.lines(out -> {
                    for (Finding finding : findings) {
                        out.printf(Locale.ROOT, "%-10s %s%n", finding.name(), finding.detail());
                        finding.remedy().ifPresent(remedy -> out.printf(Locale.ROOT, "%-10s -> %s%n", "", remedy));
                    }
                    out.println(verdict);
                }),
                json -> {
                    json.field("device", device).field("works", works).array("findings");
                    for (Finding finding : findings) {
                        json.object().field("name", finding.name()).field("detail", finding.detail());
                        finding.remedy().ifPresent(remedy -> json.field("remedy", remedy));
                        json.end();
                    }
                    json.end();
                });
        return works ? ExitCode.OK : ExitCode.DEVICE;
    }

    private void fact(String name, String detail) {
        findings.add(new Finding(name, detail, Optional.empty()));
    }

    private void problem(String name, String detail, String remedy) {
        findings.add(new Finding(name, detail, Optional.of(remedy)));
    }

    private void system() {
        fact("tweedie", Tweedie.version());
        fact(
                "java",
                System.getProperty("java.version") + ", " + System.getProperty("java.vm.name") + " of "
                        + System.getProperty("java.vendor"));
        fact(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        fact("temporary", System.getProperty("java.io.tmpdir"));
    }

    private void host() {
        Runtime runtime = Runtime.getRuntime();
        fact(
                "host",
                runtime.availableProcessors() + " processors, " + (runtime.maxMemory() >> 20)
                        + " MiB of Java heap at most");
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            fact("vectors", Simd.best().getClass().getSimpleName());
        } else {
            problem(
                    "vectors",
                    "plain loops: module jdk.incubator.vector is not loaded",
                    "add --add-modules jdk.incubator.vector to java (the launcher does)");
        }
    }

    private void cuda() {
        CudaStatus status = CudaStatus.probe();
        if (status.driverVersion() > 0) {
            fact("driver", "CUDA " + status.driverVersion() / 1000 + "." + status.driverVersion() % 1000 / 10);
        }
        for (CudaStatus.Gpu gpu : status.gpus()) {
            String detail = "cuda:" + gpu.ordinal() + " "
                    + (gpu.kind() == DeviceKind.EMULATED ? gpu.name().toUpperCase(Locale.ROOT) : gpu.name())
                    + ", compute capability " + gpu.major() + "." + gpu.minor() + ", " + (gpu.memory() >> 20) + " MiB";
            gpu.refusal().ifPresentOrElse(refusal -> problem("gpu", detail, refusal), () -> fact("gpu", detail));
        }
        status.reason().ifPresent(reason -> fact("cuda", "not to be had: " + reason));
        if (status.reason().isEmpty()) {
            fact(
                    "cublas",
                    Cublas.unavailable()
                            .map(reason -> "not to be had (not needed): " + reason)
                            .orElse("found"));
            fact(
                    "curand",
                    Curand.unavailable()
                            .map(reason -> "not to be had (not needed): " + reason)
                            .orElse("found"));
        }
    }

    /** Opens the device, moves a kibibyte there and back, and draws known random words. */
    private boolean tryDevice() {
        try (Device opened = Device.open(device);
                Stream stream = opened.stream();
                RowSet rows = RowSet.on(opened);
                DeviceBuffer memory = opened.allocate(Element.I32, 256)) {
            Device.Memory free = opened.memory();
            fact("device", opened.name() + ", " + (free.free() >> 20) + " of " + (free.total() >> 20) + " MiB free");
            int[] sent = new int[256];
            for (int i = 0; i < sent.length; i++) {
                sent[i] = 31 * i;
            }
            int[] back = new int[256];
            stream.upload(sent, 0, memory, 0, 256);
            stream.download(memory, 0, back, 0, 256);
            rows.assign(stream, 7, 1000, 64);
            Fill.words(stream, rows, View.rows(memory, 4), Purpose.PROBE, 0);
            int[] words = new int[256];
            stream.download(memory, 0, words, 0, 256);
            boolean same = java.util.Arrays.equals(sent, back)
                    && words[4] == Philox.words(7, 1001, Purpose.PROBE, 0).word(0, 0)
                    && words[255] == Philox.words(7, 1063, Purpose.PROBE, 0).word(3, 0);
            if (same) {
                fact("check", "a round trip and a known-answer launch came back right");
            } else {
                problem(
                        "check",
                        "the device gave wrong bytes",
                        "do not use it; report this with the output of doctor --json");
            }
            return same;
        } catch (IllegalArgumentException e) {
            throw e; // not a device's name
        } catch (RuntimeException | LinkageError e) {
            problem("device", String.valueOf(e.getMessage()), "use --device cpu, or mend what the line above names");
            return false;
        }
    }
}
