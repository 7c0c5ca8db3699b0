package org.tweedie.device.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.CudaStatus.Gpu;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.NativeLibraries;
import org.tweedie.device.NativeLibrary;

/** Finds out, once, whether there is a driver; and, each time, which GPUs it lists. */
public final class CudaProbe {
    /** What the emulated driver of the tests calls its device. */
    static final String EMULATED = "Tweedie emulated GPU";

    private static final int OLDEST_DRIVER = 12_000;
    private static final int OLDEST_CAPABILITY = 80;

    private CudaProbe() {}

    /** Why the driver cannot be used; empty where it can. Found out once, for a second touch of a missing one is worse. */
    private static final class Driver {
        static final int VERSION;
        static final Optional<String> REASON;

        static {
            int version = 0;
            Optional<String> reason;
            try {
                version = load();
                reason = Optional.empty();
            } catch (DeviceUnavailableException e) {
                reason = Optional.of(String.valueOf(e.getMessage()));
            } catch (LinkageError e) {
                reason = Optional.of(NativeFailure.reason(
                        e,
                        "libcuda.so.1",
                        "no NVIDIA driver",
                        "install the NVIDIA driver; in a " + "container pass the GPU through (--gpus all)"));
            }
            VERSION = version;
            REASON = reason;
        }

        private static int load() {
            NativeLibraries.provide(NativeLibrary.DRIVER);
            int code = Codes.of(() -> JCudaDriver.cuInit(0));
            if (code != 0) {
                throw new DeviceUnavailableException(
                        "the CUDA driver does not start: " + Failures.text("cuInit", code));
            }
            int[] version = new int[1];
            code = Codes.of(() -> JCudaDriver.cuDriverGetVersion(version));
            if (code != 0 || version[0] < OLDEST_DRIVER) {
                throw new DeviceUnavailableException("the CUDA driver is too old: it offers CUDA " + level(version[0])
                        + ", Tweedie needs 12.0 or newer; update the NVIDIA driver");
            }
            return version[0];
        }
    }

    /** The state of this machine; see {@link CudaStatus#probe()}. */
    public static CudaStatus status() {
        Optional<String> without = missing();
        if (without.isPresent()) {
            return new CudaStatus(without, 0, List.of());
        }
        int[] count = new int[1];
        int code = Codes.of(() -> JCudaDriver.cuDeviceGetCount(count));
        if (code != 0) {
            return new CudaStatus(Optional.of(Failures.text("cuDeviceGetCount", code)), Driver.VERSION, List.of());
        }
        List<Gpu> gpus = new ArrayList<>();
        for (int ordinal = 0; ordinal < count[0]; ordinal++) {
            gpus.add(gpu(ordinal));
        }
        Optional<String> reason = Optional.empty();
        if (gpus.isEmpty()) {
            reason = Optional.of("the driver lists no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES");
        } else if (gpus.stream().allMatch(gpu -> gpu.refusal().isPresent())) {
            reason = gpus.get(0).refusal();
        }
        return new CudaStatus(reason, Driver.VERSION, gpus);
    }

    private static Optional<String> missing() {
        return "cpu".equals(System.getProperty("tweedie.device"))
                ? Optional.of("switched off by -Dtweedie.device=cpu")
                : Driver.REASON;
    }

    /** Starts the driver, or says why not. */
    static void requireDriver(int ordinal) {
        Optional<String> without = missing();
        if (without.isPresent()) {
            throw new DeviceUnavailableException("cuda:" + ordinal + ": CUDA cannot be used: " + without.get());
        }
    }

    /** What the driver says about GPU {@code ordinal}; one that it says nothing about is refused. */
    static Gpu gpu(int ordinal) {
        CUdevice gpu = new CUdevice();
        byte[] name = new byte[256];
        long[] memory = new long[1];
        int code = Codes.of(() -> JCudaDriver.cuDeviceGet(gpu, ordinal));
        if (code == 0) {
            code = Codes.of(() -> JCudaDriver.cuDeviceGetName(name, name.length, gpu));
        }
        if (code == 0) {
            code = Codes.of(() -> JCudaDriver.cuDeviceTotalMem(memory, gpu));
        }
        if (code != 0) {
            return new Gpu(
                    ordinal,
                    "unknown GPU",
                    DeviceKind.CUDA,
                    0,
                    0,
                    0,
                    Optional.of(Failures.text("cuda:" + ordinal, code)));
        }
        int major = attribute(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        int minor = attribute(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        String called = text(name);
        DeviceKind kind = called.equals(EMULATED) ? DeviceKind.EMULATED : DeviceKind.CUDA;
        Optional<String> refusal = Optional.empty();
        if (10 * major + minor < OLDEST_CAPABILITY) {
            refusal = Optional.of("cuda:" + ordinal + " (" + called + ") has compute capability " + major + "." + minor
                    + "; Tweedie needs 8.0 or newer (Ampere); use the host device (cpu)");
        } else if (!KernelImage.present(kind)) {
            refusal = Optional.of(KernelImage.MISSING);
        }
        return new Gpu(ordinal, called, kind, major, minor, memory[0], refusal);
    }

    static int attribute(CUdevice gpu, int attribute) {
        int[] value = new int[1];
        int code = Codes.of(() -> JCudaDriver.cuDeviceGetAttribute(value, attribute, gpu));
        return code == 0 ? value[0] : 0;
    }

    private static String text(byte[] name) {
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.UTF_8);
    }

    private static String level(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }
}
