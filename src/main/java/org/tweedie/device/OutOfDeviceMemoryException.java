package org.tweedie.device;

/** There was no room on the device for an allocation. State is unchanged; smaller batches may fit. */
public final class OutOfDeviceMemoryException extends DeviceException {
    private static final long serialVersionUID = 1L;
    private final long askedBytes;
    private final long freeBytes;

    /** @param askedBytes 0 where the driver does not say how much it wanted */
    public OutOfDeviceMemoryException(String device, long askedBytes, long freeBytes) {
        super(device + ": " + (askedBytes > 0 ? "asked for " + askedBytes + " bytes" : "out of memory") + ", "
                + freeBytes + " bytes free; use a smaller batch or chunk");
        this.askedBytes = askedBytes;
        this.freeBytes = freeBytes;
    }

    public long askedBytes() {
        return askedBytes;
    }

    public long freeBytes() {
        return freeBytes;
    }
}
