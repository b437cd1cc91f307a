// SPDX-License-Identifier: Apache-2.0
// Blocks that work together: shared memory, barriers, shuffles, atomics.
#include <cstdint>

constexpr int tile = 16;

/// c = a b, square matrices of any size.
extern "C" __global__ void matmulTiled(const float *a, const float *b, float *c,
                                       int n) {
  __shared__ float left[tile][tile], right[tile][tile];
  int row = blockIdx.y * tile + threadIdx.y;
  int column = blockIdx.x * tile + threadIdx.x;
  float sum = 0;
  for (int step = 0; step < n; step += tile) {
    left[threadIdx.y][threadIdx.x] =
        row < n && step + threadIdx.x < n ? a[row * n + step + threadIdx.x] : 0;
    right[threadIdx.y][threadIdx.x] =
        column < n && step + threadIdx.y < n
            ? b[(step + threadIdx.y) * n + column]
            : 0;
    __syncthreads();
    for (int k = 0; k < tile; ++k)
      sum += left[threadIdx.y][k] * right[k][threadIdx.x];
    __syncthreads();
  }
  if (row < n && column < n)
    c[row * n + column] = sum;
}

extern "C" __global__ void transposeTiled(const float *from, float *to, int rows,
                                          int columns) {
  __shared__ float buffer[32][33];
  int column = blockIdx.x * 32 + threadIdx.x;
  for (int k = threadIdx.y; k < 32; k += blockDim.y) {
    int row = blockIdx.y * 32 + k;
    if (row < rows && column < columns)
      buffer[k][threadIdx.x] = from[row * columns + column];
  }
  __syncthreads();
  int row = blockIdx.y * 32 + threadIdx.x;
  for (int k = threadIdx.y; k < 32; k += blockDim.y)
    if (row < rows && blockIdx.x * 32 + k < columns)
      to[(blockIdx.x * 32 + k) * rows + row] = buffer[threadIdx.x][k];
}

__device__ float warpSum(float value) {
  for (int distance = 16; distance; distance /= 2)
    value += __shfl_down_sync(0xffffffff, value, distance);
  return value;
}

/// A sum in three levels: shuffles, shared memory, an atomic.
extern "C" __global__ void reduceSum(const float *from, float *sum, int count) {
  __shared__ float ofWarp[32];
  float value = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += gridDim.x * blockDim.x)
    value += from[i];
  value = warpSum(value);
  if (threadIdx.x % 32 == 0)
    ofWarp[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x < 32) {
    value = threadIdx.x < blockDim.x / 32 ? ofWarp[threadIdx.x] : 0;
    value = warpSum(value);
    if (threadIdx.x == 0)
      atomicAdd(sum, value);
  }
}

