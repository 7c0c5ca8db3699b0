// trajectory_sde.cu: whole trajectories with the score of a Gaussian mixture, or with no field (trajectory_sde.cuh)
//
//   trajectory_sde_DxS_f32   rows of D coordinates (8: of 5 to 8), at most S state-wide registers of the plan
//   shape   one row a thread at a time, in grid strides; the launch shape does not change a bit
//   moves   4 bytes a coordinate that is loaded or stored, whatever the number of steps; the tables are read from cache
#include "execution/trajectory_sde.cuh"

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_1x1_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<1, 1>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_1x2_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<2, 1>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_1x4_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<4, 1>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 4)
trajectory_sde_1x8_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<8, 1>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_2x1_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<1, 2>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_2x2_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<2, 2>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_2x4_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<4, 2>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 4)
trajectory_sde_2x8_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<8, 2>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_3x1_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<1, 3>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_3x2_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<2, 3>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_3x4_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<4, 3>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 4)
trajectory_sde_3x8_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<8, 3>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_4x1_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<1, 4>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_4x2_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<2, 4>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_4x4_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<4, 4>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 4)
trajectory_sde_4x8_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<8, 4>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 6)
trajectory_sde_8x1_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<1, 8>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 8)
trajectory_sde_8x2_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<2, 8>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 5)
trajectory_sde_8x4_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<4, 8>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}

extern "C" __global__ void __launch_bounds__(128, 3)
trajectory_sde_8x8_f32(const RowSet* __restrict__ rows, const void* __restrict__ views, const int32_t* __restrict__ operations,
                       const float* __restrict__ weights, const float* __restrict__ terms, int32_t dim, int32_t first, int32_t last) {
    trajectory::run<8, 8>(rows, static_cast<const trajectory::View*>(views), operations, weights, terms, dim, first, last);
}
