package org.tweedie.cli;

import java.io.PrintWriter;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import picocli.CommandLine.Option;

/** {@code --device}. */
final class DeviceOption {
    @Option(
            names = "--device",
            paramLabel = "SPEC",
            defaultValue = "auto",
            description =
                    "auto (the first usable GPU, else the host), cpu, cpu:THREADS or cuda:N; default ${DEFAULT-VALUE}")
    String spec;

    /** The option as a command repeats it, with a space before; nothing where it was left to the machine. */
    String again() {
        return spec.equals("auto") ? "" : " --device " + TrainCommand.quoted(spec);
    }

    /** Opens it; where auto falls back to the host, one line says why. */
    Device open(PrintWriter err) {
        Device device = Device.open(spec);
        if (spec.equals("auto") && device.kind() == DeviceKind.HOST) {
            CudaStatus.probe()
                    .reason()
                    .ifPresent(reason -> err.println("tweedie: no CUDA (" + reason + "); using " + device.name()));
        } else if (device.kind() == DeviceKind.EMULATED) {
            err.println("tweedie: THIS IS THE EMULATED GPU OF THE TESTS, not a GPU");
        }
        return device;
    }
}
