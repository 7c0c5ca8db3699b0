package org.tweedie.house;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import jdk.incubator.vector.VectorOperators;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The direction of arrows: who may use whom, inside and outside; and which functions would cost the same bits on every machine. */
@Tag("checkout")
class ArchitectureTest {
    private static final String ROOT = "org.tweedie";
    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    private static final Set<String> PURE = Set.of("rng", "plan", "sde", "manifold", "markov");
    private static final Set<String> USES = Set.of("bridge", "hitting", "likelihood", "inverse", "guidance", "flow");

    /** What each package may use, beside itself. A package that is not here has no place yet: give it one. */
    private static final Map<String, Set<String>> ARROWS = arrows();

    private static final Set<String> TRANSCENDENTAL = Set.of(
            "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp", "expm1", "log",
            "log10", "log1p", "pow", "cbrt", "hypot");

    private static Map<String, Set<String>> arrows() {
        Map<String, Set<String>> arrows = new TreeMap<>();
        arrows.put("io", Set.of());
        arrows.put("rng", Set.of());
        arrows.put("plan", Set.of("rng"));
        for (String pure : List.of("sde", "manifold", "markov")) {
            arrows.put(pure, Set.of("plan", "rng"));
        }
        arrows.put("theory", Set.of("rng", "plan", "sde", "metric"));
        arrows.put("data", Set.of("rng", "io"));
        arrows.put("device", Set.of());
        arrows.put("kernels", and(PURE, "device"));
        arrows.put("metric", Set.of("rng", "device", "kernels"));
        arrows.put("score", and(arrows.get("kernels"), "kernels"));
        arrows.put("execution", and(arrows.get("score"), "score"));
        arrows.put("train", and(arrows.get("execution"), "execution", "io", "data", "metric"));
        for (String use : USES) {
            arrows.put(use, and(arrows.get("train"), "train"));
        }
        arrows.put(
                "",
                and(
                        arrows.get("train"),
                        Stream.concat(USES.stream(), Stream.of("train", "theory"))
                                .toArray(String[]::new)));
        arrows.put("spark", Set.of("", "io", "data"));
        Set<String> below = new TreeSet<>(arrows.keySet());
        below.remove("spark");
        arrows.put("cli", below);
        return arrows;
    }

    private static Set<String> and(Set<String> set, String... more) {
        Set<String> sum = new TreeSet<>(set);
        sum.addAll(Arrays.asList(more));
        return sum;
    }

    @Test
    void everyPackageHasItsPlace() {
        Set<String> homeless = new TreeSet<>();
        for (JavaClass one : CODE) {
            if (!ARROWS.containsKey(place(one))) {
                homeless.add(one.getPackageName());
            }
        }
        assertTrue(homeless.isEmpty(), "packages without a place in ARROWS: " + homeless);
        assertFalse(CODE.isEmpty());
    }

    @TestFactory
    Stream<DynamicTest> arrowsPointDown() {
        return ARROWS.entrySet().stream().map(arrow -> {
            String from = arrow.getKey();
            Set<String> allowed = and(arrow.getValue(), from);
            DescribedPredicate<JavaClass> below = describe(
                    "outside org.tweedie or in " + allowed,
                    target -> !target.getPackageName().startsWith(ROOT) || allowed.contains(place(target)));
            return rule(in(from).should().onlyDependOnClassesThat(below));
        });
    }

    @TestFactory
    Stream<DynamicTest> eachLibraryHasOneHome() {
        return Stream.of(
                home("device", "jcuda.."),
                home("cli", "picocli.."),
                home("io", "de.siegmar..", "com.fasterxml.."),
                home("spark", "org.apache.spark.."),
                rule(noClasses()
                        .that()
                        .resideOutsideOfPackage("org.tweedie.kernels.host.vector..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("jdk.incubator..")),
                rule(classes()
                        .that()
                        .resideInAnyPackage(
                                PURE.stream().map(p -> ROOT + "." + p + "..").toArray(String[]::new))
                        .should()
                        .onlyDependOnClassesThat(resideInAnyPackage("java..", "org.jspecify..", ROOT + ".."))));
    }

    @TestFactory
    Stream<DynamicTest> sameBitsOnEveryMachine() {
        return Stream.concat(PURE.stream(), Stream.of("kernels", "execution", "score", "train"))
                .sorted()
                .map(place ->
                        rule(noClasses().that(placed(place)).should().accessTargetWhere(differsBetweenMachines())));
    }

    @TestFactory
    Stream<DynamicTest> nothingRunsFromData() {
        return Stream.of(
                rule(noClasses().should().dependOnClassesThat().haveFullyQualifiedName("java.io.ObjectInputStream")),
                rule(noClasses().should().dependOnClassesThat().haveFullyQualifiedName("javax.script.ScriptEngine")),
                rule(noClasses().should().dependOnClassesThat().resideInAnyPackage("java.net.http..", "java.rmi..")),
                rule(noClasses()
                        .should()
                        .dependOnClassesThat()
                        .haveNameMatching(
                                "java\\.net\\.(Server)?Socket|java\\.net\\..*URLConnection|java\\.net\\.Datagram.*")));
    }

    @Test
    void noCircles() {
        slices().matching("org.tweedie.(*)..")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(CODE);
    }

    @Test
    void seesTheFunctionsItForbids() {
        JavaClasses guilty = new ClassFileImporter().importClasses(Guilty.class);
        List<String> seen = new ArrayList<>();
        guilty.get(Guilty.class).getAccessesFromSelf().stream()
                .filter(differsBetweenMachines())
                .forEach(access -> seen.add(access.getTarget().getName()));
        assertEquals(
                Set.of("exp", "tanh", "SIN"), Set.copyOf(seen), "calls, method references and vector operators alike");
    }

    /** A call, a method reference and a vector operator that differ between machines; and three that do not. */
    static final class Guilty {
        final double called = Math.exp(called());
        final DoubleUnaryOperator referenced = Math::tanh;
        final Object operator = VectorOperators.SIN;
        final Object exact = VectorOperators.FMA;
        final double fused = Math.fma(called, called, Math.sqrt(called)) + StrictMath.log(called);

        private static double called() {
            return 2;
        }
    }

    private static DescribedPredicate<JavaAccess<?>> differsBetweenMachines() {
        return describe(
                "a transcendental function whose bits differ between machines (use StrictMath, or our polynomials)",
                access -> {
                    String owner = access.getTargetOwner().getName();
                    String name = access.getTarget().getName();
                    return owner.equals("java.lang.Math") && TRANSCENDENTAL.contains(name)
                            || owner.equals("jdk.incubator.vector.VectorOperators")
                                    && TRANSCENDENTAL.contains(name.toLowerCase(Locale.ROOT));
                });
    }

    private static DynamicTest home(String place, String... packages) {
        return rule(noClasses()
                .that(describe("outside ." + place, one -> !place(one).equals(place)))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages));
    }

    private static GivenClassesConjunction in(String place) {
        return classes().that(placed(place));
    }

    private static DescribedPredicate<JavaClass> placed(String place) {
        return describe(
                place.isEmpty() ? "the front door" : "." + place,
                one -> place(one).equals(place));
    }

    /** The first word after org.tweedie, empty for the front door itself. */
    private static String place(JavaClass one) {
        String name = one.getPackageName();
        if (!name.startsWith(ROOT + ".")) {
            return "";
        }
        return name.substring(ROOT.length() + 1).split("\\.")[0];
    }

    private static DynamicTest rule(ArchRule rule) {
        return DynamicTest.dynamicTest(
                rule.getDescription(), () -> rule.allowEmptyShould(true).check(CODE));
    }
}
