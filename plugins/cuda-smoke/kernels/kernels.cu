// Kernels of the plugin cuda-smoke.
//
// One file, two compilers: NVRTC makes the PTX of it that is shipped, g++ with
// shim/device.h makes what tests run on the processor. No headers, therefore; halves are
// taken apart by hand. Activations and sums are f32, weights are dequantised where they
// are used, every sum has one order (no atomics): the same input gives the same bits.
//
// Layouts of quantised blocks are those of ggml-common.h, their meaning that of the
// dequantize_row functions of ggml-quants.c. Pointers of weights are multiples of 16;
// those of activations of 256.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// ---------------------------------------------------------------- single values

static __device__ __forceinline__ float from_half(u32 bits) {
  // The exponent of the half, read as that of a single, is 112 too low.
  float value = __int_as_float((int)((bits & 0x7fffu) << 13)) * 5.192296858534828e33f;
  u32 whole = (u32)__float_as_int(value);
  if ((bits & 0x7c00u) == 0x7c00u) whole = 0x7f800000u | ((bits & 0x3ffu) << 13);
  return __int_as_float((int)(whole | ((bits & 0x8000u) << 16)));
}

static __device__ __forceinline__ float from_bf16(u32 bits) {
  return __int_as_float((int)(bits << 16));
}

static __device__ __forceinline__ u32 load2(const u8* at) { return *(const u16*)at; }
static __device__ __forceinline__ u32 load4(const u8* at) { return *(const u32*)at; }
static __device__ __forceinline__ float nibble(u32 word, u32 which) {
  return (float)(int)((word >> (4u * which)) & 15u);
}
static __device__ __forceinline__ float signed_byte(u32 word, u32 which) {
  return (float)((int)(word << (24u - 8u * which)) >> 24);
}

// ---------------------------------------------------------------- weights

// Eight values of a row: value i is s[i / 2] * q[i] + m[i / 2].
//
// A unit is what one lane reads at once. Values 2g and 2g+1 are neighbours, in column
// `column(unit, g)`; the four pairs lie where the block's layout puts them. With QUADS, the
// first two pairs are neighbours, and so are the last, in columns that 4 divides.
struct Unit {
  float q[8], s[4], m[4];
};

struct F32 {
  enum { PLAIN = 1, SCALED = 0, OFFSET = 0, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return 4ull * columns; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) { return 8 * unit + 2 * pair; }
  static __device__ __forceinline__ float one(const u8* row, u32 column) {
    return ((const float*)row)[column];
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    float4 a = ((const float4*)row)[2 * unit], b = ((const float4*)row)[2 * unit + 1];
    to.q[0] = a.x, to.q[1] = a.y, to.q[2] = a.z, to.q[3] = a.w;
    to.q[4] = b.x, to.q[5] = b.y, to.q[6] = b.z, to.q[7] = b.w;
  }
};

struct F16 {
  enum { PLAIN = 1, SCALED = 0, OFFSET = 0, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return 2ull * columns; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) { return 8 * unit + 2 * pair; }
  static __device__ __forceinline__ float one(const u8* row, u32 column) {
    return from_half(((const u16*)row)[column]);
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    uint4 a = ((const uint4*)row)[unit];
    u32 word[4] = {a.x, a.y, a.z, a.w};
    for (u32 i = 0; i < 4; i++) {
      to.q[2 * i] = from_half(word[i] & 0xffffu);
      to.q[2 * i + 1] = from_half(word[i] >> 16);
    }
  }
};

struct Bf16 {
  enum { PLAIN = 1, SCALED = 0, OFFSET = 0, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return 2ull * columns; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) { return 8 * unit + 2 * pair; }
  static __device__ __forceinline__ float one(const u8* row, u32 column) {
    return from_bf16(((const u16*)row)[column]);
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    uint4 a = ((const uint4*)row)[unit];
    u32 word[4] = {a.x, a.y, a.z, a.w};
    for (u32 i = 0; i < 4; i++) {
      to.q[2 * i] = from_bf16(word[i] & 0xffffu);
      to.q[2 * i + 1] = __int_as_float((int)(word[i] & 0xffff0000u));
    }
  }
};

