// SPDX-License-Identifier: Apache-2.0
// Kernels that are wrong, one fault each.
#include <cassert>
#include <cstdint>

/// Writes one element too many.
extern "C" __global__ void writeBehind(int *data, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= count)
    data[i] = i;
}

extern "C" __global__ void readNull(const int *data, int *out) {
  out[threadIdx.x] = data[threadIdx.x];
}

/// Beyond the block's shared memory.
extern "C" __global__ void sharedBehind(int *out, int offset) {
  __shared__ int buffer[32];
  buffer[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = buffer[threadIdx.x + offset];
}

/// Beyond an array in local memory.
extern "C" __global__ void localBehind(int *out, int index) {
  int table[8];
  for (int k = 0; k < 8; ++k)
    table[k] = k + threadIdx.x;
  table[index & 0xffffff] = 3;
  int sum = 0;
  for (int k = 0; k < 8; ++k)
    sum += table[(k * index) & 7];
  out[threadIdx.x] = sum;
}

extern "C" __global__ void misalignedRead(const char *data, int *out) {
  out[threadIdx.x] = *(const int *)(data + 4 * threadIdx.x + 1);
}

extern "C" __global__ void misalignedVector(const float *data, float4 *out) {
  out[threadIdx.x] = *(const float4 *)(data + 4 * threadIdx.x + 1);
}

/// Sums memory that nobody wrote.
extern "C" __global__ void readFresh(const int *data, int *out) {
  out[threadIdx.x] = data[threadIdx.x] + 1;
}

extern "C" __global__ void readFreshShared(int *out) {
  __shared__ int buffer[64];
  buffer[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = buffer[2 * threadIdx.x];
}

/// Neighbours without a barrier between.
extern "C" __global__ void raceReadWrite(int *out) {
  __shared__ int buffer[128];
  buffer[threadIdx.x] = threadIdx.x;
  out[threadIdx.x] = buffer[(threadIdx.x + 32) % 128];
}

/// An element behind the only array in local memory.
extern "C" __global__ void localByOne(int *out, int index) {
  int table[10];
  for (int k = 0; k < 10; ++k)
    table[k] = k * index;
  out[threadIdx.x] = table[index + threadIdx.x % 2];
}

/// Lanes of two tiles of a warp meet in their own tile only.
extern "C" __global__ void raceOfTiles(int *out) {
  __shared__ int buffer[32];
  const int lane = threadIdx.x;
  buffer[lane] = lane;
  __syncwarp(0xffffu << (lane & 16));
  out[lane] = buffer[lane ^ 16];
}

/// Counts before all have seen that the counts are zero.
extern "C" __global__ void raceOfCounts(const int *data, int *out) {
  __shared__ int counts[16];
  if (threadIdx.x < 16)
    counts[threadIdx.x] = 0;
  atomicAdd(&counts[data[threadIdx.x] & 15], 1);
  __syncthreads();
  if (threadIdx.x < 16)
    out[threadIdx.x] = counts[threadIdx.x];
}

/// All write to one place.
extern "C" __global__ void raceWriteWrite(int *out) {
  __shared__ int last;
  last = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = last;
}

/// The second barrier of a loop is missing.
extern "C" __global__ void raceInLoop(const int *from, int *out, int rounds) {
  __shared__ int buffer[64];
  int sum = 0;
  for (int k = 0; k < rounds; ++k) {
    buffer[threadIdx.x] = from[threadIdx.x] + k;
    __syncthreads();
    sum += buffer[63 - threadIdx.x];
  }
  out[threadIdx.x] = sum;
}

/// Half a warp waits at another barrier than the rest, or at none.
extern "C" __global__ void divergentBarrier(int *out) {
  __shared__ int value;
  if (threadIdx.x == 0)
    value = 3;
  if (threadIdx.x % 32 < 16)
    __syncthreads();
  out[threadIdx.x] = threadIdx.x % 32 < 16 ? value : 0;
}

extern "C" __global__ void trapIf(const int *data, int limit) {
  if (data[threadIdx.x] > limit)
    __trap();
}

extern "C" __global__ void assertBelow(const int *data, int limit) {
  assert(data[threadIdx.x] < limit);
}

/// Correct; what comes after a fault.
extern "C" __global__ void fillWith(int *data, int value) {
  data[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

/// At most 64 threads.
extern "C" __global__ void __launch_bounds__(64) boundedFill(int *data) {
  data[threadIdx.x] = 5;
}

/// Reads an asynchronous copy before it was waited for.
extern "C" __global__ void asyncTooEarly(const int4 *from, int *out) {
  __shared__ int4 buffer[32];
  uint32_t to = (uint32_t)__cvta_generic_to_shared(&buffer[threadIdx.x]);
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(to),
               "l"(from + threadIdx.x)
               : "memory");
  asm volatile("cp.async.commit_group;" ::: "memory");
  out[threadIdx.x] = ((volatile int *)buffer)[4 * threadIdx.x];
  asm volatile("cp.async.wait_all;" ::: "memory");
}
