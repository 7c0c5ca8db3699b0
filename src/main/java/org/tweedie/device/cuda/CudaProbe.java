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

/** Finds out, once, whether there is a driver; and, each time, which GPUs it lists. Thread-safe. */
public final class CudaProbe {
    /** What the emulated driver of the tests calls its device. */
    static final String EMULATED = "Tweedie emulated GPU";

    private static final int OLDEST_DRIVER = 12_000;
    private static final int OLDEST_CAPABILITY = 80;

    private CudaProbe() {}

    /** Loads the driver once, for a second touch of a missing one is worse; and starts it, which may be tried again. */
    private static final class Driver {
        private static final Optional<String> MISSING = load();
        /** 0 until it was started. */
        private static int version;

        private static Optional<String> load() {
            try {
                NativeLibraries.provide(NativeLibrary.DRIVER);
                Class.forName("jcuda.driver.JCudaDriver");
                return Optional.empty();
            } catch (DeviceUnavailableException e) {
                return Optional.of(String.valueOf(e.getMessage()));
            } catch (ClassNotFoundException e) {
                return Optional.of("jcuda.driver.JCudaDriver is not on the class path");
            } catch (LinkageError e) {
                return Optional.of(NativeFailure.reason(
                        e,
                        "libcuda.so.1",
                        "no NVIDIA driver",
                        "install the NVIDIA driver; in a " + "container pass the GPU through (--gpus all)"));
            }
        }

        /** Why it cannot be used; empty where it can. */
        static synchronized Optional<String> start() {
            if (MISSING.isPresent() || version > 0) {
                return MISSING;
            }
            int code = Codes.of(() -> JCudaDriver.cuInit(0));
            if (code != 0) {
                return Optional.of("the CUDA driver does not start: " + Failures.text("cuInit", code));
            }
            int[] level = new int[1];
            code = Codes.of(() -> JCudaDriver.cuDriverGetVersion(level));
            if (code != 0) {
                return Optional.of("the CUDA driver does not start: " + Failures.text("cuDriverGetVersion", code));
            }
            if (level[0] < OLDEST_DRIVER) {
                return Optional.of("the CUDA driver is too old: it offers CUDA " + level(level[0])
                        + ", Tweedie needs 12.0 or newer; update the NVIDIA driver");
            }
            version = level[0];
            return Optional.empty();
        }

        static synchronized int version() {
            return version;
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
            return new CudaStatus(Optional.of(Failures.text("cuDeviceGetCount", code)), Driver.version(), List.of());
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
        return new CudaStatus(reason, Driver.version(), gpus);
    }

    private static Optional<String> missing() {
        return "cpu".equals(System.getProperty("tweedie.device"))
                ? Optional.of("switched off by -Dtweedie.device=cpu")
                : Driver.start();
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
        int[] major = new int[1];
        int[] minor = new int[1];
        String call = "cuDeviceGet";
        int code = Codes.of(() -> JCudaDriver.cuDeviceGet(gpu, ordinal));
        if (code == 0) {
            call = "cuDeviceGetName";
            code = Codes.of(() -> JCudaDriver.cuDeviceGetName(name, name.length, gpu));
        }
        if (code == 0) {
            call = "cuDeviceTotalMem";
            code = Codes.of(() -> JCudaDriver.cuDeviceTotalMem(memory, gpu));
        }
        if (code == 0) {
            call = "cuDeviceGetAttribute";
            code = attribute(major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, gpu);
        }
        if (code == 0) {
            code = attribute(minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, gpu);
        }
        if (code != 0) {
            String refusal = Failures.text("cuda:" + ordinal + ": " + call, code);
            return new Gpu(ordinal, "unknown GPU", DeviceKind.CUDA, 0, 0, 0, Optional.of(refusal));
        }
        String called = text(name);
        DeviceKind kind = called.equals(EMULATED) ? DeviceKind.EMULATED : DeviceKind.CUDA;
        Optional<String> refusal = Optional.empty();
        if (10 * major[0] + minor[0] < OLDEST_CAPABILITY) {
            refusal = Optional.of("cuda:" + ordinal + " (" + called + ") has compute capability " + major[0] + "."
                    + minor[0] + "; Tweedie needs 8.0 or newer (Ampere); use the host device (cpu)");
        } else if (!KernelImage.present(kind)) {
            refusal = Optional.of(KernelImage.MISSING);
        }
        return new Gpu(ordinal, called, kind, major[0], minor[0], memory[0], refusal);
    }

    /** Asks for an attribute; returns the driver's code. */
    static int attribute(int[] into, int attribute, CUdevice gpu) {
        return Codes.of(() -> JCudaDriver.cuDeviceGetAttribute(into, attribute, gpu));
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
