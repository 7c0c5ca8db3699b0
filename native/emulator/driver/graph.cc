// Graphs: built by capture (see queue.cc) or node by node, made executable, launched.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "../call.h"
#include "streams.h"

using namespace tw;

#define TW_GRAPH(graph) TW_REQUIRE(state().graphs.count(graph), CUDA_ERROR_INVALID_VALUE)
#define TW_NODE(node) TW_REQUIRE(state().nodes.count(node), CUDA_ERROR_INVALID_VALUE)

namespace {

struct GraphWork : Operation {
    GraphWork(std::vector<Work> work, std::vector<std::vector<size_t>> after)
        : Operation(Type::GRAPH_LAUNCH), work(std::move(work)), after(std::move(after)) {}
    CUresult run() override {
        for (size_t i = 0; i < work.size(); ++i) {
            if (i < done.size() && done[i]) continue;
            const CUresult code = work[i]->run();
            if (code != CUDA_SUCCESS) return code;
        }
        return CUDA_SUCCESS;
    }
    // Under Streams::RANDOM one node, any whose predecessors are done.
    CUresult step(bool* finished) override {
        State& s = state();
        if (s.settings.streams != Streams::RANDOM || work.empty()) return *finished = true, run();
        done.resize(work.size());
        std::vector<size_t> ready;
        for (size_t i = 0; i < work.size(); ++i) {
            if (!done[i] && std::all_of(after[i].begin(), after[i].end(), [this](size_t a) { return bool(done[a]); })) ready.push_back(i);
        }
        const size_t next = ready[mix(s.settings.moments) % ready.size()];
        done[next] = true;
        *finished = ++count == work.size();
        return work[next]->run();
    }
    std::vector<Work> work;
    std::vector<std::vector<size_t>> after;
    std::vector<bool> done;
    size_t count = 0;
};

CUresult add(CUgraphNode* into, CUgraph graph, const CUgraphNode* after, size_t count, Work work) {
    TW_REQUIRE(into && (after || count == 0), CUDA_ERROR_INVALID_VALUE);
    std::vector<Node*> dependencies;
    for (size_t i = 0; i < count; ++i) {
        TW_NODE(after[i]);
        TW_REQUIRE(after[i]->graph == graph, CUDA_ERROR_INVALID_VALUE);
        dependencies.push_back(after[i]);
    }
    graph->nodes.push_back(std::make_unique<Node>(Node{graph, std::move(work), dependencies}));
    *into = graph->nodes.back().get();
    state().nodes.insert(*into);
    return CUDA_SUCCESS;
}

CUresult kernel_node(Call& call, const CUDA_KERNEL_NODE_PARAMS_v2* p, std::shared_ptr<KernelWork>* into) {
    TW_REQUIRE(p, CUDA_ERROR_INVALID_VALUE);
    const LaunchShape shape{dim3(p->gridDimX, p->gridDimY, p->gridDimZ), dim3(p->blockDimX, p->blockDimY, p->blockDimZ), p->sharedMemBytes, false};
    return kernel_work(call.context, into, p->func, shape, p->kernelParams, p->extra);
}

}  // namespace

TW_EXPORT CUresult cuGraphCreate(CUgraph* graph, unsigned int flags) {
    TW_CALL(cuGraphCreate, CONTEXT);
    TW_REQUIRE(graph && flags == 0, CUDA_ERROR_INVALID_VALUE);
    *graph = new Graph;
    (*graph)->context = call.context;
    state().graphs.insert(*graph);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
    TW_CALL(cuGraphDestroy, NOTHING);
    TW_GRAPH(graph);
    for (const auto& node : graph->nodes) state().nodes.erase(node.get());
    state().graphs.erase(graph);
    delete graph;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphAddKernelNode_v2(CUgraphNode* node, CUgraph graph, const CUgraphNode* after, size_t count,
                                           const CUDA_KERNEL_NODE_PARAMS_v2* parameters) {
    TW_CALL(cuGraphAddKernelNode_v2, CONTEXT);
    TW_GRAPH(graph);
    std::shared_ptr<KernelWork> work;
    const CUresult code = kernel_node(call, parameters, &work);
    return code != CUDA_SUCCESS ? code : add(node, graph, after, count, work);
}

TW_EXPORT CUresult cuGraphAddMemsetNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after, size_t count,
                                        const CUDA_MEMSET_NODE_PARAMS* p, CUcontext) {
    TW_CALL(cuGraphAddMemsetNode, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(p && (p->elementSize == 1 || p->elementSize == 2 || p->elementSize == 4) && p->dst % p->elementSize == 0, CUDA_ERROR_INVALID_VALUE);
    auto work = std::make_shared<FillWork>();
    work->address = p->dst;
    work->pitch = p->pitch;
    work->value = p->value;
    work->element = p->elementSize;
    work->width = p->width;
    work->height = p->height;
    return add(node, graph, after, count, work);
}

TW_EXPORT CUresult cuGraphAddMemcpyNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after, size_t count, const CUDA_MEMCPY3D* p,
                                        CUcontext) {
    TW_CALL(cuGraphAddMemcpyNode, CONTEXT);
    TW_GRAPH(graph);
    std::shared_ptr<CopyWork> work;
    const CUresult code = box_work(&work, p);
    return code != CUDA_SUCCESS ? code : add(node, graph, after, count, work);
}

