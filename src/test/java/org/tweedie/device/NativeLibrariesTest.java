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
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
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
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/** JCuda's own loader dies in cold starts side by side and loads whatever lies in the temporary folder; ours must not. */
@EnabledOnOs(
        value = OS.LINUX,
        architectures = {"amd64", "x86_64"})
@Tag("checkout") // reads the jars of natives, which a bundle leaves out
@Tag("loader")
class NativeLibrariesTest {
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
        assumeTrue(
                new ProcessBuilder("sh", "-c", "mkfifo " + target()).start().waitFor() == 0,
                "no mkfifo here: see the case beside this one, which needs none");
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
    void refusesAPlugWhereNoPipeCanBeMade() throws IOException {
        try (ServerSocketChannel plug = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            plug.bind(UnixDomainSocketAddress.of(target()));
            assertTrue(refusal().contains("not a regular file"));
        }
    }

    @Test
    void refusesAFileThatIsNotOfThisUserNorOfRoot() throws IOException {
        Files.write(target(), original(NativeLibrary.DRIVER));
        int owner = (Integer) Files.getAttribute(target(), "unix:uid");
        NativeLibraries.check(NativeLibrary.DRIVER, target(), owner);
        if (owner == 0) {
            NativeLibraries.check(NativeLibrary.DRIVER, target(), 1_000); // root may place it for all
            return;
        }
        String message = assertThrows(
                        DeviceUnavailableException.class,
                        () -> NativeLibraries.check(NativeLibrary.DRIVER, target(), owner + 1))
                .getMessage();
        assertTrue(message.contains("belongs to another user"), message);
    }

    @Test
    void refusesAFileOfAnotherUser() throws IOException {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "only root can give a file away: see the case beside this one");
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

    /** On any machine: no file of this process may grow beyond 64 KiB, so the library cannot be written whole. */
    @Test
    void aFileThatMayNotGrowLeavesNoPartOfIt() throws IOException, InterruptedException {
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        String said = run(start(
                List.of("bash", "-c", "ulimit -f 64; exec \"$0\" \"$@\""), temporary, "C.UTF-8", List.of(), List.of()));
        assertTrue(
                said.startsWith("cannot put " + NativeLibrary.DRIVER.fileName() + " into " + temporary
                                + ": File too large")
                        && said.contains("-Djava.io.tmpdir="),
                said);
        assertEquals(List.of(), names(temporary));
    }

    /** A file system that is full, also at its very end. */
    @ParameterizedTest
    @ValueSource(strings = {"64k", "1168k"})
    void aFullFileSystemKeepsNoPartOfIt(String size) throws IOException, InterruptedException {
        Path listed = folder.resolve("listed.txt");
        Path mounted = mountable();
        String said = run(mounted(mounted, "size=" + size, "ls -A " + mounted + " > " + listed));
        assertTrue(
                said.startsWith("cannot put " + NativeLibrary.DRIVER.fileName() + " into " + mounted)
                        && said.contains("No space left on device")
                        && said.contains("-Djava.io.tmpdir="),
                said);
        assertEquals("", Files.readString(listed));
    }

    @Test
    void aFileSystemForReadingOnlyIsNamed() throws IOException, InterruptedException {
        Path mounted = mountable();
        String said = run(mounted(mounted, "ro", "true"));
        assertTrue(said.contains("Read-only file system") && said.contains("-Djava.io.tmpdir="), said);
    }

    @Test
    void aFileSystemMountedNoexecIsNamed() throws IOException, InterruptedException {
        Path mounted = mountable();
        String said = run(mounted(mounted, "noexec", "true"));
        assertEquals(
                "cannot load " + mounted.resolve(NativeLibrary.DRIVER.fileName())
                        + ": its folder is mounted noexec; set -Djava.io.tmpdir= or -Djava.library.path= to a folder that is not",
                said);
    }

