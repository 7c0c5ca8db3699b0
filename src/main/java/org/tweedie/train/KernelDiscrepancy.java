package org.tweedie.train;

import org.tweedie.device.Device;

/**
 * J = MMD^2(rho, target) by the kernel k(a, b) = exp(-|a - b|^2 / (2 l^2)) (Gretton et al., JMLR 2012): E k(y, y') - 2 E k(y, z) + E k(z, z') with y, y' of rho and z, z' among the
 * rows of the target. Its Wasserstein gradient is twice that of the witness y to E k(y, y') - E k(y, z). Every step compares its moved rows with one another, without bias
 * (pairs of different rows), and with all rows of the target: batch (batch + rows) kernels. The last term T does not change; it is left out. Immutable.
 *
 * @param target at most {@value #MOST} rows without conditions
 * @param bandwidth l, from 2^-30 to 2^30 in the units of the rows; the median distance between rows is a good one
 */
public record KernelDiscrepancy(Dataset target, double bandwidth) implements Functional {
    /** Rows that a target, and a batch, may have. */
    public static final int MOST = 1 << 16;

    public KernelDiscrepancy {
        if (target.ports().size() != 1) {
            throw new IllegalArgumentException(
                    "the target of a discrepancy is rows without conditions, got " + target.ports());
        }
        if (target.rows() > MOST) {
            throw new IllegalArgumentException("the target of a discrepancy has at most " + MOST + " rows, got "
                    + target.rows() + "; take some of them");
        }
        if (!(bandwidth >= 0x1p-30 && bandwidth <= 0x1p30)) {
            throw new IllegalArgumentException("the bandwidth of a kernel must be 2^-30 to 2^30, got " + bandwidth
                    + "; take the median distance between rows");
        }
    }

    @Override
    public int width() {
        return target.width();
    }

    @Override
    public String spec() {
        return "mmd " + bandwidth + " " + target.hash();
    }

    @Override
    public Gradient open(WassersteinStep step, Device device, int rows) {
        if (rows < 2 || rows > MOST) {
            throw new IllegalArgumentException(
                    "a discrepancy compares the rows of a batch: it must have 2 to " + MOST + ", got " + rows);
        }
        return new KernelDiscrepancyGradient(this, step, device, rows);
    }
}
