// train_narrow_bf16   train_chain_bf16 for a network 65 to 128 wide of up to three layers that are not residual, with up to 8 coordinates
//
//   arguments  those of train_steps_bf16; held is not read: moments lie where they are
//   part       `chunk` rows of a step, a multiple of 64, of one block: forward, back and gradients with activations and d on chip but for
//              what steps_narrow.cuh says, then 4 bytes a parameter
//   steps      three barriers of the grid a step: behind the parts; behind their sum, a run of 128 parameters to a block; behind the optimiser
//   order      rows and network alone decide parts and the order of every sum: the same bits for any grid and any cut into launches
//   moves      a row 256 bytes as it is drawn, 64 bytes of targets, and of a third layer 512, once each way; 8 bytes a parameter and part
#include "train/steps_narrow.cuh"

namespace steps {

TWEEDIE_INLINE void train_narrow(const Call& given, const Run& given_run) {
    TWEEDIE_SHARED(unsigned char, memory);
    constexpr int32_t THREADS = Narrow::THREADS;
    static_assert(sizeof(Narrow) <= Narrow::BYTES, "shared memory");
    static_assert(Narrow::STAGES * Narrow::SLICE <= offsetof(Narrow, inputs), "slices of what is deferred leave the rest alone");
    if (given_run.control->halted != 0.0) return;
    Narrow& k = *reinterpret_cast<Narrow*>(memory);
    if (threadIdx.x == 0) {
        const int32_t length = share(given.parameters, 4);
        const int32_t start = int32_t(blockIdx.x) * length < given.parameters ? int32_t(blockIdx.x) * length : given.parameters;
        const int32_t count = given.parameters - start < length ? given.parameters - start : length;
        k.call = given;
        k.run = given_run;
        k.mine = Slice{start, start + count, given.moment1 + start, given.moment2 + start, given.mean + start};
    }
    __syncthreads();  // what is fixed is there
    const Call& c = k.call;
    pack_slice<THREADS>(c, k.mine);
    grid_sync();  // weights are packed
#pragma unroll 1
    for (int32_t s = 0; s < k.run.steps; ++s) {
#pragma unroll 1
        for (int32_t p = int32_t(blockIdx.x); p < c.chunks; p += int32_t(gridDim.x)) part(c, k, s, p);
        grid_sync();  // all parts are there
        const int32_t runs = (c.parameters + Narrow::RUN - 1) / Narrow::RUN;
#pragma unroll 1
        for (int32_t i = int32_t(blockIdx.x); i < runs; i += int32_t(gridDim.x)) sum_parts(c, reinterpret_cast<float*>(memory), i);
        grid_sync();  // and summed
        AdamRule rule;
        if (!judge<THREADS>(c, k.run, s, int32_t(c.net.all / Narrow::ROWS), 4 * runs, k.lanes, rule)) break;  // in all blocks
        update<THREADS>(c, rule, k.mine, reinterpret_cast<float*>(memory));
        grid_sync();  // the weights of the next step are there
    }
}

}  // namespace steps

extern "C" __global__ void __launch_bounds__(steps::Narrow::THREADS, 1)
train_narrow_bf16(const RowSet* __restrict__ rows, const float* __restrict__ data, int64_t data_rows, int32_t data_bits, int32_t data_width,
                  const int32_t* __restrict__ columns, const float* __restrict__ quantile, int32_t quantile_nodes, int64_t group,
                  const float* __restrict__ table, int32_t table_nodes, float log_first, float inverse_spacing, float* weights,
                  float* moment1, float* moment2, float* mean, uint16_t* packed, uint16_t* tape, float* numbers, double* sums,
                  float* partial, int64_t partial_stride, const int32_t* __restrict__ places, const int32_t* __restrict__ tensors,
                  int32_t tensor_count, int32_t parameters, AdamControl* control, const double* __restrict__ schedule, int64_t step,
                  int32_t steps, float* history, int32_t capacity, int32_t inputs, int32_t outputs, int32_t features, int32_t width,
                  int32_t depth, int32_t activation, int32_t residual, int64_t chunk, int32_t chunks, int32_t held, double clip,
                  float keep1, float keep2, float epsilon, float decay) {
    const steps::Net net = {rows->count, (rows->count + 127) / 128 * 128, inputs, outputs, features, width, depth,
                            steps::Narrow::WIDE, activation, residual != 0, false};
    const steps::Call call = {net, rows->seed, rows->first, data, data_rows, data_bits, data_width, columns, quantile, quantile_nodes,
                              group, table, table_nodes, log_first, inverse_spacing, weights, moment1, moment2, mean, packed, tape, numbers,
                              sums, partial, partial_stride, places, tensors, tensor_count, parameters, chunk, chunks,
                              float(1.0 / double(rows->count))};
    const steps::Run run = {control, schedule, step, steps, history, capacity, held, clip, keep1, keep2, epsilon, decay};
    steps::train_narrow(call, run);
}