// 34 bytes: half d, 32 signed bytes.
struct Q8_0 {
  enum { PLAIN = 0, SCALED = 1, OFFSET = 0, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return columns / 32 * 34ull; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) { return 8 * unit + 2 * pair; }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    const u8* block = row + unit / 4 * 34ull;
    const u8* from = block + 2 + unit % 4 * 8;
    float d = from_half(load2(block));
    for (u32 i = 0; i < 4; i++) {
      u32 word = load2(from + 2 * i);
      to.q[2 * i] = signed_byte(word, 0), to.q[2 * i + 1] = signed_byte(word, 1);
      to.s[i] = d, to.m[i] = 0.0f;
    }
  }
};

// Four bytes of two numbers each: the lower halves are the first four values.
static __device__ __forceinline__ void split(u32 word, Unit& to) {
  for (u32 i = 0; i < 4; i++) {
    to.q[i] = nibble(word, 2 * i);
    to.q[4 + i] = nibble(word, 2 * i + 1);
  }
}

static __device__ __forceinline__ u32 column_of_32(u32 unit, u32 pair) {
  return unit / 4 * 32 + unit % 4 * 4 + (pair & 1) * 2 + (pair >> 1) * 16;
}

// 18 bytes: half d, 16 bytes; the number less 8.
struct Q4_0 {
  enum { PLAIN = 0, SCALED = 1, OFFSET = 1, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return columns / 32 * 18ull; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) {
    return column_of_32(unit, pair);
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    const u8* block = row + unit / 4 * 18ull;
    const u8* from = block + 2 + unit % 4 * 4;
    float d = from_half(load2(block));
    split(load2(from) | load2(from + 2) << 16, to);
    for (u32 i = 0; i < 4; i++) to.s[i] = d, to.m[i] = -8.0f * d;
  }
};

// 20 bytes: half d, half m, 16 bytes.
struct Q4_1 {
  enum { PLAIN = 0, SCALED = 1, OFFSET = 1, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return columns / 32 * 20ull; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) {
    return column_of_32(unit, pair);
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    const u8* block = row + unit / 4 * 20ull;
    u32 head = load4(block);
    float d = from_half(head & 0xffffu), m = from_half(head >> 16);
    split(load4(block + 4 + unit % 4 * 4), to);
    for (u32 i = 0; i < 4; i++) to.s[i] = d, to.m[i] = m;
  }
};

// 144 bytes: half d, half dmin, 12 bytes of eight 6-bit scales and minimums, 128 bytes.
struct Q4_K {
  enum { PLAIN = 0, SCALED = 1, OFFSET = 1, QUADS = 1 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return columns / 256 * 144ull; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) {
    u32 lane = unit % 32;
    return unit / 32 * 256 + lane / 8 * 64 + lane % 8 * 4 + (pair & 1) * 2 + (pair >> 1) * 32;
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    const u8* block = row + unit / 32 * 144ull;
    u32 lane = unit % 32, head = load4(block);
    float d = from_half(head & 0xffffu), dmin = from_half(head >> 16);
    const u8* scales = block + 4;
    split(load4(block + 16 + 4 * lane), to);
    for (u32 half = 0; half < 2; half++) {
      u32 j = lane / 8 * 2 + half, scale, minimum;
      if (j < 4) {
        scale = scales[j] & 63u, minimum = scales[j + 4] & 63u;
      } else {
        scale = (scales[j + 4] & 15u) | (u32)(scales[j - 4] >> 6) << 4;
        minimum = (u32)(scales[j + 4] >> 4) | (u32)(scales[j] >> 6) << 4;
      }
      float s = d * (float)(int)scale, m = -(dmin * (float)(int)minimum);
      to.s[2 * half] = s, to.s[2 * half + 1] = s;
      to.m[2 * half] = m, to.m[2 * half + 1] = m;
    }
  }
};

