package org.tweedie.io;

/**
 * An input file that cannot be used. The message is one line, {@code file: place: fault}, and may be shown as it is; text
 * that came from the file is escaped and shortened. Immutable.
 */
public final class MalformedFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final String place;
    private final String fault;

    /**
     * @param file the file's name, as the user gave it
     * @param place where in it: "header", "row 3, column 2", "tensor \"w\""
     * @param fault what is wrong there and, where known, what to do
     */
    public MalformedFileException(String file, String place, String fault) {
        super(Shown.line(file) + ": " + Shown.line(place) + ": " + Shown.line(fault));
        this.file = Shown.line(file);
        this.place = Shown.line(place);
        this.fault = Shown.line(fault);
    }

    /** The same, keeping the parser's own exception for the log. */
    public MalformedFileException(String file, String place, String fault, Throwable cause) {
        this(file, place, fault);
        initCause(cause);
    }

    /** The file's name. */
    public String file() {
        return file;
    }

    /** Where in the file. */
    public String place() {
        return place;
    }

    /** What is wrong there. */
    public String fault() {
        return fault;
    }
}
