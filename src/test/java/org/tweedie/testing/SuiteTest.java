package org.tweedie.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** Suites that count for a release must not lose a case between two runs, nor count one that did not run. */
class SuiteTest {
    private final Path record = Path.of("target", "long", "suite-test.properties");
    private final String before = System.getProperty("tweedie.long", "false");

    @AfterEach
    void restore() throws Exception {
        System.setProperty("tweedie.long", before);
        System.clearProperty("suite.minutes");
        Files.deleteIfExists(record);
    }

    @Test
    void aLongRunGoesOnWhereItStopped() throws Exception {
        System.setProperty("tweedie.long", "true");
        Suite suite = new Suite("suite-test");
        List<Long> ran = new ArrayList<>();
        suite.cases(3, ran::add);
        suite.cases(7, ran::add);
        assertEquals(LongStream.range(0, 7).boxed().toList(), ran);
    }

    @Test
    void aLongRunOfAnotherCommitStartsAgain() throws Exception {
        System.setProperty("tweedie.long", "true");
        Files.createDirectories(record.getParent());
        Files.writeString(record, "commit=another\ndone=5\n");
        List<Long> ran = new ArrayList<>();
        new Suite("suite-test").cases(6, ran::add);
        assertEquals(6, ran.size());
    }

    @Test
    void timeThatRanOutIsNoPass() {
        System.setProperty("tweedie.long", "true");
        System.setProperty("suite.minutes", "0");
        List<Long> ran = new ArrayList<>();
        assertThrows(TestAbortedException.class, () -> new Suite("suite-test").cases(3, ran::add));
        assertEquals(List.of(0L), ran);
        assertTrue(Files.exists(record));
    }

    @Test
    void otherRunsDoEveryCaseEachTime() throws Exception {
        System.setProperty("tweedie.long", "false");
        Suite suite = new Suite("suite-test");
        List<Long> ran = new ArrayList<>();
        suite.cases(2, ran::add);
        suite.cases(2, ran::add);
        assertEquals(List.of(0L, 1L, 0L, 1L), ran);
    }
}
