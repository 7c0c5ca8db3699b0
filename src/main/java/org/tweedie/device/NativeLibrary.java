package org.tweedie.device;

/**
 * A native library of JCuda, as published: which file JCuda asks for, which resource holds it, and its SHA-256.
 *
 * <p>JCurand stopped at 11.8.0; JCuda 12.6.0 asks for it under its own version, and it works there. Immutable.
 */
public enum NativeLibrary {
    /** JCuda's binding of the CUDA driver, {@code libcuda.so.1}. */
    DRIVER("JCudaDriver", "12.6.0", 1_201_712, "fdc3b4b4fca4f0fab54ff12c0b4d6ad1c5e8d55015b4950834c705e5db301255"),
    /** JCuda's binding of cuBLAS, {@code libcublas.so.12}. */
    CUBLAS("JCublas2", "12.6.0", 1_614_384, "990b2129e540a7f93d0776799d48659dc85e4f7f5bfb6473d0c8369ef8126c32"),
    /** JCuda's binding of cuRAND, {@code libcurand.so.10}. */
    CURAND("JCurand", "11.8.0", 74_136, "5199540b00642fe75dc220ce1efc2d41c1a977d4d6ca550ae5f6a873b936c066");

    private static final String ASKED = "12.6.0";
    private static final String PLATFORM = "linux-x86_64";

    private final String base;
    private final String version;
    private final int bytes;
    private final String sha256;

    NativeLibrary(String base, String version, int bytes, String sha256) {
        this.base = base;
        this.version = version;
        this.bytes = bytes;
        this.sha256 = sha256;
    }

    /** The file that JCuda loads, for example {@code libJCudaDriver-12.6.0-linux-x86_64.so}. */
    public String fileName() {
        return System.mapLibraryName(base + "-" + ASKED + "-" + PLATFORM);
    }

    /** Where the class path holds it. */
    String resource() {
        return "lib/lib" + base + "-" + version + "-" + PLATFORM + ".so";
    }

    /** Its length in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Its SHA-256, in lower-case hexadecimal. */
    public String sha256() {
        return sha256;
    }
}
