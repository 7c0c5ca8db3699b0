package org.tweedie.device.cuda;

/** Makes one line of what the dynamic loader said: JCuda's own error runs to forty. */
final class NativeFailure {
    private NativeFailure() {}

    /**
     * @param needed the library that JCuda's library links to
     * @param without what its absence means
     * @param remedy what to do then
     */
    static String reason(LinkageError error, String needed, String without, String remedy) {
        String last = "";
        for (String line : String.valueOf(error.getMessage()).split("\\R", -1)) {
            if (line.contains(needed + ": cannot open shared object file")) {
                return without + ": " + needed + " was not found; " + remedy;
            }
            // the second of the two nested traces is the one from the file itself
            if (line.contains("UnsatisfiedLinkError:")) {
                last = line.substring(line.indexOf("UnsatisfiedLinkError:") + "UnsatisfiedLinkError:".length())
                        .strip();
            }
        }
        if (last.contains("failed to map segment")) {
            last += " (is the folder mounted noexec? set -Djava.io.tmpdir= to another)";
        }
        return "JCuda's library does not load: "
                + (last.isEmpty() ? error.toString().lines().findFirst().orElse("") : last);
    }
}
