package org.tweedie.device;

/** The asked device cannot be used on this machine; the message says why and what would change that. Immutable. */
public final class DeviceUnavailableException extends DeviceException {
    private static final long serialVersionUID = 1L;

    public DeviceUnavailableException(String message) {
        super(message);
    }

    public DeviceUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
