package org.tweedie.device.cuda;

import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Allocations;
import org.tweedie.device.Graph;

/**
 * A captured and instantiated CUDA graph. It keeps the buffers that it works on reachable, and a replay is refused once one
 * of them is closed. Closing while a replay runs is safe: the driver lets it finish.
 */
final class CudaGraph implements Graph {
    final Guard guard;
    final Context context;
    final CUgraphExec handle;
    final List<CudaBuffer> buffers;

    private final int size;
    private final Allocations.Ticket ticket;

    /** Takes over {@code graph}, whatever happens. */
    CudaGraph(Context context, CUgraph graph, List<CudaBuffer> buffers) {
        this.context = context;
        this.buffers = List.copyOf(buffers);
        CUgraphExec executable = new CUgraphExec();
        this.handle = executable;
        long[] nodes = new long[1];
        try {
            context.call(() -> JCudaDriver.cuGraphGetNodes(graph, null, nodes), "cuGraphGetNodes");
            context.open(
                    () -> JCudaDriver.cuGraphInstantiate(executable, graph, 0),
                    "cuGraphInstantiate of " + nodes[0] + " nodes",
                    0);
        } finally {
            context.giveBackGraph(() -> JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
        this.size = Math.toIntExact(nodes[0]);
        String what = "this graph of " + size + " operations on " + context.spec;
        this.guard = new Guard(what, () -> {
            context.giveBackGraph(() -> JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
            context.guard.exit();
        });
        this.ticket = context.allocations.opened(this, "a graph of " + size + " operations", 0, guard::close);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void close() {
        ticket.close(this);
    }
}