    /** On any machine: what the system would say of a file there. */
    @Test
    void aFileThatMayNotBeRunIsNamed() throws IOException {
        Path file = NativeLibraries.extract(folder).get(0);
        NativeLibraries.requireRunnable(file, Files::isExecutable);
        String message = assertThrows(
                        DeviceUnavailableException.class, () -> NativeLibraries.requireRunnable(file, any -> false))
                .getMessage();
        assertTrue(message.contains("mounted noexec") && message.contains(file.toString()), message);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        NativeLibraries.requireRunnable(file, any -> false); // not marked to be run, so nothing is known
    }

    private Path mountable() throws IOException, InterruptedException {
        Path place = Files.createDirectory(folder.resolve("mounted"));
        Process probe =
                new ProcessBuilder("sh", "-c", "unshare -rm mount -t tmpfs none " + place + " 2>/dev/null").start();
        assumeTrue(
                probe.waitFor() == 0, "no tmpfs can be mounted here: see the case beside this one, which needs none");
        return place;
    }

    /** A cold start on a tmpfs of its own, in a namespace of its own, and a command there after it. */
    private static Process mounted(Path place, String options, String after) throws IOException {
        return start(
                List.of(
                        "unshare",
                        "-rm",
                        "bash",
                        "-c",
                        "mount -t tmpfs -o " + options + " none " + place + " && \"$0\" \"$@\"; " + after),
                place,
                "C.UTF-8",
                List.of(),
                List.of());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    /** How a round of cold starts at one moment ended: one line for each that did not load the library. */
    private List<String> round(Path empty, int count, List<String> arguments) throws IOException, InterruptedException {
        List<Process> machines = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                machines.add(start(List.of(), empty, "C.UTF-8", List.of(), arguments));
            }
            List<BufferedReader> outputs = new ArrayList<>();
            for (Process machine : machines) {
                BufferedReader output = machine.inputReader(StandardCharsets.UTF_8);
                assertEquals("ready", output.readLine());
                outputs.add(output);
            }
            for (Process machine : machines) {
                machine.getOutputStream().write('\n');
                machine.getOutputStream().flush();
            }
            for (int i = 0; i < count; i++) {
                String said = outputs.get(i).readLine();
                assertTrue(machines.get(i).waitFor(60, TimeUnit.SECONDS), "a cold start hangs");
                if (machines.get(i).exitValue() != 0 || !"loaded".equals(said)) {
                    failures.add(machines.get(i).exitValue() + ": " + said);
                }
            }
        } finally {
            machines.forEach(Process::destroyForcibly);
        }
        return failures;
    }

    @Test
    void coldStartsSideBySideAllSucceed() throws Exception {
        int count = (int) Depth.of(6, 24, 24);
        long[] started = new long[1];
        Suite suite = new Suite("loader");
        suite.cases(Depth.of(2, 5, 50), round -> {
            Path empty = Files.createDirectory(folder.resolve("round" + round));
            assertEquals(List.of(), round(empty, count, List.of()), "round " + round);
            assertArrayEquals(
                    original(NativeLibrary.DRIVER), Files.readAllBytes(empty.resolve(NativeLibrary.DRIVER.fileName())));
            assertEquals(List.of(NativeLibrary.DRIVER.fileName()), names(empty));
            started[0] += count;
        });
        suite.reached(started[0] + " cold starts, " + count + " JVMs at once on an empty folder, none failed");
    }

    /** The same rounds with a library put down without care: those who find a part of it cannot load it, and that is seen. */
    @Test
    void aCarelessLoaderIsCaught() throws IOException, InterruptedException {
        List<String> failures = round(Files.createDirectory(folder.resolve("careless")), 3, List.of("careless"));
        assertFalse(failures.isEmpty());
        assertTrue(failures.stream().allMatch(line -> line.startsWith("3: ")), failures.toString());
    }

    private static Process start(Path temporary, String locale, List<String> options) throws IOException {
        return start(List.of(), temporary, locale, options, List.of());
    }

    /** @param within a command that runs the command behind it */
    private static Process start(
            List<String> within, Path temporary, String locale, List<String> options, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(within);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-XX:-UsePerfData", // its file would meet the limit of a full disk
                "-Djava.io.tmpdir=" + temporary));
        command.addAll(options);
        command.add(ColdStart.class.getName());
        command.addAll(arguments);
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
