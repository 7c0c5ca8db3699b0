package org.tweedie.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** JCuda's own loader dies in cold starts side by side and loads whatever lies in the temporary folder; ours must not. */
@EnabledOnOs(
        value = OS.LINUX,
        architectures = {"amd64", "x86_64"})
@Tag("checkout") // reads the jars of natives, which a bundle leaves out
class NativeLibrariesTest {
    /** A release runs 24 machines for 50 rounds: {@code -Dtweedie.coldStart.jvms=24 -Dtweedie.coldStart.rounds=50}. */
    private static final int JVMS = Integer.getInteger("tweedie.coldStart.jvms", 6);

    private static final int ROUNDS = Integer.getInteger("tweedie.coldStart.rounds", 2);

    @TempDir
    Path folder;

    private static byte[] original(NativeLibrary library) throws IOException {
        try (InputStream in = NativeLibrariesTest.class.getClassLoader().getResourceAsStream(library.resource())) {
            return in.readAllBytes();
        }
    }

    private Path target() {
        return folder.resolve(NativeLibrary.DRIVER.fileName());
    }

    private String refusal() {
        String message = assertThrows(DeviceUnavailableException.class, () -> NativeLibraries.extract(folder))
                .getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.contains("-Djava.io.tmpdir="), message);
        return message;
    }

    private static void assertNoLitter(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of(),
                    files.filter(file -> file.toString().endsWith(".tmp")).toList());
        }
    }

    @ParameterizedTest
    @EnumSource(NativeLibrary.class)
    void theConstantsAreThoseOfThePublishedJars(NativeLibrary library) throws IOException, NoSuchAlgorithmException {
        byte[] content = original(library);
        assertEquals(library.bytes(), content.length);
        assertEquals(
                library.sha256(),
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
    }

    @Test
    void filesHaveTheNamesThatJCudaAsksFor() {
        for (NativeLibrary library : NativeLibrary.values()) {
            String base = library.name().equals("DRIVER")
                    ? "JCudaDriver"
                    : library.name().equals("CUBLAS") ? "JCublas2" : "JCurand";
            String asked = jcuda.LibUtils.createPlatformLibraryName(base + "-" + jcuda.JCudaVersion.get());
            assertEquals(jcuda.LibUtils.createLibraryFileName(asked), library.fileName());
        }
    }

    @Test
    void extractsEachLibraryWholeAndPrivate() throws IOException {
        List<Path> files = NativeLibraries.extract(folder.resolve("new/folder"));
        assertEquals(3, files.size());
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(original(NativeLibrary.values()[i]), Files.readAllBytes(files.get(i)));
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(files.get(i))));
        }
        assertNoLitter(files.get(0).getParent());
        assertEquals(files, NativeLibraries.extract(folder.resolve("new/folder")), "a second time finds them");
    }

    @Test
    void refusesATruncatedFile() throws IOException {
        Files.write(target(), Arrays.copyOf(original(NativeLibrary.DRIVER), 100_000));
        assertTrue(refusal().contains("100000 bytes"));
        assertEquals(100_000, Files.size(target()), "left alone");
    }

    @Test
    void refusesAFileOfAnotherHash() throws IOException {
        byte[] content = original(NativeLibrary.DRIVER);
        content[content.length / 2] ^= 1;
        Files.write(target(), content);
        String message = refusal();
        assertTrue(
                message.contains("SHA-256") && message.contains(target().toString()) && message.contains("owner "),
                message);
    }

    @Test
    void refusesASymbolicLinkEvenToTheRightFile() throws IOException {
        Path elsewhere = folder.resolve("elsewhere.so");
        Files.write(elsewhere, original(NativeLibrary.DRIVER));
        Files.createSymbolicLink(target(), elsewhere);
        assertTrue(refusal().contains("a symbolic link"));
    }

    @Test
    void refusesADanglingLinkAndWritesNothingThroughIt() throws IOException {
        Path victim = folder.resolve("victim");
        Files.createSymbolicLink(target(), victim);
        assertTrue(refusal().contains("a symbolic link"));
        assertFalse(Files.exists(victim));
    }

    @Test
    void refusesAFolderOfThatName() throws IOException {
        Files.createDirectory(target());
        assertTrue(refusal().contains("a folder"));
    }

    @Test
    void refusesAPipeWithoutHanging() throws IOException, InterruptedException {
        assumeTrue(new ProcessBuilder("mkfifo", target().toString()).start().waitFor() == 0, "mkfifo");
        assertTrue(refusal().contains("not a regular file"));
    }

    @Test
    void refusesAFileThatOthersCanWrite() throws IOException {
        Files.write(target(), original(NativeLibrary.DRIVER));
        Files.setPosixFilePermissions(target(), PosixFilePermissions.fromString("rw-rw-r--"));
        assertTrue(refusal().contains("rw-rw-r--"));
    }

    @Test
    void acceptsAReadOnlyFileThatIsRight() throws IOException {
        Files.write(target(), original(NativeLibrary.DRIVER));
        Files.setPosixFilePermissions(target(), PosixFilePermissions.fromString("r--r--r--"));
        assertEquals(target(), NativeLibraries.extract(folder).get(0));
    }

    @Test
    void refusesAFileOfAnotherUser() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a file away");
        Files.write(target(), original(NativeLibrary.DRIVER));
        Files.setAttribute(target(), "unix:uid", 65534);
        assertTrue(refusal().contains("belongs to another user"));
    }

    @Test
    void saysSoWhereTheFolderCannotBeWritten() throws IOException, InterruptedException {
        // root may write anywhere but in /proc
        Path closed = Path.of("/proc/self/fdinfo");
        String message = assertThrows(DeviceUnavailableException.class, () -> NativeLibraries.extract(closed))
                .getMessage();
        assertTrue(message.contains(closed.toString()) && message.contains("-Djava.io.tmpdir="), message);
        assertThrows(
                DeviceUnavailableException.class,
                () -> NativeLibraries.extract(
                        Files.writeString(folder.resolve("file"), "").resolve("x")));
    }

    @Test
    void waitsForAWriterThatIsAtWork() throws IOException, InterruptedException {
        byte[] content = original(NativeLibrary.DRIVER);
        Files.write(target(), Arrays.copyOf(content, 4096));
        Thread writer = new Thread(() -> {
            try {
                for (int from = 4096; from < content.length; from += 200_000) {
                    Thread.sleep(20);
                    byte[] piece = Arrays.copyOfRange(content, from, Math.min(from + 200_000, content.length));
                    Files.write(target(), piece, StandardOpenOption.APPEND);
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        writer.start();
        assertEquals(target(), NativeLibraries.extract(folder).get(0));
        assertFalse(writer.isAlive() && Files.size(target()) < content.length);
        writer.join();
        assertArrayEquals(content, Files.readAllBytes(target()));
    }

    @Test
    void aFolderOutsideAsciiWorks() throws IOException, InterruptedException {
        Path odd = folder.resolve("t\u00e9mp \u4e2d");
        Files.createDirectories(odd);
        assertEquals("loaded", run(start(odd, "C.UTF-8", List.of())));
    }

    @Test
    void aFolderThatTheLocaleCannotSpellIsNamed() throws IOException, InterruptedException {
        Path odd = folder.resolve("t\u00e9mp");
        Files.createDirectories(odd);
        String said = run(start(odd, "POSIX", List.of()));
        assertTrue(said.contains("LC_ALL=C.UTF-8"), said);
    }

    @Test
    void javaLibraryPathWins() throws IOException, InterruptedException {
        Path placed = folder.resolve("placed");
        NativeLibraries.extract(placed);
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        assertEquals("loaded", run(start(temporary, "C.UTF-8", List.of("-Djava.library.path=" + placed))));
        try (Stream<Path> files = Files.list(temporary)) {
            assertEquals(
                    0, files.filter(file -> file.toString().contains("JCuda")).count(), "nothing was extracted");
        }
    }

    @Test
    void coldStartsSideBySideAllSucceed() throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            Path empty = Files.createDirectory(folder.resolve("round" + round));
            List<Process> machines = new ArrayList<>();
            for (int i = 0; i < JVMS; i++) {
                machines.add(start(empty, "C.UTF-8", List.of()));
            }
            List<BufferedReader> outputs = new ArrayList<>();
            for (Process machine : machines) {
                BufferedReader output =
                        new BufferedReader(new InputStreamReader(machine.getInputStream(), StandardCharsets.UTF_8));
                assertEquals("ready", output.readLine());
                outputs.add(output);
            }
            for (Process machine : machines) {
                machine.getOutputStream().write('\n');
                machine.getOutputStream().flush();
            }
            for (int i = 0; i < JVMS; i++) {
                assertEquals("loaded", outputs.get(i).readLine(), "round " + round);
                assertTrue(machines.get(i).waitFor(30, TimeUnit.SECONDS));
                assertEquals(0, machines.get(i).exitValue());
            }
            assertArrayEquals(
                    original(NativeLibrary.DRIVER), Files.readAllBytes(empty.resolve(NativeLibrary.DRIVER.fileName())));
            assertNoLitter(empty);
        }
    }

    private static Process start(Path temporary, String locale, List<String> options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-Djava.io.tmpdir=" + temporary));
        command.addAll(options);
        command.add(ColdStart.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", locale);
        return builder.start();
    }

    /** Surefire may have put the class path into a jar of its own. */
    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .replace('\n', File.pathSeparatorChar);
    }

    private static String run(Process machine) throws IOException, InterruptedException {
        machine.getOutputStream().write('\n');
        machine.getOutputStream().flush();
        List<String> lines = new BufferedReader(new InputStreamReader(machine.getInputStream(), StandardCharsets.UTF_8))
                .lines()
                .toList();
        machine.waitFor();
        return lines.get(lines.size() - 1);
    }
}
