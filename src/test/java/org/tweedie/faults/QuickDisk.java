package org.tweedie.faults;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import org.tweedie.io.FileActions;

/** The disk without waiting for it: no process dies here, and tens of thousands of checkpoints are written. */
final class QuickDisk {
    private static final Set<String> WAITS = Set.of("force", "forceDirectory");

    private QuickDisk() {}

    static FileActions actions() {
        FileActions disk = FileActions.disk();
        return (FileActions) Proxy.newProxyInstance(
                FileActions.class.getClassLoader(), new Class<?>[] {FileActions.class}, (proxy, method, arguments) -> {
                    if (WAITS.contains(method.getName())) {
                        return null;
                    }
                    try {
                        return method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