/// The last block to finish sums what the others left: a ticket and a fence.
__device__ unsigned ticket;
extern "C" __global__ void reduceLastBlock(const int *from, int *partial,
                                           int *sum) {
  __shared__ int buffer[256];
  __shared__ bool last;
  buffer[threadIdx.x] = from[blockIdx.x * 256 + threadIdx.x];
  __syncthreads();
  for (int width = 128; width; width /= 2) {
    if (threadIdx.x < width)
      buffer[threadIdx.x] += buffer[threadIdx.x + width];
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = buffer[0];
    __threadfence();
    last = atomicAdd(&ticket, 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int total = 0;
    for (int i = 0; i < gridDim.x; ++i)
      total += ((volatile int *)partial)[i];
    *sum = total;
    ticket = 0;
  }
}

/// The classic warp-synchronous tail, with the barriers it needs.
extern "C" __global__ void reduceWarpSync(const int *from, int *sums) {
  __shared__ int buffer[64];
  int i = threadIdx.x;
  buffer[i] = from[blockIdx.x * 64 + i];
  __syncthreads();
  if (i < 32) {
    buffer[i] += buffer[i + 32];
    __syncwarp();
    for (int width = 16; width; width /= 2) {
      if (i < width)
        buffer[i] += buffer[i + width];
      __syncwarp();
    }
    if (i == 0)
      sums[blockIdx.x] = buffer[0];
  }
}

/// An inclusive scan of a block (Hillis and Steele, two buffers).
extern "C" __global__ void scanBlock(const int *from, int *to, int count) {
  __shared__ int buffer[2][1024];
  int in = 0, i = threadIdx.x;
  buffer[0][i] = i < count ? from[i] : 0;
  __syncthreads();
  for (int distance = 1; distance < blockDim.x; distance *= 2) {
    buffer[1 - in][i] =
        buffer[in][i] + (i >= distance ? buffer[in][i - distance] : 0);
    in = 1 - in;
    __syncthreads();
  }
  if (i < count)
    to[i] = buffer[in][i];
}

/// The same by shuffles.
extern "C" __global__ void scanShuffle(const int *from, int *to) {
  __shared__ int ofWarp[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int value = from[threadIdx.x];
  for (int distance = 1; distance < 32; distance *= 2) {
    int other = __shfl_up_sync(0xffffffff, value, distance);
    if (lane >= distance)
      value += other;
  }
  if (lane == 31)
    ofWarp[warp] = value;
  __syncthreads();
  int before = 0;
  for (int k = 0; k < warp; ++k)
    before += ofWarp[k];
  to[threadIdx.x] = value + before;
}

extern "C" __global__ void histogram(const uint8_t *data, unsigned *counts,
                                     int count) {
  __shared__ unsigned mine[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    mine[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += gridDim.x * blockDim.x)
    atomicAdd(&mine[data[i]], 1);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    atomicAdd(&counts[i], mine[i]);
}

/// Votes, population counts and the lanes before: stream compaction.
extern "C" __global__ void compact(const int *from, int *to, int *count,
                                   int length) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  bool keep = i < length && from[i] % 3 == 0;
  unsigned who = __ballot_sync(0xffffffff, keep);
  int lane = threadIdx.x % 32, base = 0;
  if (lane == 0 && who)
    base = atomicAdd(count, __popc(who));
  base = __shfl_sync(0xffffffff, base, 0);
  if (keep)
    to[base + __popc(who & ((1u << lane) - 1))] = from[i];
}

/// Atomics on every type; returns what was there too.
extern "C" __global__ void atomics(int *ints, unsigned long long *longs,
                                   double *doubles, float *floats) {
  atomicMax(&ints[0], (int)threadIdx.x);
  atomicMin(&ints[1], -(int)threadIdx.x);
  atomicOr(&ints[2], 1 << threadIdx.x % 31);
  atomicXor(&ints[3], (int)threadIdx.x);
  atomicInc((unsigned *)&ints[4], 9);
  int seen, wanted = ints[5];
  do {
    seen = wanted;
    wanted = atomicCAS(&ints[5], seen, seen + 2);
  } while (seen != wanted);
  atomicAdd(&longs[0], 1ull << 33);
  atomicMax(&longs[1], 5000000000ull + threadIdx.x);
  atomicAdd(doubles, 0.25);
  atomicAdd(floats, 1.0f);
}

/// A lock that blocks take in turn.
__device__ int lockWord;
extern "C" __global__ void lockedCount(int *value) {
  if (threadIdx.x)
    return;
  while (atomicCAS(&lockWord, 0, 1))
    __nanosleep(20);
  __threadfence();
  *(volatile int *)value = *(volatile int *)value + 1;
  __threadfence();
  atomicExch(&lockWord, 0);
}

/// Bitonic sort of a block in shared memory.
extern "C" __global__ void bitonicSort(int *data) {
  __shared__ int buffer[512];
  buffer[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  for (int size = 2; size <= 512; size *= 2)
    for (int distance = size / 2; distance; distance /= 2) {
      int other = threadIdx.x ^ distance;
      if (other > threadIdx.x) {
        bool up = (threadIdx.x & size) == 0;
        int a = buffer[threadIdx.x], b = buffer[other];
        if ((a > b) == up) {
          buffer[threadIdx.x] = b;
          buffer[other] = a;
        }
      }
      __syncthreads();
    }
  data[threadIdx.x] = buffer[threadIdx.x];
}
