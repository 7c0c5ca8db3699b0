// A stand-in for libcurand.so.10: Philox4x32-10 by the order of words, word i = philox(i / 4)[i % 4] under the seed as key. Its laws are
// cuRAND's, its order of numbers is its own. What JCurand imports beyond it is a generated stub that gives CURAND_STATUS_INTERNAL_ERROR.
#include <cmath>
#include <mutex>
#include <string>
#include <unordered_set>

#include "queue.h"

namespace {

enum Status : int {
    SUCCESS = 0, NOT_INITIALIZED = 101, ALLOCATION_FAILED = 102, TYPE_ERROR = 103, OUT_OF_RANGE = 104, LENGTH_NOT_MULTIPLE = 105,
    LAUNCH_FAILURE = 201, PREEXISTING_FAILURE = 202, INITIALIZATION_FAILED = 203, INTERNAL_ERROR = 999
};
constexpr int PSEUDO_DEFAULT = 100, PHILOX4_32_10 = 161;

struct Generator {
    CUstream stream = nullptr;
    uint64_t seed = 0, offset = 0;
};

std::mutex lock;
std::unordered_set<const Generator*>& generators() {
    static std::unordered_set<const Generator*>* const all = new std::unordered_set<const Generator*>;
    return *all;
}
bool open(const Generator* generator) {
    const std::lock_guard<std::mutex> hold(lock);
    return generators().count(generator) != 0;
}

Status status(CUresult code, Status otherwise) {
    switch (code) {
        case CUDA_SUCCESS: return SUCCESS;
        case CUDA_ERROR_OUT_OF_MEMORY: return ALLOCATION_FAILED;
        case CUDA_ERROR_NOT_INITIALIZED: case CUDA_ERROR_INVALID_CONTEXT: return INITIALIZATION_FAILED;
        default: return otherwise;
    }
}

uint32_t word(uint64_t seed, uint64_t i) {
    uint32_t c[4] = {uint32_t(i / 4), uint32_t(i / 4 >> 32), 0, 0}, k[2] = {uint32_t(seed), uint32_t(seed >> 32)};
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t(0xD2511F53u) * c[0], p1 = uint64_t(0xCD9E8D57u) * c[2];
        const uint32_t next[4] = {uint32_t(p1 >> 32) ^ c[1] ^ k[0], uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k[1], uint32_t(p0)};
        for (int j = 0; j < 4; ++j) c[j] = next[j];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    return c[i % 4];
}
double uniform(uint64_t seed, uint64_t i) { return (word(seed, i) + 0.5) * 0x1p-32; }  // as a float in (0, 1]
double normal(uint64_t seed, uint64_t i) {
    const double radius = std::sqrt(-2 * std::log(uniform(seed, i & ~uint64_t(1)))), angle = 2 * 3.14159265358979323846 * uniform(seed, i | 1);
    return radius * (i % 2 == 0 ? std::sin(angle) : std::cos(angle));
}

// Numbers i from the generator's place on, each by number(i).
template <class Value, class Number>
int generate(const char* name, Generator* generator, Value* into, size_t count, Number number) {
    const CUresult entered = tw_emu_enter(name);
    if (!open(generator)) return NOT_INITIALIZED;
    if (entered != CUDA_SUCCESS) return status(entered, PREEXISTING_FAILURE);
    const uint64_t seed = generator->seed, from = generator->offset;
    generator->offset += count;
    if (count == 0) return SUCCESS;
    return status(toolkit::enqueue(generator->stream,
                                   [=] {
                                       Value* const values = toolkit::at<Value>(into, count, name);
                                       if (values == nullptr) return CUDA_ERROR_ILLEGAL_ADDRESS;
                                       for (size_t i = 0; i < count; ++i) values[i] = Value(number(seed, from + i));
                                       return CUDA_SUCCESS;
                                   }),
                  LAUNCH_FAILURE);
}

}  // namespace

TW_EXPORT int curandCreateGenerator(Generator** generator, int type) {
    const CUresult entered = tw_emu_enter("curandCreateGenerator");
    if (entered != CUDA_SUCCESS) return status(entered, INITIALIZATION_FAILED);
    if (type != PHILOX4_32_10 && type != PSEUDO_DEFAULT) return TYPE_ERROR;
    const std::lock_guard<std::mutex> hold(lock);
    *generator = new Generator;
    generators().insert(*generator);
    return SUCCESS;
}

// Also after an error of a kernel, and without a context.
TW_EXPORT int curandDestroyGenerator(Generator* generator) {
    tw_emu_enter("curandDestroyGenerator");
    const std::lock_guard<std::mutex> hold(lock);
    if (generators().erase(generator) == 0) return NOT_INITIALIZED;
    delete generator;
    return SUCCESS;
}

TW_EXPORT int curandGetVersion(int* version) {
    *version = 100306;
    return SUCCESS;
}

#define TW_GENERATOR(name)                              \
    const CUresult entered = tw_emu_enter(#name);       \
    if (!open(generator)) return NOT_INITIALIZED;       \
    if (entered != CUDA_SUCCESS) return status(entered, PREEXISTING_FAILURE)

TW_EXPORT int curandSetStream(Generator* generator, CUstream stream) {
    TW_GENERATOR(curandSetStream);
    generator->stream = stream;
    return SUCCESS;
}
TW_EXPORT int curandSetPseudoRandomGeneratorSeed(Generator* generator, unsigned long long seed) {
    TW_GENERATOR(curandSetPseudoRandomGeneratorSeed);
    generator->seed = seed;
    generator->offset = 0;
    return SUCCESS;
}
TW_EXPORT int curandSetGeneratorOffset(Generator* generator, unsigned long long offset) {
    TW_GENERATOR(curandSetGeneratorOffset);
    generator->offset = offset;
    return SUCCESS;
}

TW_EXPORT int curandGenerate(Generator* generator, uint32_t* into, size_t count) {
    return generate("curandGenerate", generator, into, count, &word);
}
TW_EXPORT int curandGenerateUniform(Generator* generator, float* into, size_t count) {
    return generate("curandGenerateUniform", generator, into, count, &uniform);
}
TW_EXPORT int curandGenerateUniformDouble(Generator* generator, double* into, size_t count) {
    return generate("curandGenerateUniformDouble", generator, into, count, &uniform);
}
TW_EXPORT int curandGenerateNormal(Generator* generator, float* into, size_t count, float mean, float deviation) {
    if (count % 2 != 0) return LENGTH_NOT_MULTIPLE;
    return generate("curandGenerateNormal", generator, into, count, [=](uint64_t seed, uint64_t i) { return mean + deviation * normal(seed, i); });
}
TW_EXPORT int curandGenerateNormalDouble(Generator* generator, double* into, size_t count, double mean, double deviation) {
    if (count % 2 != 0) return LENGTH_NOT_MULTIPLE;
    return generate("curandGenerateNormalDouble", generator, into, count, [=](uint64_t seed, uint64_t i) { return mean + deviation * normal(seed, i); });
}

// What the generated stubs call.
extern "C" __attribute__((visibility("hidden"))) int tw_unsupported(const char* name) {
    tw_emu_enter(name);
    tw_emu_complain((std::string(name) + " is not emulated").c_str());
    return INTERNAL_ERROR;
}
