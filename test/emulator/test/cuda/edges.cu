// SPDX-License-Identifier: Apache-2.0
// What lies beyond an edge: loaded, moved and computed with although nobody
// wrote it. Correct where nothing depends on it, else wrong (`...Used`).
#include <cstdint>
#include <cub/block/block_merge_sort.cuh>
#include <cub/block/block_scan.cuh>
#include <cuda_fp16.h>
#include <mma.h>

/// Reads a key behind the last one before it sees that there is none.
struct Less {
  __device__ bool operator()(int a, int b) const { return a < b; }
};
extern "C" __global__ void mergeSort(int *keys, int *values, int count) {
  using Sort = cub::BlockMergeSort<int, 64, 5, int>;
  __shared__ typename Sort::TempStorage storage;
  int key[5], value[5];
  for (int i = 0; i < 5; ++i) {
    const int at = 5 * threadIdx.x + i;
    key[i] = at < count ? keys[at] : 0;
    value[i] = at < count ? values[at] : 0;
  }
  Sort(storage).StableSort(key, value, Less(), count, 1 << 30);
  for (int i = 0; i < 5; ++i)
    if (const int at = 5 * threadIdx.x + i; at < count) {
      keys[at] = key[i];
      values[at] = value[i];
    }
}

/// An exclusive sum of which only the first threads have a summand.
extern "C" __global__ void sumOfSome(const int *in, int *out, int count) {
  using Scan = cub::BlockScan<int, 192>;
  __shared__ typename Scan::TempStorage storage;
  int summand, sum;
  if (threadIdx.x < count)
    summand = in[threadIdx.x];
  Scan(storage).ExclusiveSum(summand, sum);
  if (threadIdx.x < count)
    out[threadIdx.x] = sum;
}

/// Tiles whose last rows and columns are left as they are.
extern "C" __global__ void productOfTiles(const float *a, const float *b,
                                          float *c, int m, int n, int k) {
  __shared__ float left[16][16], right[16][16];
  const int row = blockIdx.y * 16 + threadIdx.y,
            column = blockIdx.x * 16 + threadIdx.x;
  float sum = 0;
  for (int from = 0; from < k; from += 16) {
    const int x = from + threadIdx.x, y = from + threadIdx.y;
    if (row < m)
      left[threadIdx.y][threadIdx.x] = x < k ? a[row * k + x] : 0;
    if (column < n)
      right[threadIdx.y][threadIdx.x] = y < k ? b[y * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < 16; ++i)
      sum += left[threadIdx.y][i] * right[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && column < n)
    c[row * n + column] = sum;
}

/// The same on tensor cores, of one tile with `rows` rows, of which `stored`
/// are stored.
extern "C" __global__ void productOfRows(const __half *a, const __half *b,
                                         float *c, int rows, int stored) {
  using namespace nvcuda;
  __shared__ __half left[256], right[256];
  __shared__ float sums[256];
  for (int i = threadIdx.x; i < 256; i += 32) {
    if (i / 16 < rows)
      left[i] = a[i];
    right[i] = b[i];
  }
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 0.f);
  wmma::load_matrix_sync(fa, left, 16);
  wmma::load_matrix_sync(fb, right, 16);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(sums, fc, 16, wmma::mem_row_major);
  __syncwarp();
  for (int i = threadIdx.x; i < 16 * stored; i += 32)
    c[i] = sums[i];
}

/// ldmatrix of rows of which some are nowhere written.
extern "C" __global__ void productOfLoadedRows(const __half *a, const __half *b,
                                               float *c, int rows, int stored) {
  __shared__ __align__(16) __half left[16][24], right[8][24];
  const int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32)
    if (i / 16 < rows)
      left[i / 16][i % 16] = a[i];
  for (int i = lane; i < 128; i += 32)
    right[i / 16][i % 16] = b[i];
  __syncwarp();
  uint32_t fa[4], fb[2];
  float d[4] = {};
  uint32_t at =
      (uint32_t)__cvta_generic_to_shared(&left[lane % 16][lane / 16 * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3])
               : "r"(at)
               : "memory");
  at = (uint32_t)__cvta_generic_to_shared(&right[lane % 8][lane / 8 % 2 * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(fb[0]), "=r"(fb[1])
               : "r"(at)
               : "memory");
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                 "r"(fb[1]));
  for (int half = 0; half < 2; ++half) {
    const int row = lane / 4 + 8 * half;
    if (row >= stored)
      continue;
    c[8 * row + 2 * (lane % 4)] = d[2 * half];
    c[8 * row + 2 * (lane % 4) + 1] = d[2 * half + 1];
  }
}

/// A vector over the end of what was written.
extern "C" __global__ void sumTail(const float4 *in, float *out, int count) {
  const int i = threadIdx.x;
  const float4 v = in[i];
  float sum = 4 * i < count ? v.x : 0;
  sum += 4 * i + 1 < count ? v.y : 0;
  sum += 4 * i + 2 < count ? v.z : 0;
  sum += 4 * i + 3 < count ? v.w : 0;
  out[i] = sum;
}