// 210 bytes: 128 bytes of lower 4 bits, 64 of upper 2, 16 signed scales, half d; the
// number less 32.
struct Q6_K {
  enum { PLAIN = 0, SCALED = 1, OFFSET = 0, QUADS = 0 };
  static __device__ __forceinline__ u64 bytes(u32 columns) { return columns / 256 * 210ull; }
  static __device__ __forceinline__ u32 column(u32 unit, u32 pair) {
    u32 lane = unit % 32;
    return unit / 32 * 256 + lane / 16 * 128 + lane % 16 * 2 + pair * 32;
  }
  static __device__ __forceinline__ void load(const u8* row, u32 unit, Unit& to) {
    const u8* block = row + unit / 32 * 210ull;
    u32 lane = unit % 32, part = lane / 16, at = lane % 16 * 2;
    u32 first = load2(block + part * 64 + at), second = load2(block + part * 64 + 32 + at);
    u32 upper = load2(block + 128 + part * 32 + at);
    float d = from_half(load2(block + 208));
    for (u32 pair = 0; pair < 4; pair++) {
      u32 lower = (pair & 1 ? second : first) >> (pair >> 1) * 4;
      for (u32 i = 0; i < 2; i++) {
        u32 number = (lower >> 8 * i & 15u) | (upper >> (8 * i + 2 * pair) & 3u) << 4;
        to.q[2 * pair + i] = (float)((int)number - 32);
      }
      u32 scale = block[192 + part * 8 + at / 16 + pair * 2];
      to.s[pair] = d * signed_byte(scale, 0), to.m[pair] = 0.0f;
    }
  }
};

// Whether every unit of a row is whole, and lies on a multiple of 16 bytes. Blocks always
// are; of plain values, the number of columns decides.
template <class W>
static __device__ __forceinline__ bool is_whole(u32 columns) {
  return !W::PLAIN || columns % 8 == 0;
}

template <class W>
static __device__ __forceinline__ float one_of(const u8* row, u32 column) {
  if constexpr (W::PLAIN != 0) return W::one(row, column);
  return 0.0f;
}

// The unit; values behind the end of the row are zero.
template <class W>
static __device__ __forceinline__ void fetch(const u8* row, u32 unit, u32 columns, bool whole,
                                             Unit& to) {
  if (whole) {
    W::load(row, unit, to);
    return;
  }
  for (u32 i = 0; i < 8; i++) {
    to.q[i] = 8 * unit + i < columns ? one_of<W>(row, 8 * unit + i) : 0.0f;
  }
}

// What the values of the unit are multiplied with.
template <class W>
static __device__ __forceinline__ void gather(const float* x, u32 unit, u32 columns, bool whole,
                                              float* to) {
  if (whole && W::QUADS) {
    float4 a = *(const float4*)(x + W::column(unit, 0));
    float4 b = *(const float4*)(x + W::column(unit, 2));
    to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
    to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
    return;
  }
  if (whole) {
    for (u32 pair = 0; pair < 4; pair++) {
      float2 two = *(const float2*)(x + W::column(unit, pair));
      to[2 * pair] = two.x, to[2 * pair + 1] = two.y;
    }
    return;
  }
  for (u32 i = 0; i < 8; i++) to[i] = 8 * unit + i < columns ? x[8 * unit + i] : 0.0f;
}

template <class W>
static __device__ __forceinline__ float value(const Unit& unit, u32 i) {
  float value = unit.q[i];
  if (W::SCALED) value *= unit.s[i / 2];
  if (W::OFFSET) value += unit.m[i / 2];
  return value;
}

template <class W>
static __device__ __forceinline__ float dot(const Unit& unit, const float* x, float sum) {
  for (u32 pair = 0; pair < 4; pair++) {
    float a = x[2 * pair], b = x[2 * pair + 1];
    if (!W::SCALED) {
      sum += unit.q[2 * pair] * a;
      sum += unit.q[2 * pair + 1] * b;
    } else {
      sum += unit.s[pair] * (unit.q[2 * pair] * a + unit.q[2 * pair + 1] * b);
      if (W::OFFSET) sum += unit.m[pair] * (a + b);
    }
  }
  return sum;
}

