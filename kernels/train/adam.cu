// The optimiser: three kernels, launched in this order (adam_assign before the graph of a step, the others in it).
#include "train/adam.cuh"

// adam_assign — the scalars of step k
//
//   shape  one thread
extern "C" __global__ void __launch_bounds__(1)
adam_assign(AdamControl* __restrict__ control, double step, double rate, double correction1, double correction2, double mean) {
    control->step = step;
    control->rate = rate;
    control->correction1 = correction1;
    control->correction2 = correction2;
    control->mean = mean;
}

// adam_judge — from sums to the loss, the norm and the clipping factor; halts on what is not finite
//
//   sums     [0] sum of the row losses, [1 .. 1 + parts) sums of squared gradients
//   scale    1 / batch
//   clip     the most the norm may be; 0 for no limit
//   history  [2][capacity]: loss and norm of step k at (k - 1) mod capacity
//   shape    one thread
extern "C" __global__ void __launch_bounds__(1)
adam_judge(AdamControl* __restrict__ control, const float* __restrict__ sums, int32_t parts, double scale, double clip,
           float* __restrict__ history, int32_t capacity) {
    if (control->halted != 0.0) return;
    const double loss = double(sums[0]) * scale;
    double square = 0.0;
    for (int32_t p = 0; p < parts; ++p) square += double(sums[1 + p]);
    const double norm = sqrt(square);
    const int64_t at = (int64_t(control->step) - 1) % capacity;
    history[at] = float(loss);
    history[capacity + at] = float(norm);
    control->loss = loss;
    control->norm = norm;
    control->factor = clip > 0.0 && norm > clip ? clip / norm : 1.0;
    if (!(loss - loss == 0.0 && norm - norm == 0.0)) control->halted = control->step;
}

// adam_ema_f32 — weights, moments and running mean in one pass; nothing is written once halted
//
//   shape  one thread an element, with the stride of the grid
//   moves  36 bytes an element: reads five arrays, writes four
extern "C" __global__ void __launch_bounds__(256)
adam_ema_f32(float* __restrict__ weights, const float* __restrict__ gradients, float* __restrict__ first, float* __restrict__ second,
             float* __restrict__ mean, const AdamControl* __restrict__ control, int64_t count, float keep1, float keep2, float epsilon,
             float decay) {
    if (control->halted != 0.0) return;
    const float rate = float(control->rate);
    const AdamRule rule = {float(control->factor), rate, -rate * decay, float(control->correction1), float(control->correction2),
                           keep1, keep2, epsilon, float(control->mean)};
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; i < count; i += step) {
        adam_element(rule, gradients[i], weights[i], first[i], second[i], mean[i]);
    }
}
