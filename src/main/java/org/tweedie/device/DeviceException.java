package org.tweedie.device;

/** A device refused or failed an operation. The message names the operation, its sizes, the code and what to do. Immutable. */
public class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