// ---------------------------------------------------------------- sums

static __device__ __forceinline__ float warp_sum(float value) {
  for (int lanes = 16; lanes > 0; lanes >>= 1) {
    value += __shfl_xor_sync(0xffffffffu, value, lanes);
  }
  return value;
}

// The sum over the block; every thread gets it. The block is whole warps.
static __device__ float block_sum(float value) {
  __shared__ float parts[32];
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  float sum = 0.0f;
  for (u32 i = 0; i < blockDim.x / 32; i++) sum += parts[i];
  __syncthreads();
  return sum;
}

// ---------------------------------------------------------------- matrices

// y[t] = W row(ids[t]), or y[t] += it. Block (., t); a thread takes a unit.
template <class W>
static __device__ void embed(const u8* weights, const u32* ids, float* y, u32 columns, u32 add) {
  bool whole = is_whole<W>(columns);
  u32 unit = blockIdx.x * blockDim.x + threadIdx.x;
  if (unit >= (columns + 7) / 8) return;
  const u8* row = weights + ids[blockIdx.y] * W::bytes(columns);
  float* to = y + (u64)blockIdx.y * columns;
  Unit values;
  fetch<W>(row, unit, columns, whole, values);
  for (u32 i = 0; i < 8; i++) {
    u32 column = whole ? W::column(unit, i / 2) + i % 2 : 8 * unit + i;
    if (column < columns) {
      float sum = add ? to[column] : 0.0f;
      to[column] = sum + value<W>(values, i);
    }
  }
}

// y = W x + bias + residual, for one x; bias and residual may be null. A warp takes two
// rows, so that what is read of x serves twice. Blocks of 128.
template <class W>
static __device__ void gemv(const u8* weights, const float* x, const float* bias,
                            const float* residual, float* y, u32 rows, u32 columns) {
  bool whole = is_whole<W>(columns);
  u32 lane = threadIdx.x % 32, units = (columns + 7) / 8;
  u32 row = (blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32) * 2;
  if (row >= rows) return;
  bool two = row + 1 < rows;
  const u8* first = weights + row * W::bytes(columns);
  const u8* second = two ? first + W::bytes(columns) : first;
  float a = 0.0f, b = 0.0f;
  for (u32 unit = lane; unit < units; unit += 32) {
    float with[8];
    Unit one, other;
    fetch<W>(first, unit, columns, whole, one);
    fetch<W>(second, unit, columns, whole, other);
    gather<W>(x, unit, columns, whole, with);
    a = dot<W>(one, with, a);
    b = dot<W>(other, with, b);
  }
  a = warp_sum(a);
  b = warp_sum(b);
  if (lane < (two ? 2u : 1u)) {
    float sum = lane ? b : a;
    if (bias) sum += bias[row + lane];
    if (residual) sum += residual[row + lane];
    y[row + lane] = sum;
  }
}

// y[t] = W x[t] + bias + residual[t]. A block of 256 takes 64 rows and 64 tokens: weights
// are dequantised 128 columns at a time, once for all its tokens.
enum { TILE = 64, DEPTH = 128, STEP = 16, PAD = 4 };

