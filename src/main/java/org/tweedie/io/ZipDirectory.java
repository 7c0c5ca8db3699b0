package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The entries of a ZIP file (PKWARE APPNOTE 6.3, Zip64 included), accepted only if the file is nothing else: entries
 * follow each other from byte 0 without gap or overlap, then the central directory, then its end record, and no byte more;
 * local and central headers agree. Names are never paths.
 */
final class ZipDirectory {
    static final int LOCAL = 0x04034b50;
    static final int CENTRAL = 0x02014b50;
    static final int END = 0x06054b50;
    static final int END64 = 0x06064b50;
    static final int LOCATOR64 = 0x07064b50;
    private static final int DESCRIPTOR = 0x08074b50;
    private static final long FULL32 = 0xffffffffL;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_./-]{1,255}");
    private static final int FLAGS_KNOWN = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11;

    /** An entry: where its bytes lie, how they are packed, and what they unpack to. */
    record Entry(String name, boolean deflated, long crc, long packed, long size, long data) {}

    private record Central(String name, int flags, int method, long crc, long packed, long size, long local) {}

    private final Source source;
    private final ReadLimits limits;

    private ZipDirectory(Source source, ReadLimits limits) {
        this.source = source;
        this.limits = limits;
    }

    static List<Entry> read(Source source, ReadLimits limits) throws IOException {
        return new ZipDirectory(source, limits).read();
    }

    private List<Entry> read() throws IOException {
        long length = source.length();
        if (length < 22) {
            throw fault("file", "not a ZIP file: " + length + " bytes");
        }
        ByteBuffer end = source.buffer(length - 22, 22);
        if (end.getInt(0) != END) {
            throw fault("end", "no end-of-directory record in the last 22 bytes: not a ZIP file, or data after it");
        }
        if (end.getShort(20) != 0) {
            throw fault("end", "the end record announces a comment that is not there");
        }
        long disks = u16(end, 4) | u16(end, 6);
        long entries = u16(end, 10);
        long entriesHere = u16(end, 8);
        long size = u32(end, 12);
        long offset = u32(end, 16);
        long after = length - 22;
        if (entries == 0xffff || size == FULL32 || offset == FULL32) {
            if (length < 22 + 20 + 56) {
                throw fault("end", "the Zip64 end record is absent");
            }
            ByteBuffer locator = source.buffer(length - 42, 20);
            if (locator.getInt(0) != LOCATOR64 || locator.getLong(8) != length - 98) {
                throw fault("end", "the Zip64 locator is absent or does not point to the record before it");
            }
            ByteBuffer end64 = source.buffer(length - 98, 56);
            if (end64.getInt(0) != END64 || end64.getLong(4) != 44) {
                throw fault("end", "the Zip64 end record is malformed");
            }
            disks = locator.getInt(4) | end64.getInt(16) | end64.getInt(20);
            entriesHere = end64.getLong(24);
            entries = end64.getLong(32);
            size = end64.getLong(40);
            offset = end64.getLong(48);
            after = length - 98;
        }
        if (disks != 0 || entriesHere != entries) {
            throw fault("end", "archives of several files are not read");
        }
        if (entries < 0 || entries > limits.entries()) {
            throw fault("end", Long.toUnsignedString(entries) + " entries, above the limit of " + limits.entries());
        }
        if (entries == 0) {
            throw fault("end", "the archive is empty");
        }
        if (offset < 0 || size < 0 || offset > after || size != after - offset) {
            throw fault("end", "the central directory does not lie just before its end record");
        }
        return locate(central(offset, size, (int) entries), offset);
    }

    private List<Central> central(long offset, long size, int entries) throws IOException {
        List<Central> all = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long at = offset;
        long end = offset + size;
        for (int i = 1; i <= entries; i++) {
            String place = "directory entry " + i;
            if (end - at < 46) {
                throw fault(place, "the directory ends too early");
            }
            ByteBuffer fixed = source.buffer(at, 46);
            if (fixed.getInt(0) != CENTRAL) {
                throw fault(place, "not a directory entry");
            }
            int nameLength = u16(fixed, 28);
            int extraLength = u16(fixed, 30);
            int commentLength = u16(fixed, 32);
            if (end - at - 46 < nameLength + extraLength + commentLength) {
                throw fault(place, "the directory ends too early");
            }
            ByteBuffer rest = source.buffer(at + 46, nameLength + extraLength);
            String name = name(rest, nameLength, place);
            if (!names.add(name)) {
                throw fault("entry " + name, "occurs twice");
            }
            Extra extra = new Extra(rest, nameLength, extraLength, "entry " + name);
            long unpacked = extra.widen(u32(fixed, 24));
            long packed = extra.widen(u32(fixed, 20));
            long local = extra.widen(u32(fixed, 42));
            if (u16(fixed, 34) != 0) {
                throw fault("entry " + name, "archives of several files are not read");
            }
            all.add(new Central(name, u16(fixed, 8), u16(fixed, 10), u32(fixed, 16), packed, unpacked, local));
            at += 46 + nameLength + extraLength + commentLength;
        }
        if (at != end) {
            throw fault("directory", (end - at) + " bytes after the last entry");
        }
        return all;
    }

    private List<Entry> locate(List<Central> central, long directory) throws IOException {
        List<Central> ordered = new ArrayList<>(central);
        ordered.sort(Comparator.comparingLong(Central::local));
        List<Entry> entries = new ArrayList<>();
        long at = 0;
        long total = 0;
        for (int i = 0; i < ordered.size(); i++) {
            Central entry = ordered.get(i);
            String place = "entry " + entry.name();
            if (entry.local() != at) {
                throw fault(
                        place,
                        "starts at byte " + Long.toUnsignedString(entry.local()) + ", expected " + at
                                + ": entries overlap or leave a gap");
            }
            long next = i + 1 < ordered.size() ? ordered.get(i + 1).local() : directory;
            entries.add(locate(entry, next, place));
            at = next;
            if (entry.size() > limits.inflated() - total) {
                throw fault(place, "the entries inflate to more than " + Shown.bytes(limits.inflated()));
            }
            total += entry.size();
        }
        return entries;
    }

    private Entry locate(Central entry, long next, String place) throws IOException {
        if ((entry.flags() & 1) != 0) {
            throw fault(place, "is encrypted");
        }
        if ((entry.flags() & ~FLAGS_KNOWN) != 0) {
            throw fault(place, "has unknown flags 0x" + Integer.toHexString(entry.flags()));
        }
        if (entry.method() != 0 && entry.method() != 8) {
            throw fault(place, "compression method " + entry.method() + " is not read; stored and deflated are");
        }
        boolean deflated = entry.method() == 8;
        if (entry.size() < 0 || entry.packed() < 0 || !deflated && entry.size() != entry.packed()) {
            throw fault(place, "its sizes contradict each other");
        }
        if (entry.size() > ReadLimits.RATIO_FREE && entry.size() / limits.ratio() > entry.packed()) {
            throw fault(place, "inflates more than " + limits.ratio() + ":1");
        }
        if (next - entry.local() < 30) {
            throw fault(place, "overlaps what follows it");
        }
        ByteBuffer local = source.buffer(entry.local(), 30);
        int nameLength = u16(local, 26);
        int extraLength = u16(local, 28);
        if (local.getInt(0) != LOCAL || u16(local, 6) != entry.flags() || u16(local, 8) != entry.method()) {
            throw fault(place, "its local header does not match the directory");
        }
        long data = entry.local() + 30 + nameLength + extraLength;
        if (data > next || entry.packed() > next - data) {
            throw fault(place, "runs into what follows it");
        }
        ByteBuffer rest = source.buffer(entry.local() + 30, nameLength + extraLength);
        if (!name(rest, nameLength, place).equals(entry.name())) {
            throw fault(place, "has another name in its local header");
        }
        Extra extra = new Extra(rest, nameLength, extraLength, place);
        long size = extra.widen(u32(local, 22));
        long packed = extra.widen(u32(local, 18));
        long gap = next - data - entry.packed();
        boolean described = (entry.flags() & 1 << 3) != 0;
        boolean agrees = u32(local, 14) == entry.crc() && size == entry.size() && packed == entry.packed();
        if (described ? !descriptor(entry, data + entry.packed(), gap) : gap != 0 || !agrees) {
            throw fault(place, "its local sizes or checksum do not match the directory");
        }
        return new Entry(entry.name(), deflated, entry.crc(), entry.packed(), entry.size(), data);
    }

    /** The record after the data of an entry whose sizes were not known before it, with or without signature. */
    private boolean descriptor(Central entry, long at, long gap) throws IOException {
        if (gap != 12 && gap != 16 && gap != 20 && gap != 24) {
            return false;
        }
        ByteBuffer record = source.buffer(at, (int) gap);
        boolean signed = gap == 16 || gap == 24;
        if (signed && record.getInt() != DESCRIPTOR) {
            return false;
        }
        long crc = record.getInt() & FULL32;
        boolean wide = gap >= 20;
        long packed = wide ? record.getLong() : record.getInt() & FULL32;
        long size = wide ? record.getLong() : record.getInt() & FULL32;
        return crc == entry.crc() && packed == entry.packed() && size == entry.size();
    }

    /** The Zip64 extra field: wide values for those that are 0xffffffff, in their order. */
    private final class Extra {
        private final ByteBuffer bytes;
        private final String place;
        private int at = -1;
        private int end;

        Extra(ByteBuffer bytes, int from, int length, String place) {
            this.bytes = bytes;
            this.place = place;
            int position = from;
            while (position < from + length) {
                int left = from + length - position;
                int size = left < 4 ? 0 : u16(bytes, position + 2);
                if (left < 4 || size > left - 4) {
                    throw fault(place, "its extra fields are malformed");
                }
                if (u16(bytes, position) == 1) {
                    if (at >= 0) {
                        throw fault(place, "has two Zip64 fields");
                    }
                    at = position + 4;
                    end = at + size;
                }
                position += 4 + size;
            }
        }

        long widen(long value) {
            if (value != FULL32) {
                return value;
            }
            if (at < 0 || end - at < 8) {
                throw fault(place, "its Zip64 field is absent or too short");
            }
            long wide = bytes.getLong(at);
            at += 8;
            return wide;
        }
    }

    private String name(ByteBuffer bytes, int length, String place) {
        String name = new String(bytes.array(), 0, length, StandardCharsets.ISO_8859_1);
        if (!NAME.matcher(name).matches()) {
            throw fault(place, "name " + Shown.quoted(name) + " is not made of 1 to 255 of A-Z a-z 0-9 _ . / -");
        }
        return name;
    }

    private MalformedFileException fault(String place, String fault) {
        return new MalformedFileException(source.name(), place, fault);
    }

    private static int u16(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xffff;
    }

    private static long u32(ByteBuffer bytes, int at) {
        return bytes.getInt(at) & FULL32;
    }
}
