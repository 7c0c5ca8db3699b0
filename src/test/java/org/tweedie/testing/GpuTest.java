package org.tweedie.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A test that needs a CUDA device, real or emulated. Where there is none it is skipped, with the reason, and under
 * {@code -Dtweedie.requireGpu} it fails instead; {@code -Dtweedie.requireGpu=real} takes no emulated one.
 */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Tag("gpu")
@ExtendWith(GpuTest.Condition.class)
public @interface GpuTest {
    /** True where only a real GPU will do. */
    boolean real() default false;

    /** Decides. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            boolean real = AnnotationSupport.findAnnotation(context.getElement(), GpuTest.class)
                    .map(GpuTest::real)
                    .orElse(false);
            Optional<String> missing = TestDevices.missing(real);
            if (missing.isEmpty()) {
                return ConditionEvaluationResult.enabled("a CUDA device is here");
            }
            boolean emulatedWillDo = real && !"real".equals(System.getProperty("tweedie.requireGpu"));
            if (TestDevices.required() && !emulatedWillDo) {
                throw new IllegalStateException("-Dtweedie.requireGpu is set, but: " + missing.get());
            }
            return ConditionEvaluationResult.disabled(missing.get());
        }
    }
}