template <class W>
static __device__ void gemm(const u8* weights, const float* x, const float* bias,
                            const float* residual, float* y, u32 rows, u32 columns, u32 tokens) {
  __shared__ float4 w_tile[DEPTH][(TILE + PAD) / 4];
  __shared__ float4 x_tile[STEP][(TILE + PAD) / 4];
  bool whole = is_whole<W>(columns);
  u32 me = threadIdx.x, row0 = blockIdx.x * TILE, token0 = blockIdx.y * TILE;
  u32 mine = me % TILE, part = me / TILE;
  u32 right = me % 16, down = me / 16;
  bool busy = token0 + down * 4 < tokens;
  float sums[4][4] = {};
  for (u32 begin = 0; begin < columns; begin += DEPTH) {
    // 16 units of each row; units of K blocks stay within 128 columns.
    for (u32 i = part; i < DEPTH / 8; i += 4) {
      u32 unit = begin / 8 + i;
      bool there = row0 + mine < rows && 8 * unit < columns;
      Unit values;
      if (there) {
        fetch<W>(weights + (row0 + mine) * W::bytes(columns), unit, columns, whole, values);
      }
      for (u32 j = 0; j < 8; j++) {
        u32 column = W::column(unit, j / 2) + j % 2 - begin;
        ((float*)w_tile[column])[mine] = there ? value<W>(values, j) : 0.0f;
      }
    }
    for (u32 step = 0; step < DEPTH && begin + step < columns; step += STEP) {
      // Four columns of a token each; neighbours read what lies together.
      u32 token = token0 + me / 4, column = begin + step + me % 4 * 4;
      const float* from = x + (u64)token * columns + column;
      float with[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      if (token < tokens && whole) {
        if (column < columns) {
          float4 four = *(const float4*)from;
          with[0] = four.x, with[1] = four.y, with[2] = four.z, with[3] = four.w;
        }
      } else if (token < tokens) {
        for (u32 j = 0; j < 4 && column + j < columns; j++) with[j] = from[j];
      }
      for (u32 j = 0; j < 4; j++) ((float*)x_tile[me % 4 * 4 + j])[me / 4] = with[j];
      __syncthreads();
      if (busy) {
        for (u32 k = 0; k < STEP; k++) {
          float4 w = w_tile[step + k][right], v = x_tile[k][down];
          float ws[4] = {w.x, w.y, w.z, w.w}, vs[4] = {v.x, v.y, v.z, v.w};
          for (u32 i = 0; i < 4; i++) {
            for (u32 j = 0; j < 4; j++) sums[i][j] += vs[i] * ws[j];
          }
        }
      }
      __syncthreads();
    }
  }
  for (u32 i = 0; i < 4; i++) {
    for (u32 j = 0; j < 4; j++) {
      u32 token = token0 + down * 4 + i, row = row0 + right * 4 + j;
      if (token < tokens && row < rows) {
        u64 at = (u64)token * rows + row;
        float sum = sums[i][j];
        if (bias) sum += bias[row];
        if (residual) sum += residual[at];
        y[at] = sum;
      }
    }
  }
}

#define KERNELS_OF(W, name)                                                                    \
  extern "C" __global__ void embed_##name(const u8* weights, const u32* ids, float* y,         \
                                          u32 columns, u32 add) {                              \
    embed<W>(weights, ids, y, columns, add);                                                   \
  }                                                                                            \
  extern "C" __global__ void __launch_bounds__(128)                                            \
      gemv_##name(const u8* __restrict__ weights, const float* __restrict__ x,                 \
                  const float* bias, const float* residual, float* y, u32 rows, u32 columns) { \
    gemv<W>(weights, x, bias, residual, y, rows, columns);                                     \
  }                                                                                            \
  extern "C" __global__ void __launch_bounds__(256)                                            \
      gemm_##name(const u8* __restrict__ weights, const float* __restrict__ x,                 \
                  const float* bias, const float* residual, float* y, u32 rows, u32 columns,   \
                  u32 tokens) {                                                                \
    gemm<W>(weights, x, bias, residual, y, rows, columns, tokens);                             \
  }

KERNELS_OF(F32, f32)
KERNELS_OF(F16, f16)
KERNELS_OF(Bf16, bf16)
KERNELS_OF(Q8_0, q8_0)
KERNELS_OF(Q4_0, q4_0)
KERNELS_OF(Q4_1, q4_1)
KERNELS_OF(Q4_K, q4_k)
KERNELS_OF(Q6_K, q6_k)

// ---------------------------------------------------------------- normalisation

