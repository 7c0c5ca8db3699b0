package org.tweedie.kernels;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.tweedie.device.KernelEntry;

/** Every {@link KernelEntry} that a static field of a class of org.tweedie.kernels holds, alone or in an array, list or map. */
final class DeclaredEntries {
    private DeclaredEntries() {}

    /** An entry and the field that holds it. */
    record Declared(String field, KernelEntry entry) {}

    static List<Declared> all() throws IOException, URISyntaxException, ReflectiveOperationException {
        URI home =
                RowSet.class.getProtectionDomain().getCodeSource().getLocation().toURI();
        Path place = Path.of(home);
        if (Files.isDirectory(place)) {
            return below(place);
        }
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
            return below(jar.getPath("/"));
        }
    }

    private static List<Declared> below(Path root) throws IOException, ReflectiveOperationException {
        List<Path> classes;
        try (Stream<Path> files = Files.walk(root.resolve("org/tweedie/kernels"))) {
            classes = files.filter(f -> f.toString().endsWith(".class") && !f.endsWith("package-info.class"))
                    .sorted()
                    .toList();
        }
        List<Declared> declared = new ArrayList<>();
        for (Path file : classes) {
            String path = root.relativize(file).toString();
            String name = path.substring(0, path.length() - ".class".length())
                    .replace('/', '.')
                    .replace('\\', '.');
            if (name.startsWith("org.tweedie.kernels.host.vector.")) {
                continue; // loads only where the incubating module is
            }
            Class<?> type = Class.forName(name, false, RowSet.class.getClassLoader());
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
                    collect(field, declared);
                }
            }
        }
        return declared;
    }

    private static void collect(Field field, List<Declared> into) throws IllegalAccessException {
        Class<?> type = field.getType();
        boolean holder = KernelEntry.class.isAssignableFrom(type)
                || KernelEntry[].class.isAssignableFrom(type)
                || Collection.class.isAssignableFrom(type)
                || Map.class.isAssignableFrom(type);
        if (!holder) {
            return; // do not run initialisers for nothing
        }
        field.setAccessible(true);
        Object value = field.get(null);
        Collection<?> values = value instanceof KernelEntry[] array
                ? Arrays.asList(array)
                : value instanceof Collection<?> collection
                        ? collection
                        : value instanceof Map<?, ?> map ? map.values() : List.of(value == null ? "" : value);
        String where = field.getDeclaringClass().getSimpleName() + "." + field.getName();
        for (Object one : values) {
            if (one instanceof KernelEntry entry) {
                into.add(new Declared(where, entry));
            }
        }
    }
}
