package org.tweedie.device.cuda;

/** The text of a failed driver call: what was done, the code's name, what to do about it. */
final class Failures {
    private Failures() {}

    static String text(String what, int code) {
        return text(what, code, Codes.remedy(code));
    }

    static String text(String what, int code, String remedy) {
        return what + " " + Codes.name(code) + "; " + remedy;
    }
}