// y = x / sqrt(mean(x^2) + epsilon) * scale. Block: a row.
extern "C" __global__ void rms_norm(const float* x, const float* scale, float* y, u32 width,
                                    float epsilon) {
  const float* from = x + (u64)blockIdx.x * width;
  float* to = y + (u64)blockIdx.x * width;
  float sum = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) sum += from[i] * from[i];
  float factor = 1.0f / sqrtf(block_sum(sum) / (float)width + epsilon);
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) to[i] = from[i] * factor * scale[i];
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + shift. Block: a row. May be in place.
extern "C" __global__ void layer_norm(const float* x, const float* scale, const float* shift,
                                      float* y, u32 width, float epsilon) {
  const float* from = x + (u64)blockIdx.x * width;
  float* to = y + (u64)blockIdx.x * width;
  float sum = 0.0f, squares = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) sum += from[i];
  float mean = block_sum(sum) / (float)width;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    squares += (from[i] - mean) * (from[i] - mean);
  }
  float factor = 1.0f / sqrtf(block_sum(squares) / (float)width + epsilon);
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    to[i] = (from[i] - mean) * factor * scale[i] + shift[i];
  }
}

// ---------------------------------------------------------------- attention

// Turns queries in place; turns keys and takes both keys and values into the cache, behind
// the position in state[0]. `table` has cosine and sine of each token and pair. Value i
// is turned with i + half, or, where neighbours are, 2i with 2i + 1. Block: a token.
extern "C" __global__ void rope_store(float* q, const float* k, const float* v, float* keys,
                                      float* values, const float* table, const u32* state,
                                      u32 heads, u32 kv_heads, u32 head_width, u32 neighbours) {
  u32 token = blockIdx.x, half = head_width / 2;
  u64 kv_width = (u64)kv_heads * head_width, position = state[0] + token;
  const float* angles = table + (u64)token * head_width;
  for (u32 i = threadIdx.x; i < (heads + kv_heads) * half; i += blockDim.x) {
    u32 head = i / half, pair = i % half;
    u32 first = neighbours ? 2 * pair : pair, second = neighbours ? first + 1 : pair + half;
    const float* from;
    float* to;
    if (head < heads) {
      to = q + ((u64)token * heads + head) * head_width;
      from = to;
    } else {
      from = k + token * kv_width + (u64)(head - heads) * head_width;
      to = keys + position * kv_width + (u64)(head - heads) * head_width;
    }
    float cosine = angles[2 * pair], sine = angles[2 * pair + 1];
    float a = from[first], b = from[second];
    to[first] = a * cosine - b * sine;
    to[second] = a * sine + b * cosine;
  }
  for (u32 i = threadIdx.x; i < kv_width; i += blockDim.x) {
    values[position * kv_width + i] = v[token * kv_width + i];
  }
}

// Attention of one head of one token: block (head, token), 256 threads. A warp takes every
// eighth key; a lane every 32nd value of the head, up to 256 of them. With `causal`, token
// t sees the keys up to state[0] + t; otherwise all `count` of them.
enum { WARPS = 8, PARTS = 8 };

