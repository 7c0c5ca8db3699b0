package org.tweedie.emulator;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tweedie.device.Arguments;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.EmulatedDriver;

/**
 * What Tweedie makes of the devices that the environment describes. Prints for each {@code cuda:N capability C.C bytes B}, then
 * {@code cuda:N refused: WHY} or {@code cuda:N same bits}, and whether 100 GiB fit.
 */
final class Profiles {
    private static final long LARGE = 100L << 30;

    private Profiles() {}

    public static void main(String[] arguments) {
        CudaStatus status = CudaStatus.probe();
        System.out.println("gpus " + status.gpus().size());
        Map<String, float[]> host;
        try (Device cpu = Device.open("cpu:1")) {
            host = Orders.results(cpu);
        }
        for (CudaStatus.Gpu gpu : status.gpus()) {
            String spec = "cuda:" + gpu.ordinal();
            System.out.println(spec + " capability " + gpu.major() + "." + gpu.minor() + " bytes " + gpu.memory());
            Orders.only(share(gpu, status.gpus()));
            try (Device device = Device.open(spec)) {
                String difference = Orders.difference(host, Orders.results(device), false);
                System.out.println(spec + (difference.isEmpty() ? " same bits" : " differs: " + difference));
                System.out.println(spec + " 100 GiB: " + large(device));
                System.out.println(spec + " holds " + device.allocatedBytes());
            } catch (DeviceException e) {
                System.out.println(spec + " refused: " + e.getMessage());
            }
        }
        try (Device device = Device.open("auto")) {
            System.out.println("auto " + device.spec());
        }
        EmulatedDriver.required();
        System.out.println("launches " + EmulatedDriver.stat("launches"));
    }

    /** Of GPUs alike each takes as many cases of the launch set, and another one's none. */
    private static Set<String> share(CudaStatus.Gpu gpu, List<CudaStatus.Gpu> gpus) {
        List<CudaStatus.Gpu> alike = gpus.stream()
                .filter(other ->
                        other.major() == gpu.major() && other.minor() == gpu.minor() && other.memory() == gpu.memory())
                .toList();
        List<LaunchSet.Case> cases = LaunchSet.cases();
        return IntStream.range(0, cases.size())
                .filter(i -> i % alike.size() == alike.indexOf(gpu))
                .mapToObj(i -> cases.get(i).toString())
                .collect(Collectors.toSet());
    }

    /** Writes and reads the last element of an allocation that only a large device has room for. */
    private static String large(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.I32, LARGE / 4)) {
            long last = LARGE / 4 - 1;
            stream.launch(
                    device.kernel(Planted.WRITE_AT),
                    LaunchShape.linear(1, 1),
                    new Arguments(Planted.WRITE_AT).buffer(buffer).i64(last).i32(4711));
            int[] got = new int[1];
            stream.download(buffer, last, got, 0, 1);
            return Arrays.toString(got);
        } catch (OutOfDeviceMemoryException e) {
            return "no room: asked " + e.askedBytes() + " of " + e.freeBytes();
        }
    }
}
