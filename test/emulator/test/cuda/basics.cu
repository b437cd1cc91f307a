// SPDX-License-Identifier: Apache-2.0
// Kernels of the first chapters of any book.
#include <cstdint>
#include <cstdio>

extern "C" __global__ void vectorAdd(const float *a, const float *b, float *c,
                                     int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count)
    c[i] = a[i] + b[i];
}

/// A stride of the whole grid, so that any launch covers it.
extern "C" __global__ void saxpy(float a, const float *x, float *y, int count) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += gridDim.x * blockDim.x)
    y[i] = a * x[i] + y[i];
}

__constant__ float coefficients[4];
__device__ int launches = 7;

/// Constant memory and a variable of the module.
extern "C" __global__ void polynomial(const float *x, float *y, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    float value = 0;
    for (int k = 3; k >= 0; --k)
      value = value * x[i] + coefficients[k];
    y[i] = value;
  }
  if (i == 0)
    atomicAdd(&launches, 1);
}

struct Shape {
  int rows, columns;
  float scale;
  const float *from;
  char tag;
};

/// A struct by value.
extern "C" __global__ void scaleShape(Shape shape, float *to) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  if (row < shape.rows && column < shape.columns)
    to[row * shape.columns + column] =
        shape.scale * shape.from[row * shape.columns + column] + shape.tag;
}

/// Where every thread is: what a launch passes on.
extern "C" __global__ void whereAmI(uint32_t *out) {
  uint32_t block =
      (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  uint32_t thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x +
                    threadIdx.x;
  uint32_t i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  out[2 * i] = block;
  out[2 * i + 1] = threadIdx.x | threadIdx.y << 8 | threadIdx.z << 16;
}

/// Dynamic shared memory, reversed within each block.
extern "C" __global__ void reverseBlocks(int *data) {
  extern __shared__ int buffer[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  buffer[threadIdx.x] = data[i];
  __syncthreads();
  data[i] = buffer[blockDim.x - 1 - threadIdx.x];
}

/// A loop long enough for a host to notice that it is not waited for.
extern "C" __global__ void slowCount(uint32_t *out, uint32_t rounds) {
  uint32_t value = threadIdx.x;
  for (uint32_t i = 0; i < rounds; ++i)
    value = value * 1664525u + 1013904223u;
  out[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

extern "C" __global__ void addConstant(int *data, int value) {
  data[blockIdx.x * blockDim.x + threadIdx.x] += value;
}

extern "C" __global__ void sayHello(int value) {
  if (threadIdx.x == 1)
    printf("hello from thread %d of block %u: %s %.2f\n", (int)threadIdx.x,
           blockIdx.x, "text", value * 0.5);
}

/// Collatz: threads of one warp leave the loop at different times.
extern "C" __global__ void collatz(const uint32_t *from, uint32_t *steps,
                                   int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count)
    return;
  uint64_t value = from[i];
  uint32_t taken = 0;
  while (value != 1) {
    value = value & 1 ? 3 * value + 1 : value / 2;
    ++taken;
  }
  steps[i] = taken;
}

__device__ float twice(float x) { return 2 * x; }
__device__ float square(float x) { return x * x; }
typedef float (*Unary)(float);
__device__ Unary unaries[2] = {twice, square};

/// Calls through a table of functions.
extern "C" __global__ void applyUnary(float *data, const int *which) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  data[i] = unaries[which[i]](data[i]);
}

__device__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/// A stack for each thread.
extern "C" __global__ void recurse(int *out) {
  out[threadIdx.x] = fibonacci(threadIdx.x % 12);
}
