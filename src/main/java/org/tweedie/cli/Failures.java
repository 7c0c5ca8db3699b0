package org.tweedie.cli;

import java.io.FileNotFoundException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.io.MalformedFileException;
import picocli.CommandLine;

/** Turns what a command threw into one line on standard error and an exit code. {@code -Dtweedie.trace=true} adds the stack. */
final class Failures implements CommandLine.IExecutionExceptionHandler {
    @Override
    public int handleExecutionException(Exception thrown, CommandLine line, CommandLine.ParseResult result) {
        return report(thrown, line.getErr());
    }

    static int report(Throwable thrown, PrintWriter err) {
        Throwable fault = thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null
                ? unchecked.getCause()
                : thrown;
        err.println("tweedie: " + message(fault).strip().replaceAll("\\s*\\R\\s*", "; "));
        if (Boolean.getBoolean("tweedie.trace")) {
            thrown.printStackTrace(err);
        }
        err.flush();
        return code(fault);
    }

    private static int code(Throwable thrown) {
        if (thrown instanceof Stopped stopped) {
            return stopped.code();
        } else if (thrown instanceof MalformedFileException
                || thrown instanceof NoSuchFileException
                || thrown instanceof FileNotFoundException) {
            return ExitCode.INPUT;
        } else if (thrown instanceof DeviceUnavailableException) {
            return ExitCode.DEVICE;
        } else if (thrown instanceof OutOfDeviceMemoryException || thrown instanceof OutOfMemoryError) {
            return ExitCode.MEMORY;
        } else if (thrown instanceof IllegalArgumentException || thrown instanceof CommandLine.ParameterException) {
            return ExitCode.USAGE;
        }
        return ExitCode.FAILURE;
    }

    private static String message(Throwable thrown) {
        if (thrown instanceof OutOfMemoryError) {
            return "out of memory: Java has at most " + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MiB of heap; give it more (TWEEDIE_JAVA_OPTS=-Xmx8g with the launcher), or take fewer rows, a smaller batch or network";
        } else if (thrown instanceof NoSuchFileException e) {
            return e.getFile() + ": no such file";
        } else if (thrown instanceof AccessDeniedException e) {
            return e.getFile() + ": permission denied";
        } else if (thrown instanceof FileSystemException e) {
            return e.getFile() + ": " + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason());
        }
        String message = thrown.getMessage();
        return message == null || thrown instanceof Error
                ? thrown.getClass().getSimpleName() + ": " + message
                        + "; rerun with TWEEDIE_JAVA_OPTS=-Dtweedie.trace=true to see where"
                : message;
    }
}
