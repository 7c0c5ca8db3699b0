package org.tweedie.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.testing.Signals;

/** The launcher in a folder of its own, with a Maven that copies a small jar and, where it matters, a Java that only talks. */
@Tag("checkout")
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(60)
class LauncherTest {
    @TempDir
    private Path home;

    private Path tools;

    /** What the jar runs. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.print(ProcessHandle.current().pid() + " " + Arrays.toString(arguments));
            if (arguments.length == 0) {
                System.err.print("one\nno end of line");
                System.exit(7);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.println("stopped")));
            System.err.print("ready\r");
            Thread.sleep(50_000);
        }
    }

    @BeforeEach
    void layOut() throws IOException {
        Files.copy(Path.of("tweedie"), home.resolve("tweedie"), StandardCopyOption.COPY_ATTRIBUTES);
        for (String source : List.of("pom.xml", "src/main/java/A.java", "kernels/a.cu")) {
            Path file = home.resolve(source);
            Files.createDirectories(file.getParent());
            Files.writeString(file, source);
        }
        tools = Files.createDirectory(home.resolve("tools"));
        jar(tools.resolve("probe.jar"));
        script(
                tools.resolve("mvn"),
                "echo \"$@\" >> " + tools + "/builds; sleep 0.2; cp " + tools + "/probe.jar target/tweedie.jar");
        Files.createFile(tools.resolve("builds"));
    }

    @Test
    void buildsWhenTheJarIsMissingOrOlderAndNotOtherwise() throws Exception {
        run();
        assertEquals(1, builds());
        run();
        assertEquals(1, builds(), "nothing changed, so nothing is built");
        for (String source : List.of("pom.xml", "src/main/java/A.java", "kernels/a.cu")) {
            int before = builds();
            Files.setLastModifiedTime(home.resolve(source), FileTime.from(Instant.now()));
            run();
            run();
            assertEquals(before + 1, builds(), source + " is newer than the jar");
        }
        Files.delete(home.resolve("src/main/java/A.java"));
        int before = builds();
        run();
        assertEquals(before + 1, builds(), "a source was deleted");
    }

    @Test
    void buildsOnceWhereTwoStartTogether() throws Exception {
        Process first = start();
        Process second = start();
        assertEquals(7, first.waitFor());
        assertEquals(7, second.waitFor());
        assumeTrue(onPath("flock"), "no flock here, so no lock");
        assertEquals(1, builds());
    }

    @Test
    void becomesJavaAndKeepsItsWords() throws Exception {
        run();
        Process process = start();
        assertEquals(7, process.waitFor());
        assertEquals(
                process.pid() + " []", read(process.getInputStream()), "the launcher must become java, not start it");
        assertEquals("one\nno end of line", read(process.getErrorStream()));
    }

    @Test
    void passesArgumentsAndLinksThrough() throws Exception {
        run();
        Path link = Files.createSymbolicLink(tools.resolve("linked"), Path.of("../tweedie"));
        Process process =
                environment(new ProcessBuilder(link.toString(), "a b", "*")).start();
        assertEquals(
                "ready\r",
                new String(process.getErrorStream().readNBytes(6), UTF_8),
                "must not wait for the end of a line");
        process.toHandle().destroy(); // SIGTERM, and the streams stay open
        assertEquals(143, process.waitFor());
        assertEquals("stopped\n", read(process.getErrorStream()));
        assertEquals(process.pid() + " [a b, *]", read(process.getInputStream()));
    }

    @Test
    void controlCReachesJavaAndItsLastWordsArrive() throws Exception {
        assumeTrue(onPath("setsid"), "no setsid here");
        run();
        Process process = environment(new ProcessBuilder(
                        Signals.heard(List.of("setsid", home.resolve("tweedie").toString(), "wait"))))
                .start();
        process.getErrorStream().readNBytes(6);
        new ProcessBuilder("kill", "-INT", "--", "-" + process.pid())
                .inheritIO()
                .start()
                .waitFor();
        assertEquals(130, process.waitFor());
        assertEquals("stopped\n", read(process.getErrorStream()));
    }

    @Test
    void refusesAnOldJavaWithTheRemedy() throws Exception {
        Path old = home.resolve("jdk-11");
        Files.createDirectories(old.resolve("bin"));
        script(old.resolve("bin/java"), "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2");
        ProcessBuilder builder =
                environment(new ProcessBuilder(home.resolve("tweedie").toString()));
        builder.environment().put("JAVA_HOME", old.toString());
        Process process = builder.start();
        assertEquals(3, process.waitFor());
        String said = read(process.getErrorStream());
        assertTrue(said.contains("Java 17 or newer") && said.contains("11.0.2") && said.contains("JAVA_HOME"), said);
        assertEquals(0, builds());
    }

    @Test
    void saysWhenTheBuildFails() throws Exception {
        script(tools.resolve("mvn"), "echo no such symbol; exit 1");
        Process process = start();
        assertEquals(1, process.waitFor());
        assertEquals("", read(process.getInputStream()), "the build talks on standard error");
        assertTrue(read(process.getErrorStream()).contains("no such symbol"));
        assertFalse(Files.exists(home.resolve("target/tweedie.jar")));
    }

    private void run() throws Exception {
        assertEquals(7, start().waitFor());
    }

    private Process start() throws IOException {
        return environment(new ProcessBuilder(home.resolve("tweedie").toString()))
                .start();
    }

    private ProcessBuilder environment(ProcessBuilder builder) {
        builder.environment().put("PATH", tools + ":" + System.getenv("PATH"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().keySet().removeAll(List.of("TWEEDIE_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        return builder;
    }

    private int builds() throws IOException {
        return Files.readAllLines(tools.resolve("builds")).size();
    }

    private static boolean onPath(String tool) {
        return Arrays.stream(System.getenv("PATH").split(":")).anyMatch(p -> Files.isExecutable(Path.of(p, tool)));
    }

    private static String read(InputStream stream) throws IOException {
        return new String(stream.readAllBytes(), UTF_8);
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void jar(Path file) throws IOException {
        String entry = Probe.class.getName().replace('.', '/') + ".class";
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Probe.class.getName());
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out, manifest)) {
            jar.putNextEntry(new JarEntry(entry));
            try (InputStream in = Probe.class.getClassLoader().getResourceAsStream(entry)) {
                in.transferTo(jar);
            }
        }
    }
}
