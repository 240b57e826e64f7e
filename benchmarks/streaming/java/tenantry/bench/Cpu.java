package tenantry.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Tells how long the cores have worked for this process. */
public final class Cpu {
    private Cpu() {}

    /** Returns seconds since the process began, of all cores together. */
    public static double seconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }
}
