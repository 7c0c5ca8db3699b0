package org.tweedie.device;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is open and how many bytes that is. An entry is taken out once, by whoever comes first. Thread-safe. */
final class Ledger<E> {
    private final Map<Long, Entry> open = new LinkedHashMap<>(); // by age
    private long serial;
    private long bytes;

    /** A line of the ledger. */
    final class Entry {
        final E what;
        private final long number;
        private final long size;

        private Entry(E what, long number, long size) {
            this.what = what;
            this.number = number;
            this.size = size;
        }

        /** Takes this entry out; true for the one caller who did. */
        boolean take() {
            synchronized (Ledger.this) {
                boolean mine = open.remove(number) != null;
                if (mine) {
                    bytes -= size;
                }
                return mine;
            }
        }
    }

    synchronized Entry put(E what, long size) {
        Entry entry = new Entry(what, serial++, size);
        open.put(entry.number, entry);
        bytes += size;
        return entry;
    }

    /** What is open now, oldest first. */
    synchronized List<Entry> open() {
        return new ArrayList<>(open.values());
    }

    /** Of all that is open. */
    synchronized long bytes() {
        return bytes;
    }
}
