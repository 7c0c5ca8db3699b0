package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;

/** What Java declares of a kernel, against the type that a C++ compiler saw: no text is parsed. */
@GpuTest
class EmulatedSignatureTest {
    private static char letter(Parameter parameter) {
        return switch (parameter) {
            case POINTER -> 'p';
            case I32 -> 'i';
            case I64 -> 'l';
            case F32 -> 'f';
            case F64 -> 'd';
        };
    }

    @Test
    void everyDeclaredKernelHasItsCompiledParameters() throws Exception {
        EmulatedDriver.required();
        List<DeclaredEntries.Declared> all = DeclaredEntries.all();
        assertFalse(all.isEmpty());
        for (DeclaredEntries.Declared declared : all) {
            String letters = declared.entry().parameters().stream()
                    .map(p -> String.valueOf(letter(p)))
                    .collect(Collectors.joining());
            assertEquals(
                    EmulatedDriver.parameters(declared.entry().name()),
                    letters,
                    declared.field() + ": " + declared.entry().name());
        }
    }
}
