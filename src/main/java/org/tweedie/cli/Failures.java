package org.tweedie.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CancellationException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.io.MalformedFileException;
import picocli.CommandLine;

/** Turns what a command threw into one line on standard error and an exit code. {@code -Dtweedie.trace=true} adds the stack. */
final class Failures implements CommandLine.IExecutionExceptionHandler {
    @Override
    public int handleExecutionException(Exception thrown, CommandLine line, CommandLine.ParseResult result) {
        line.getErr().println("tweedie: " + message(thrown));
        if (Boolean.getBoolean("tweedie.trace")) {
            thrown.printStackTrace(line.getErr());
        }
        return code(thrown);
    }

    private static int code(Exception thrown) {
        if (thrown instanceof Stopped stopped) {
            return stopped.code();
        } else if (thrown instanceof MalformedFileException || thrown instanceof NoSuchFileException || thrown instanceof FileNotFoundException) {
            return ExitCode.INPUT;
        } else if (thrown instanceof DeviceUnavailableException) {
            return ExitCode.DEVICE;
        } else if (thrown instanceof OutOfDeviceMemoryException) {
            return ExitCode.MEMORY;
        } else if (thrown instanceof IllegalArgumentException || thrown instanceof CommandLine.ParameterException) {
            return ExitCode.USAGE;
        }
        return ExitCode.FAILURE;
    }

    private static String message(Exception thrown) {
        if (thrown instanceof NoSuchFileException e) {
            return e.getFile() + ": no such file";
        } else if (thrown instanceof AccessDeniedException e) {
            return e.getFile() + ": permission denied";
        } else if (thrown instanceof FileSystemException e) {
            return e.getFile() + ": " + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason());
        } else if (thrown instanceof IOException || thrown instanceof CancellationException) {
            return String.valueOf(thrown.getMessage());
        }
        String message = thrown.getMessage();
        return message == null ? thrown.getClass().getSimpleName() + "; rerun with -Dtweedie.trace=true to see where" : message;
    }
}
