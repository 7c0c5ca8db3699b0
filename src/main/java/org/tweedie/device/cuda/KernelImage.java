package org.tweedie.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.SoftReference;
import java.net.URL;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.DeviceUnavailableException;

/** The compiled kernels: one fat binary on the class path, made by nvcc when Tweedie was built. */
final class KernelImage {
    static final String RESOURCE = "org/tweedie/kernels/tweedie.fatbin";
    static final String MISSING =
            "this build of Tweedie has no CUDA kernels: nvcc was absent when it was built; rebuild with nvcc on the "
                    + "PATH, or use the host device (cpu)";
    /** The emulated driver brings its kernels itself and takes any image. */
    private static final byte[] EMULATED = new byte[64];

    private static volatile SoftReference<byte[]> cached = new SoftReference<>(null);

    private KernelImage() {}

    private static @Nullable URL resource() {
        ClassLoader loader = KernelImage.class.getClassLoader();
        return loader == null ? ClassLoader.getSystemResource(RESOURCE) : loader.getResource(RESOURCE);
    }

    static boolean present(DeviceKind kind) {
        return kind == DeviceKind.EMULATED || resource() != null;
    }

    static byte[] load(DeviceKind kind) {
        byte[] image = cached.get();
        if (image != null) {
            return image;
        }
        URL resource = resource();
        if (resource == null) {
            if (kind == DeviceKind.EMULATED) {
                return EMULATED;
            }
            throw new DeviceUnavailableException(MISSING);
        }
        try (InputStream in = resource.openStream()) {
            image = in.readAllBytes();
        } catch (IOException e) {
            throw new DeviceUnavailableException(
                    "cannot read the CUDA kernels from " + resource + ": " + e.getMessage(), e);
        }
        cached = new SoftReference<>(image);
        return image;
    }
}
