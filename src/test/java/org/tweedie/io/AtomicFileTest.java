package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AtomicFileTest {
    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void isPrivateUntilPublished() throws Exception {
        Path target = folder.resolve("a.bin");
        try (AtomicFile file = AtomicFile.create(Output.to(target))) {
            file.write(new byte[] {1, 2, 3});
            file.stream().write(4);
            assertEquals(4, file.position());
            file.overwrite(1, new byte[] {9});
            assertThrows(IllegalArgumentException.class, () -> file.overwrite(3, new byte[2]));
            String temporary = "a.bin.tmp-" + ProcessHandle.current().pid();
            assertEquals(List.of(temporary), names());
            assertEquals("rw-------", permissions(folder.resolve(temporary)));
            file.publish();
            assertThrows(IllegalStateException.class, file::publish);
        }
        assertEquals(List.of("a.bin"), names());
        assertArrayEquals(new byte[] {1, 9, 3, 4}, Files.readAllBytes(target));
        assertEquals("rw-r--r--", permissions(target));
    }

    @Test
    void refusesTargetsItMayNotWrite() throws Exception {
        Path target = Files.write(folder.resolve("a.bin"), new byte[] {7});
        String exists = assertThrows(IllegalArgumentException.class, () -> AtomicFile.create(Output.to(target)))
                .getMessage();
        assertEquals("output " + target + " exists; choose another name or replace it with --force", exists);
        for (Output output : List.of(Output.to(folder), Output.to(folder).replacing())) {
            String directory = assertThrows(IllegalArgumentException.class, () -> AtomicFile.create(output))
                    .getMessage();
            assertEquals("output " + folder + " is a directory; name a file", directory);
        }
        String absent = assertThrows(
                        IllegalArgumentException.class, () -> AtomicFile.create(Output.to(folder.resolve("x/y"))))
                .getMessage();
        assertTrue(absent.endsWith("does not exist; create it first"), absent);
        assertThrows(IllegalArgumentException.class, () -> AtomicFile.check(Output.to(Path.of("/"))));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> AtomicFile.check(Output.to(Path.of("/dev/null")).replacing()))
                .getMessage()
                .endsWith("is not a regular file"));
        assertArrayEquals(new byte[] {7}, Files.readAllBytes(target));
        assertEquals(List.of("a.bin"), names());
    }

    @Test
    void aTargetThatAppearsMeanwhileIsNotReplaced() throws Exception {
        Path target = folder.resolve("a.bin");
        try (AtomicFile file = AtomicFile.create(Output.to(target))) {
            file.write(new byte[100]);
            Files.write(target, new byte[] {7});
            assertThrows(IllegalArgumentException.class, file::publish);
        }
        assertArrayEquals(new byte[] {7}, Files.readAllBytes(target));
        assertEquals(List.of("a.bin"), names());
    }

    @Test
    void aLinkIsFollowed() throws Exception {
        Path real = Files.write(folder.resolve("real"), new byte[] {7});
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        assertThrows(IllegalArgumentException.class, () -> AtomicFile.create(Output.to(link)));
        try (AtomicFile file = AtomicFile.create(Output.to(link).replacing())) {
            file.write(new byte[] {8});
            file.publish();
        }
        assertTrue(Files.isSymbolicLink(link));
        assertArrayEquals(new byte[] {8}, Files.readAllBytes(real));
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nothing"));
        assertThrows(IllegalArgumentException.class, () -> AtomicFile.create(Output.to(dangling)));
    }

    @Test
    void twoWritersOfOneTargetDoNotMeet() throws Exception {
        Path target = folder.resolve("n".repeat(255));
        try (AtomicFile one = AtomicFile.create(Output.to(target).replacing());
                AtomicFile two = AtomicFile.create(Output.to(target).replacing())) {
            one.write(new byte[] {1});
            two.write(new byte[] {2});
            two.publish();
            one.publish();
        }
        assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
        assertEquals(1, names().size());
    }

    /** What cannot be opened has not been forced; only a folder that may not be read is let off. */
    @Test
    void aFolderThatIsNotThereIsNotForced() {
        assertThrows(NoSuchFileException.class, () -> FileActions.disk().forceDirectory(folder.resolve("absent")));
    }

    /** Whichever change to the disk fails, the target is the old file or the new one, and nothing else is left. */
    @ParameterizedTest
    @EnumSource
    void everyFailureLeavesOldOrNew(Written writer) throws Exception {
        Path target = folder.resolve("target." + writer);
        for (boolean replacing : new boolean[] {false, true}) {
            FaultyDisk counting = new FaultyDisk(0);
            Output output = Output.to(target).force(replacing);
            writer.save(output.through(counting));
            byte[] complete = Files.readAllBytes(target);
            assertTrue(counting.calls() >= 7, counting.calls() + " calls");
            for (int failing = 1; failing <= counting.calls(); failing++) {
                Files.delete(target);
                if (replacing) {
                    Files.write(target, new byte[] {7});
                }
                FaultyDisk disk = new FaultyDisk(failing);
                assertThrows(IOException.class, () -> writer.save(output.through(disk)), "call " + failing);
                boolean published = Files.exists(target) && Files.size(target) > 1;
                if (published) {
                    assertArrayEquals(complete, Files.readAllBytes(target));
                } else if (replacing) {
                    assertArrayEquals(new byte[] {7}, Files.readAllBytes(target));
                } else {
                    assertFalse(Files.exists(target));
                }
                assertEquals(
                        published || replacing ? List.of("target." + writer) : List.of(), names(), "call " + failing);
                Files.write(target, new byte[] {7});
            }
            Files.delete(target);
        }
    }
}