extern "C" __global__ void __launch_bounds__(256)
    attention(const float* __restrict__ q, const float* __restrict__ keys,
              const float* __restrict__ values, float* out, const u32* state, u32 heads,
              u32 kv_heads, u32 head_width, u32 causal, u32 count, float scale) {
  __shared__ float greatest[WARPS], totals[WARPS], sums[WARPS][PARTS * 32];
  u32 head = blockIdx.x, token = blockIdx.y;
  u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u64 stride = (u64)kv_heads * head_width, start = (u64)(head / (heads / kv_heads)) * head_width;
  u64 mine = ((u64)token * heads + head) * head_width;
  if (causal) count = state[0] + token + 1;
  float query[PARTS], sum[PARTS], most = -3.0e38f, total = 0.0f;
#pragma unroll
  for (u32 part = 0; part < PARTS; part++) {
    u32 i = part * 32 + lane;
    query[part] = i < head_width ? q[mine + i] * scale : 0.0f;
    sum[part] = 0.0f;
  }
  for (u32 key = warp; key < count; key += WARPS) {
    const float* k = keys + key * stride + start;
    const float* v = values + key * stride + start;
    float score = 0.0f;
#pragma unroll
    for (u32 part = 0; part < PARTS; part++) {
      u32 i = part * 32 + lane;
      if (i < head_width) score += query[part] * k[i];
    }
    score = warp_sum(score);
    float now = fmaxf(most, score), old = expf(most - now), weight = expf(score - now);
    total = total * old + weight;
#pragma unroll
    for (u32 part = 0; part < PARTS; part++) {
      u32 i = part * 32 + lane;
      if (i < head_width) sum[part] = sum[part] * old + weight * v[i];
    }
    most = now;
  }
  if (lane == 0) greatest[warp] = most, totals[warp] = total;
#pragma unroll
  for (u32 part = 0; part < PARTS; part++) sums[warp][part * 32 + lane] = sum[part];
  __syncthreads();
  float all = -3.0e38f, whole = 0.0f, result = 0.0f;
  for (u32 i = 0; i < WARPS; i++) all = fmaxf(all, greatest[i]);
  if (threadIdx.x < head_width) {
    for (u32 i = 0; i < WARPS; i++) {
      // A warp without keys has no total.
      float factor = totals[i] == 0.0f ? 0.0f : expf(greatest[i] - all);
      whole += totals[i] * factor;
      result += sums[i][threadIdx.x] * factor;
    }
    out[mine + threadIdx.x] = result / whole;
  }
}

// ---------------------------------------------------------------- element by element

// gate = gate / (1 + exp(-gate)) * up
extern "C" __global__ void silu_mul(float* gate, const float* up, u64 count) {
  u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

// x = x / 2 * (1 + erf(x / sqrt(2)))
extern "C" __global__ void gelu(float* x, u64 count) {
  u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
}

// x[t] += bias, for rows of `width`.
extern "C" __global__ void add_bias(float* x, const float* bias, u32 width, u64 count) {
  u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) x[i] += bias[i % width];
}

// ---------------------------------------------------------------- the greatest

// The greater of two, the first of equals; what is no number is never taken.
static __device__ __forceinline__ void take(float& most, u32& at, float other, u32 index) {
  if (other > most || (other == most && index < at)) most = other, at = index;
}

static __device__ void block_most(float most, u32 at, float* value, u32* index) {
  __shared__ float values[256];
  __shared__ u32 indices[256];
  values[threadIdx.x] = most, indices[threadIdx.x] = at;
  __syncthreads();
  for (u32 half = 128; half > 0; half >>= 1) {
    if (threadIdx.x < half) {
      most = values[threadIdx.x], at = indices[threadIdx.x];
      take(most, at, values[threadIdx.x + half], indices[threadIdx.x + half]);
      values[threadIdx.x] = most, indices[threadIdx.x] = at;
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) *value = values[0], *index = indices[0];
}

// The greatest of what each block sees. Blocks of 256. Nothing greater than minus infinity
// is index 0xffffffff.
extern "C" __global__ void argmax_parts(const float* x, float* values, u32* indices, u32 count) {
  float most = __int_as_float((int)0xff800000u);
  u32 at = 0xffffffffu;
  for (u32 i = blockIdx.x * 256 + threadIdx.x; i < count; i += gridDim.x * 256) {
    take(most, at, x[i], i);
  }
  block_most(most, at, values + blockIdx.x, indices + blockIdx.x);
}

// The greatest of the parts: one block of 256, at most 256 parts.
extern "C" __global__ void argmax_whole(const float* values, const u32* indices, u32 parts,
                                        float* value, u32* index) {
  float most = __int_as_float((int)0xff800000u);
  u32 at = 0xffffffffu;
  if (threadIdx.x < parts) most = values[threadIdx.x], at = indices[threadIdx.x];
  block_most(most, at, value, index);
}

// ---------------------------------------------------------------- bandwidth

// Copies 16 bytes at a time.
extern "C" __global__ void copy_probe(const uint4* __restrict__ from, uint4* __restrict__ to,
                                      u64 count) {
  u64 stride = (u64)gridDim.x * blockDim.x;
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) to[i] = from[i];
}
