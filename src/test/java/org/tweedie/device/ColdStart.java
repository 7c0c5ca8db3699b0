package org.tweedie.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One cold start: says "ready", waits for a line, puts the library down and has JCuda load it. Exit 0 when that worked. With the argument
 * "careless" it puts the library down as one must not: in its place, one piece after another, where none is.
 */
final class ColdStart {
    /** So short that the system's loader says so; a longer piece is mapped, and kills the JVM. */
    private static final int HEAD = 32;

    private ColdStart() {}

    private static void putDownCarelessly() throws IOException {
        Path target = Path.of(System.getProperty("java.io.tmpdir"), NativeLibrary.DRIVER.fileName());
        byte[] content;
        try (InputStream in = ColdStart.class.getClassLoader().getResourceAsStream(NativeLibrary.DRIVER.resource())) {
            content = in.readAllBytes();
        }
        try (OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW)) {
            out.write(content, 0, HEAD);
            Thread.sleep(2_000);
            out.write(content, HEAD, content.length - HEAD);
        } catch (FileAlreadyExistsException e) {
            // another is at it: taken as it is
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        if (System.in.read() < 0) {
            System.exit(2);
        }
        try {
            if (arguments.length > 0) {
                putDownCarelessly();
            } else {
                NativeLibraries.provide(NativeLibrary.DRIVER);
            }
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
