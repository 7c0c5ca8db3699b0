package org.tweedie.device;

import java.io.IOException;

/** One cold start: says "ready", waits for a line, puts the library down and has JCuda load it. Exit 0 when that worked. */
final class ColdStart {
    private ColdStart() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        if (System.in.read() < 0) {
            System.exit(2);
        }
        try {
            NativeLibraries.provide(NativeLibrary.DRIVER);
            Class.forName("jcuda.driver.JCudaDriver");
            System.out.println("loaded");
        } catch (UnsatisfiedLinkError e) {
            // without a driver the file itself must have been read in full: a torn one fails before its needs are
            // looked at
            boolean whole = e.getMessage().contains("libcuda.so.1: cannot open shared object file");
            System.out.println(whole ? "loaded" : e.getMessage());
            System.exit(whole ? 0 : 3);
        } catch (DeviceUnavailableException | ClassNotFoundException e) {
            System.out.println(e.getMessage());
            System.exit(4);
        }
    }
}
