package org.tweedie.emulator;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.tweedie.device.Device;
import org.tweedie.testing.EmulatedDriver;

/**
 * The launch set without one barrier or fence, for each of some: the cases that launch something of its source, under orders of threads until a
 * bit of them differs from what it should be. A program, since what it leaves out may cost the process: arguments are the places,
 * {@code file:line}; prints {@code verdict PLACE DIFFERENCE} for each, without a difference where nothing noticed.
 */
final class BarriersLeftOut {
    private BarriersLeftOut() {}

    public static void main(String[] places) throws Exception {
        EmulatedDriver.required();
        CasesOfKernels affected;
        Map<String, float[]> right;
        try (Device emulated = Device.open("cuda:0")) {
            affected = new CasesOfKernels(Path.of("kernels"), emulated);
            right = Orders.results(emulated);
        }
        for (String place : places) {
            Set<String> cases = affected.of(Path.of(place.substring(0, place.lastIndexOf(':'))));
            if (cases.isEmpty()) {
                throw new IllegalStateException("the launch set launches nothing of " + place);
            }
            Orders.only(cases);
            System.out.println("verdict " + place + " " + without(place, right));
        }
    }

    /** What differs where it is left out, under any order; empty where nothing does. */
    private static String without(String place, Map<String, float[]> right) {
        EmulatedDriver.leaveOut(place);
        String difference = "";
        try (Device emulated = Device.open("cuda:0")) {
            difference = Orders.difference(right, Orders.results(emulated), true);
            if (EmulatedDriver.stat("leftOut") == 0) {
                throw new AssertionError("no thread comes to " + place);
            }
            for (long number = 1; number <= MutantsTest.MOST_ORDERS && difference.isEmpty(); number++) {
                difference = Orders.chosen(number, right, emulated);
            }
        } catch (RuntimeException e) {
            difference = e + " " + EmulatedDriver.report().lines().findFirst().orElse("");
        } finally {
            EmulatedDriver.reset();
        }
        return difference;
    }
}
