package org.tweedie.device;

/** There was no room on the device for an allocation. State is unchanged; smaller batches may fit. Immutable. */
public final class OutOfDeviceMemoryException extends DeviceException {
    private static final long serialVersionUID = 1L;
    private static final String REMEDY = "; use a smaller batch or chunk";
    private final String fact;
    private final long askedBytes;
    private final long freeBytes;

    /**
     * An allocation that failed.
     *
     * @param what the device and what was done on it
     * @param askedBytes 0 where the driver does not say how much it wanted
     * @param freeBytes when it failed; -1 where that is not known
     */
    public OutOfDeviceMemoryException(String what, long askedBytes, long freeBytes) {
        this(
                what + ": " + (askedBytes > 0 ? "asked for " + askedBytes + " bytes" : "out of memory") + ", "
                        + free(freeBytes),
                REMEDY,
                askedBytes,
                freeBytes);
    }

    private OutOfDeviceMemoryException(String fact, String remedy, long askedBytes, long freeBytes) {
        super(fact + remedy);
        this.fact = fact;
        this.askedBytes = askedBytes;
        this.freeBytes = freeBytes;
    }

    private static String free(long bytes) {
        return bytes < 0 ? "free bytes unknown" : bytes + " bytes free";
    }

    /**
     * The same for work of which the allocation was a part: what all of it needs, at least, and what was free for it.
     *
     * @param work for example {@code "a training step of 1024 rows"}
     * @param heldBytes what the work had been given, and has given back
     * @param remedy what to do instead
     */
    public OutOfDeviceMemoryException during(String work, long heldBytes, String remedy) {
        long needed = Math.addExact(heldBytes, Math.min(askedBytes, Long.MAX_VALUE - heldBytes));
        long available = freeBytes < 0 ? freeBytes : freeBytes + heldBytes;
        OutOfDeviceMemoryException whole = new OutOfDeviceMemoryException(
                fact + "; " + work + " needs " + (askedBytes > 0 ? "at least " : "more than ") + needed
                        + " bytes in all, with " + free(available),
                "; " + remedy,
                needed,
                available);
        whole.setStackTrace(getStackTrace());
        return whole;
    }

    /** Bytes asked for, or needed at least; 0 where the driver does not say. */
    public long askedBytes() {
        return askedBytes;
    }

    /** Bytes that were free for it; -1 where the driver does not say. */
    public long freeBytes() {
        return freeBytes;
    }
}
