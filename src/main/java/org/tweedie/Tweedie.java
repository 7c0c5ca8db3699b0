package org.tweedie;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.jar.Attributes.Name;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/** Facts about this build. Stateless. */
public final class Tweedie {
    private Tweedie() {}

    /** The version in the jar's manifest, or {@code development} when run from classes. */
    public static String version() {
        String version = Tweedie.class.getPackage().getImplementationVersion();
        if (version == null) { // a folder with classes of this package came first on the class path
            version = fromJar();
        }
        return version == null ? "development" : version;
    }

    private static @Nullable String fromJar() {
        CodeSource source = Tweedie.class.getProtectionDomain().getCodeSource();
        if (source == null || !source.getLocation().getPath().endsWith(".jar")) {
            return null;
        }
        try (JarFile jar = new JarFile(Path.of(source.getLocation().toURI()).toFile())) {
            Manifest manifest = jar.getManifest();
            return manifest == null ? null : manifest.getMainAttributes().getValue(Name.IMPLEMENTATION_VERSION);
        } catch (IOException | URISyntaxException e) {
            return null;
        }
    }
}