TW_EXPORT CUresult cuGraphAddHostNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after, size_t count, const CUDA_HOST_NODE_PARAMS* p) {
    TW_CALL(cuGraphAddHostNode, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(p && p->fn, CUDA_ERROR_INVALID_VALUE);
    auto work = std::make_shared<HostWork>();
    work->call = [fn = p->fn, user = p->userData] { fn(user); };
    return add(node, graph, after, count, work);
}

TW_EXPORT CUresult cuGraphAddEmptyNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after, size_t count) {
    TW_CALL(cuGraphAddEmptyNode, CONTEXT);
    TW_GRAPH(graph);
    return add(node, graph, after, count, std::make_shared<EmptyWork>());
}

TW_EXPORT CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
    TW_CALL(cuGraphGetNodes, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(count, CUDA_ERROR_INVALID_VALUE);
    if (nodes == nullptr) {
        *count = graph->nodes.size();
        return CUDA_SUCCESS;
    }
    for (size_t i = 0; i < *count; ++i) nodes[i] = i < graph->nodes.size() ? graph->nodes[i].get() : nullptr;
    *count = std::min(*count, graph->nodes.size());
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
    TW_CALL(cuGraphGetRootNodes, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(count, CUDA_ERROR_INVALID_VALUE);
    std::vector<CUgraphNode> roots;
    for (const auto& node : graph->nodes) {
        if (node->after.empty()) roots.push_back(node.get());
    }
    if (nodes != nullptr) {
        for (size_t i = 0; i < *count; ++i) nodes[i] = i < roots.size() ? roots[i] : nullptr;
        *count = std::min(*count, roots.size());
    } else {
        *count = roots.size();
    }
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphGetEdges(CUgraph graph, CUgraphNode* from, CUgraphNode* to, size_t* count) {
    TW_CALL(cuGraphGetEdges, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(count && !from == !to, CUDA_ERROR_INVALID_VALUE);
    size_t edges = 0;
    for (const auto& node : graph->nodes) {
        for (Node* before : node->after) {
            if (from != nullptr && edges < *count) {
                from[edges] = before;
                to[edges] = node.get();
            }
            ++edges;
        }
    }
    *count = from == nullptr ? edges : std::min(edges, *count);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphNodeGetType(CUgraphNode node, int* type) {
    TW_CALL(cuGraphNodeGetType, CONTEXT);
    TW_NODE(node);
    TW_REQUIRE(type, CUDA_ERROR_INVALID_VALUE);
    *type = int(node->work->type);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode* before, size_t* count) {
    TW_CALL(cuGraphNodeGetDependencies, CONTEXT);
    TW_NODE(node);
    TW_REQUIRE(count, CUDA_ERROR_INVALID_VALUE);
    if (before != nullptr) {
        for (size_t i = 0; i < *count; ++i) before[i] = i < node->after.size() ? node->after[i] : nullptr;
        *count = std::min(*count, node->after.size());
    } else {
        *count = node->after.size();
    }
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec* into, CUgraph graph, unsigned long long) {
    TW_CALL(cuGraphInstantiateWithFlags, CONTEXT);
    TW_GRAPH(graph);
    TW_REQUIRE(into, CUDA_ERROR_INVALID_VALUE);
    GraphExec* const exec = new GraphExec;
    exec->context = call.context;
    std::unordered_map<const Node*, size_t> place;
    for (const auto& node : graph->nodes) {
        std::vector<size_t> after;
        for (const Node* before : node->after) after.push_back(place.at(before));
        place[node.get()] = exec->work.size();
        exec->work.push_back(node->work);
        exec->of.push_back(node.get());
        exec->after.push_back(std::move(after));
    }
    state().execs.insert(exec);
    *into = exec;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec) {
    TW_CALL(cuGraphExecDestroy, NOTHING);
    TW_REQUIRE(state().execs.count(exec), CUDA_ERROR_INVALID_VALUE);
    state().execs.erase(exec);
    delete exec;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2* parameters) {
    TW_CALL(cuGraphExecKernelNodeSetParams_v2, CONTEXT);
    TW_REQUIRE(state().execs.count(exec), CUDA_ERROR_INVALID_VALUE);
    const auto at = std::find(exec->of.begin(), exec->of.end(), node);
    TW_REQUIRE(at != exec->of.end(), CUDA_ERROR_INVALID_VALUE);
    Work& old = exec->work[size_t(at - exec->of.begin())];
    TW_REQUIRE(old->type == Operation::Type::KERNEL, CUDA_ERROR_INVALID_VALUE);
    std::shared_ptr<KernelWork> work;
    const CUresult code = kernel_node(call, parameters, &work);
    if (code == CUDA_SUCCESS) old = work;
    return code;
}

TW_EXPORT CUresult cuGraphUpload(CUgraphExec exec, CUstream handle) {
    TW_CALL(cuGraphUpload, CONTEXT);
    TW_REQUIRE(state().execs.count(exec), CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(stream_of(call.context, handle), CUDA_ERROR_INVALID_HANDLE);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream handle) {
    TW_CALL(cuGraphLaunch, CONTEXT);
    TW_REQUIRE(state().execs.count(exec), CUDA_ERROR_INVALID_VALUE);
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    TW_REQUIRE(!capturing(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    ++state().graph_launches;
    return enqueue(stream, std::make_shared<GraphWork>(exec->work, exec->after));
}
