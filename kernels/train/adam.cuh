// adam.cuh — Adam with decoupled weight decay, and the running mean of the weights
//
//   g <- c g                             c: the factor that clips the norm of the whole gradient
//   m <- m + (1 - b1) (g - m)            v <- v + (1 - b2) (g^2 - v)
//   w <- w - rate decay w                w <- w - rate m^ / (sqrt(v^) + eps),   m^ = m / (1 - b1^k),  v^ = v / (1 - b2^k)
//   e <- e + mean (w - e)
//
// Kingma and Ba, 1412.6980; Loshchilov and Hutter, 1711.05101.
#pragma once
#include "cuda.cuh"

// The scalars of a step, in device memory, so that a captured graph can be replayed for the next one. The places are those
// of org.tweedie.kernels.Adam.
struct AdamControl {
    double step;         // k, from 1
    double rate;         // learning rate
    double correction1;  // 1 / (1 - b1^k)
    double correction2;  // 1 / (1 - b2^k)
    double mean;         // 1 - decay of the running mean
    double loss;         // of this step
    double norm;         // of the gradient, before clipping
    double factor;       // c
    double halted;       // the first step whose loss or gradient was not finite; 0: none. From there on nothing moves.
};
static_assert(sizeof(AdamControl) == 72, "nine doubles, as Adam.java has them");

struct AdamRule { float factor, rate, fade, correction1, correction2, keep1, keep2, epsilon, mean; };

__device__ __forceinline__ void adam_element(const AdamRule& rule, const float gradient, float& weight, float& first, float& second,
                                             float& mean) {
    const float g = rule.factor * gradient;
    const float m = fmaf(rule.keep1, g - first, first);
    const float v = fmaf(rule.keep2, fmaf(g, g, -second), second);
    const float step = (m * rule.correction1) / (sqrtf(v * rule.correction2) + rule.epsilon);
    const float faded = fmaf(rule.fade, weight, weight);
    const float w = fmaf(-rule.rate, step, faded);
    first = m;
    second = v;
    weight = w;
    mean = fmaf(rule.mean, w - mean, mean);
}
