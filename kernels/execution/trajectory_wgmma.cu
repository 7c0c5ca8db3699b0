// trajectory_mlp64_wgmma, _mlp128_wgmma, _mlp256_wgmma: the trajectories of trajectory_mlp.cu on Hopper, hidden layers by the products of
// warpgroups
//
//   parameters  as there; bf16: operands of that type, else of f16. columns is not read: products are of all columns of a layer.
//               activation: up to 128 wide SILU is by products in every fourth column, SILU + 16 by special functions alone
//               256: packed with hidden layers as tiles (TileOrder), held of which stay
//   shape       a warpgroup 64 rows at a time, so a multiple of 128 threads; the registers are those of 384, of 256 at 256
//   shared      packed, hidden layers first; for each warp two rows of biases and state_columns * 36 f32
//               256: as trajectory_mlp256_rows16, and a tile more where some pass
//   order       of sums the hardware's, which need not be that of mma.sync: on one device every number of rows takes the same form
//   elsewhere   than on sm_90a these do nothing but stop
#include "execution/trajectory_wgmma.cuh"

namespace trajectory_wgmma {
constexpr int32_t THREADS = 384, THREADS_256 = 256;

template <int32_t WIDTH>
TWEEDIE_INLINE void run(const Call& call, const bool bf16) {
#ifdef TWEEDIE_WARPGROUPS
    if (bf16) {
        trajectory_mlp::run<GroupNetwork<BF16<true>, WIDTH>>(call);
    } else {
        trajectory_mlp::run<GroupNetwork<F16<true>, WIDTH>>(call);
    }
#else
    __trap();
#endif
}
}  // namespace trajectory_wgmma

extern "C" __global__ void __launch_bounds__(trajectory_wgmma::THREADS, 1)
trajectory_mlp64_wgmma(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                       int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                       const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                       const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                       int32_t residual, int32_t columns, int32_t state_columns, int32_t bf16) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_wgmma::run<64>(call, bf16 != 0);
}

extern "C" __global__ void __launch_bounds__(trajectory_wgmma::THREADS, 1)
trajectory_mlp128_wgmma(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                        int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                        const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                        const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                        int32_t residual, int32_t columns, int32_t state_columns, int32_t bf16) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_wgmma::run<128>(call, bf16 != 0);
}

extern "C" __global__ void __launch_bounds__(trajectory_wgmma::THREADS_256, 1)
trajectory_mlp256_wgmma(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                        int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                        const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                        const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                        int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
#ifdef TWEEDIE_WARPGROUPS
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 != 0) {
        trajectory_mlp::run<trajectory_wgmma::TilesNetwork<trajectory_wgmma::BF16<false>>>(call);
    } else {
        trajectory_mlp::run<trajectory_wgmma::TilesNetwork<trajectory_wgmma::F16<false>>>(call);
    }
#else
    __trap();
#endif
}
