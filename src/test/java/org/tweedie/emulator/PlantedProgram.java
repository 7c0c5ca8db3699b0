package org.tweedie.emulator;

import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;

/** Launches one kernel that does what its argument says, in a process that the sanitizers may end. */
final class PlantedProgram {
    private PlantedProgram() {}

    public static void main(String[] arguments) {
        try (Device device = Device.open("cuda:0");
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.I32, 10)) {
            switch (arguments[0]) {
                case "nothing" -> {
                    write(stream, buffer, 9);
                    arithmetic(stream, buffer, 1, 30);
                    shared(stream, buffer, 0);
                }
                case "past" -> write(stream, buffer, 10);
                case "before" -> write(stream, buffer, -1);
                case "freed" -> freed(device, stream);
                case "shared" -> shared(stream, buffer, 1);
                case "overflow" -> arithmetic(stream, buffer, Integer.MAX_VALUE, 1);
                case "shift" -> arithmetic(stream, buffer, 1, 40);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
            stream.synchronize();
            System.out.println("survived");
        }
    }

    private static void write(Stream stream, DeviceBuffer buffer, long element) {
        stream.launch(
                stream.device().kernel(Planted.WRITE_AT),
                LaunchShape.linear(1, 1),
                new Arguments(Planted.WRITE_AT).buffer(buffer).i64(element).i32(1));
    }

    private static void arithmetic(Stream stream, DeviceBuffer buffer, int a, int b) {
        stream.launch(
                stream.device().kernel(Planted.UNDEFINED),
                LaunchShape.linear(1, 1),
                new Arguments(Planted.UNDEFINED).buffer(buffer).i32(a).i32(b));
    }

    private static void shared(Stream stream, DeviceBuffer buffer, int past) {
        stream.launch(
                stream.device().kernel(Planted.SHARED_OVERRUN),
                LaunchShape.linear(1, 1),
                new Arguments(Planted.SHARED_OVERRUN).buffer(buffer).i32(past));
    }

    private static void freed(Device device, Stream stream) {
        long address;
        try (DeviceBuffer gone = device.allocate(Element.I32, 10)) {
            address = gone.address();
        }
        write(stream, device.wrap(address, Element.I32, 10), 3);
    }
}