/// Values beyond `count` are chosen away, handed on by shuffles, and asked for
/// behind another condition.
extern "C" __global__ void chooseAway(const int *in, int *out, int count) {
  __shared__ int buffer[64];
  const int i = threadIdx.x;
  if (i < count)
    buffer[i] = in[i];
  __syncthreads();
  int value = buffer[i];
  int sum = i < count ? value : 0;
  for (int distance = 16; distance; distance /= 2)
    sum += __shfl_xor_sync(0xffffffff, sum, distance);
  bool isOdd = i < count && value > 3 && (value & 1);
  buffer[i] = value; // moved, not looked at
  __syncthreads();
  out[i] = sum + isOdd + (i < count ? buffer[i] : 0);
}

/// What was never written decides.
extern "C" __global__ void chooseAwayUsed(const int *in, int *out, int count) {
  __shared__ int buffer[64];
  const int i = threadIdx.x;
  if (i < count)
    buffer[i] = in[i];
  __syncthreads();
  int value = buffer[i];
  out[i] = i <= count ? value : 0;
}
extern "C" __global__ void controlUsed(int *out) {
  __shared__ int buffer[64];
  if (threadIdx.x < 63)
    buffer[threadIdx.x] = threadIdx.x;
  __syncthreads();
  if (buffer[threadIdx.x] > 5)
    out[threadIdx.x] = 1;
}
extern "C" __global__ void addressUsed(int *out) {
  __shared__ int buffer[64];
  if (threadIdx.x < 63)
    buffer[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[buffer[threadIdx.x] & 63] = 1;
}
extern "C" __global__ void ballotUsed(unsigned *out) {
  __shared__ int buffer[32];
  if (threadIdx.x < 31)
    buffer[threadIdx.x] = threadIdx.x;
  __syncwarp();
  out[threadIdx.x] = __ballot_sync(0xffffffff, buffer[threadIdx.x] > 3);
}
extern "C" __global__ void localUsed(const int *at, int *out) {
  int table[16];
  table[at[0]] = 5;
  table[at[1]] = 6;
  out[threadIdx.x] = table[at[2] + threadIdx.x % 2];
}

/// A state of which one member is set only when it is used.
struct State {
  unsigned word;
  int isKept;
  float kept;
  double keptToo;
};
__device__ __noinline__ void seed(State *state, int value) {
  state->word = value * 7 + 1;
  state->isKept = 0;
}
__device__ __noinline__ float draw(State *state) {
  if (state->isKept) {
    state->isKept = 0;
    return state->kept;
  }
  state->word = state->word * 1664525 + 1013904223;
  state->kept = (state->word >> 16) * 0.5f;
  state->isKept = 1;
  return (state->word >> 8) * 0.25f;
}
extern "C" __global__ void seedStates(State *states) {
  State state;
  seed(&state, threadIdx.x);
  states[threadIdx.x] = state;
}
extern "C" __global__ void drawFromStates(State *states, float *out,
                                          int count) {
  State state = states[threadIdx.x];
  float sum = 0;
  for (int i = 0; i < count; ++i)
    sum += draw(&state);
  out[threadIdx.x] = sum;
  states[threadIdx.x] = state;
}

/// Local memory of a size that only the thread knows.
__device__ __noinline__ int sumOnStack(int count, int add) {
  int *values = (int *)alloca(count * sizeof(int));
  for (int i = 0; i < count; ++i)
    values[i] = i + add;
  int sum = 0;
  for (int i = count - 1; i >= 0; --i)
    sum = sum * 3 + values[i];
  return sum;
}
extern "C" __global__ void stacks(int *out) {
  int sum = 0;
  for (int round = 0; round < 3; ++round) {
    sum += sumOnStack(threadIdx.x % 5 + round + 1, round);
    int *kept = (int *)alloca(sizeof(int));
    *kept = round;
    sum += sumOnStack(2, *kept);
  }
  out[threadIdx.x] = sum;
}
/// One element too many.
extern "C" __global__ void stackOverrun(int *out) {
  const int count = threadIdx.x % 7 + 1;
  int *values = (int *)alloca(count * sizeof(int));
  for (int i = 0; i <= count; ++i)
    values[i] = i * count;
  out[threadIdx.x] = values[threadIdx.x % count];
}

/// One lane adds up for all between shuffles, more often than it waits for.
extern "C" __global__ void leaderAdds(int *sums, int *out) {
  const int lane = threadIdx.x % 32;
  int place = 0;
  for (int i = 0; i < 40; ++i) {
    if (lane == i % 32)
      place = atomicAdd(&sums[i % 4], 1);
    place = __shfl_sync(0xffffffff, place, i % 32);
  }
  out[threadIdx.x] = place;
}
