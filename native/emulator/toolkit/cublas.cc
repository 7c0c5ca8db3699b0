// A stand-in for libcublas.so.12: handles, and column-major products C = alpha op(A) op(B) + beta C, summed in order of k by fma in f32.
// What JCublas imports beyond them is a generated stub that gives CUBLAS_STATUS_NOT_SUPPORTED.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <string>
#include <unordered_set>

#include "queue.h"

namespace {

enum Status : int { SUCCESS = 0, NOT_INITIALIZED = 1, ALLOC_FAILED = 3, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Operation : int { N = 0, T = 1, C = 2 };
enum Type : int { F32 = 0, F16 = 2, BF16 = 14 };
constexpr int COMPUTE_F32 = 68, COMPUTE_F32_PEDANTIC = 69, COMPUTE_F32_FAST_TF32 = 77;

struct Handle {
    CUstream stream = nullptr;
    int math = 0;
    int pointers_on_device = 0;
};

std::mutex lock;
std::unordered_set<const Handle*>& handles() {
    static std::unordered_set<const Handle*>* const all = new std::unordered_set<const Handle*>;  // outlives every thread
    return *all;
}
bool open(const Handle* handle) {
    const std::lock_guard<std::mutex> hold(lock);
    return handles().count(handle) != 0;
}

Status status(CUresult code) {
    switch (code) {
        case CUDA_SUCCESS: return SUCCESS;
        case CUDA_ERROR_OUT_OF_MEMORY: return ALLOC_FAILED;
        case CUDA_ERROR_NOT_INITIALIZED: case CUDA_ERROR_INVALID_CONTEXT: return NOT_INITIALIZED;
        case CUDA_ERROR_INVALID_VALUE: return INVALID_VALUE;
        case CUDA_ERROR_NOT_SUPPORTED: return NOT_SUPPORTED;
        default: return EXECUTION_FAILED;
    }
}

float widen_bf16(uint16_t bits) {
    const uint32_t wide = uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}
uint16_t round_bf16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (value != value) return 0x7FFF;
    return uint16_t((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

size_t size_of(int type) { return type == F32 ? 4 : 2; }
float load(const char* from, size_t i, int type) {
    if (type == F32) return reinterpret_cast<const float*>(from)[i];
    if (type == F16) return float(reinterpret_cast<const _Float16*>(from)[i]);
    return widen_bf16(reinterpret_cast<const uint16_t*>(from)[i]);
}
void store(char* into, size_t i, int type, float value) {
    if (type == F32) {
        reinterpret_cast<float*>(into)[i] = value;
    } else if (type == F16) {
        reinterpret_cast<_Float16*>(into)[i] = _Float16(value);
    } else {
        reinterpret_cast<uint16_t*>(into)[i] = round_bf16(value);
    }
}

// Column-major: element (i, j) at i + j stride.
struct Matrix {
    const void* address;
    int rows, columns, stride, type;

    size_t elements() const { return size_t(stride) * size_t(columns - 1) + size_t(rows); }
    char* bytes(const char* what) const { return toolkit::at<char>(address, elements() * size_of(type), what); }
};

struct Product {
    int m, n, k, a_turned, b_turned;
    Matrix a, b, c;
    const void *alpha, *beta;  // read when the product runs, where they lie on the device
    float scale[2];
    bool scales_on_device;
    const char* name;

    CUresult run() {
        if (scales_on_device) {
            const float* const on_device[2] = {toolkit::at<float>(alpha, 1, name), toolkit::at<float>(beta, 1, name)};
            if (on_device[0] == nullptr || on_device[1] == nullptr) return CUDA_ERROR_ILLEGAL_ADDRESS;
            scale[0] = *on_device[0];
            scale[1] = *on_device[1];
        }
        const bool summed = k > 0 && scale[0] != 0;
        const char* const left = summed ? a.bytes(name) : nullptr;
        const char* const right = summed ? b.bytes(name) : nullptr;
        char* const into = c.bytes(name);
        if (into == nullptr || (summed && (left == nullptr || right == nullptr))) return CUDA_ERROR_ILLEGAL_ADDRESS;
        for (int j = 0; j < n; ++j) {
            for (int i = 0; i < m; ++i) {
                float sum = 0;
                for (int p = 0; summed && p < k; ++p) {
                    const float x = load(left, a_turned ? size_t(p) + size_t(i) * size_t(a.stride) : size_t(i) + size_t(p) * size_t(a.stride), a.type);
                    const float y = load(right, b_turned ? size_t(j) + size_t(p) * size_t(b.stride) : size_t(p) + size_t(j) * size_t(b.stride), b.type);
                    sum = std::fmaf(x, y, sum);
                }
                const size_t at = size_t(i) + size_t(j) * size_t(c.stride);
                const float before = scale[1] == 0 ? 0 : scale[1] * load(into, at, c.type);  // beta 0: C is not read
                store(into, at, c.type, scale[0] * sum + before);
            }
        }
        return CUDA_SUCCESS;
    }
};

Status multiply(const char* name, Handle* handle, int turn_a, int turn_b, int m, int n, int k, const void* alpha, const void* a, int a_type, int lda,
                const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc) {
    const CUresult entered = tw_emu_enter(name);
    if (!open(handle)) return NOT_INITIALIZED;
    if (entered != CUDA_SUCCESS) return status(entered);
    if (turn_a < N || turn_a > C || turn_b < N || turn_b > C || m < 0 || n < 0 || k < 0 || alpha == nullptr || beta == nullptr) return INVALID_VALUE;
    const Matrix left{a, turn_a ? k : m, turn_a ? m : k, lda, a_type}, right{b, turn_b ? n : k, turn_b ? k : n, ldb, b_type}, into{c, m, n, ldc, c_type};
    for (const Matrix& matrix : {left, right, into}) {
        if (matrix.stride < std::max(1, matrix.rows)) return INVALID_VALUE;
    }
    if (m == 0 || n == 0) return SUCCESS;
    if (c == nullptr || (k > 0 && (a == nullptr || b == nullptr))) return INVALID_VALUE;
    Product product{m, n, k, turn_a, turn_b, left, right, into, alpha, beta, {0, 0}, handle->pointers_on_device != 0, name};
    if (!product.scales_on_device) {
        std::memcpy(&product.scale[0], alpha, sizeof(float));
        std::memcpy(&product.scale[1], beta, sizeof(float));
    }
    return status(toolkit::enqueue(handle->stream, [product]() mutable { return product.run(); }));
}

}  // namespace

TW_EXPORT int cublasCreate_v2(Handle** handle) {
    const CUresult entered = tw_emu_enter("cublasCreate_v2");
    if (entered != CUDA_SUCCESS) return status(entered);
    if (handle == nullptr) return INVALID_VALUE;
    const std::lock_guard<std::mutex> hold(lock);
    *handle = new Handle;
    handles().insert(*handle);
    return SUCCESS;
}

// Also after an error of a kernel, and without a context.
TW_EXPORT int cublasDestroy_v2(Handle* handle) {
    tw_emu_enter("cublasDestroy_v2");
    const std::lock_guard<std::mutex> hold(lock);
    if (handles().erase(handle) == 0) return NOT_INITIALIZED;
    delete handle;
    return SUCCESS;
}

#define TW_HANDLE(name)                                    \
    const CUresult entered = tw_emu_enter(#name);          \
    if (!open(handle)) return NOT_INITIALIZED;             \
    if (entered != CUDA_SUCCESS) return status(entered)

TW_EXPORT int cublasSetStream_v2(Handle* handle, CUstream stream) {
    TW_HANDLE(cublasSetStream_v2);
    handle->stream = stream;
    return SUCCESS;
}
TW_EXPORT int cublasGetStream_v2(Handle* handle, CUstream* stream) {
    TW_HANDLE(cublasGetStream_v2);
    *stream = handle->stream;
    return SUCCESS;
}
TW_EXPORT int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
    TW_HANDLE(cublasSetWorkspace_v2);
    if (bytes > 0 && reinterpret_cast<uintptr_t>(workspace) % 256 != 0) return INVALID_VALUE;
    return bytes == 0 || tw_emu_bytes(reinterpret_cast<CUdeviceptr>(workspace), bytes, "cublasSetWorkspace_v2") != nullptr ? SUCCESS : INVALID_VALUE;
}
TW_EXPORT int cublasSetMathMode(Handle* handle, int mode) {
    TW_HANDLE(cublasSetMathMode);
    handle->math = mode;
    return SUCCESS;
}
TW_EXPORT int cublasGetMathMode(Handle* handle, int* mode) {
    TW_HANDLE(cublasGetMathMode);
    *mode = handle->math;
    return SUCCESS;
}
TW_EXPORT int cublasSetPointerMode_v2(Handle* handle, int mode) {
    TW_HANDLE(cublasSetPointerMode_v2);
    if (mode != 0 && mode != 1) return INVALID_VALUE;
    handle->pointers_on_device = mode;
    return SUCCESS;
}
TW_EXPORT int cublasGetPointerMode_v2(Handle* handle, int* mode) {
    TW_HANDLE(cublasGetPointerMode_v2);
    *mode = handle->pointers_on_device;
    return SUCCESS;
}
TW_EXPORT int cublasGetVersion_v2(Handle* handle, int* version) {
    TW_HANDLE(cublasGetVersion_v2);
    *version = 120600;
    return SUCCESS;
}

TW_EXPORT int cublasSgemm_v2(Handle* handle, int turn_a, int turn_b, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                             int ldb, const float* beta, float* c, int ldc) {
    return multiply("cublasSgemm_v2", handle, turn_a, turn_b, m, n, k, alpha, a, F32, lda, b, F32, ldb, beta, c, F32, ldc);
}

TW_EXPORT int cublasGemmEx(Handle* handle, int turn_a, int turn_b, int m, int n, int k, const void* alpha, const void* a, int a_type, int lda,
                           const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc, int compute, int) {
    const auto known = [](int type) { return type == F32 || type == F16 || type == BF16; };
    if (!known(a_type) || a_type != b_type || (c_type != a_type && c_type != F32) || 
        (compute != COMPUTE_F32 && compute != COMPUTE_F32_PEDANTIC && (compute != COMPUTE_F32_FAST_TF32 || a_type != F32))) {
        tw_emu_complain("cublasGemmEx of these types is not emulated");
        return NOT_SUPPORTED;
    }
    return multiply("cublasGemmEx", handle, turn_a, turn_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc);
}

// What the generated stubs call.
extern "C" __attribute__((visibility("hidden"))) int tw_unsupported(const char* name) {
    tw_emu_enter(name);
    tw_emu_complain((std::string(name) + " is not emulated").c_str());
    return NOT_SUPPORTED;
}
