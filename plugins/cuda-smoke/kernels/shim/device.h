// What kernels.cu needs to be compiled by g++: the threads of a block are fibers of one
// thread of the processor, and change places only at barriers and shuffles.
//
// What it cannot show: races that need threads to run at the same time, and coalescing.
// PKG_SHIM_REVERSE (a macro of the build) lets the threads of a block run in reverse
// order, and warps ahead of each other, which shows most missing barriers as different
// results.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __shared__ static thread_local
#define __restrict__ __restrict

struct ShimIndex {
  unsigned x, y, z;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

extern thread_local ShimIndex threadIdx, blockIdx, blockDim, gridDim;

void __syncthreads();
// A word of each lane of the warp, from the lane `mask` away.
uint32_t shim_exchange(uint32_t mine, unsigned mask);

static inline float __int_as_float(int bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static inline int __float_as_int(float value) {
  int bits;
  memcpy(&bits, &value, 4);
  return bits;
}
static inline float __shfl_xor_sync(unsigned, float value, int mask) {
  return __int_as_float((int)shim_exchange((uint32_t)__float_as_int(value), (unsigned)mask));
}
