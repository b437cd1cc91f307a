// SPDX-License-Identifier: Apache-2.0
// Measures what chips.py says of a chip, on the first device:
//   nvcc -O3 -arch=native -o rates benchmarks/gpu/rates.cu && ./rates
// Rates are per clock of a multiprocessor, which kernels read themselves: the
// clock that the device chose does not matter. Factors differ from one mma to
// the next, as they do in a matrix product.
#include <cstdio>
#include <cstdlib>
#include <cstdint>
#include <vector>

static void check(cudaError_t status, const char *what) {
  if (status == cudaSuccess)
    return;
  fprintf(stderr, "rates: %s: %s\n", what, cudaGetErrorString(status));
  exit(1);
}
#define CHECK(call) check(call, #call)

constexpr int kSteps = 2000, kChains = 16;

// Each body is one instruction of chain `i`, which depends on its last one.
#define MMA(NAME, SHAPE, TYPES, DEPTH, SUM)                                    \
  struct NAME {                                                                \
    static constexpr double kWork = 16 * 8 * DEPTH;                            \
    __device__ static void run(float (&c)[4], const uint32_t (&a)[12], int i) { \
      auto &s = reinterpret_cast<SUM(&)[4]>(c);                                \
      const uint32_t *x = a + i % 2 * 4, *y = a + 8 + i / 2 % 2 * 2;           \
      asm volatile("mma.sync.aligned." SHAPE ".row.col." TYPES                 \
                   " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"    \
                   : CONSTRAINT_##SUM(s[0]), CONSTRAINT_##SUM(s[1]),           \
                     CONSTRAINT_##SUM(s[2]), CONSTRAINT_##SUM(s[3])            \
                   : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]),    \
                     "r"(y[1]));                                               \
    }                                                                          \
  };
#define CONSTRAINT_float "+f"
#define CONSTRAINT_int "+r"
MMA(Tf32, "m16n8k8", "f32.tf32.tf32.f32", 8, float)
MMA(F16, "m16n8k16", "f32.f16.f16.f32", 16, float)
MMA(Bf16, "m16n8k16", "f32.bf16.bf16.f32", 16, float)
MMA(S8, "m16n8k32", "s32.s8.s8.s32", 32, int)

struct Fma {
  static constexpr double kWork = 4 * 32;
  __device__ static void run(float (&c)[4], const uint32_t (&a)[12], int) {
    for (int i = 0; i < 4; ++i)
      asm volatile("fma.rn.f32 %0, %0, %1, %1;"
                   : "+f"(c[i])
                   : "f"(__uint_as_float(a[i])));
  }
};

struct Add {
  static constexpr double kWork = 4 * 32;
  __device__ static void run(float (&c)[4], const uint32_t (&a)[12], int) {
    auto &s = reinterpret_cast<int(&)[4]>(c);
    for (int i = 0; i < 4; ++i)
      asm volatile("xor.b32 %0, %0, %1;" : "+r"(s[i]) : "r"(a[i]));
  }
};

struct Exp {
  static constexpr double kWork = 4 * 32;
  __device__ static void run(float (&c)[4], const uint32_t (&)[12], int) {
    for (int i = 0; i < 4; ++i)
      asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(c[i]));
  }
};

/// As each warp counts one: of all blocks of 128 threads, four.
struct Barrier {
  static constexpr double kWork = 1;
  __device__ static void run(float (&)[4], const uint32_t (&)[12], int) {
    __syncthreads();
  }
};

template <typename Body>
__global__ void repeat(uint32_t seed, float *sums, long long *cycles) {
  float c[kChains][4];
  uint32_t a[12];
  for (int i = 0; i < 12; ++i)
    a[i] = seed + i * threadIdx.x;
  for (int i = 0; i < kChains; ++i)
    for (float &one : c[i])
      one = __uint_as_float(seed + i);
  long long start = clock64();
  for (int step = 0; step < kSteps; ++step)
#pragma unroll
    for (int i = 0; i < kChains; ++i)
      Body::run(c[i], a, i);
  __syncthreads();
  long long end = clock64();
  float sum = 0;
  for (auto &chain : c)
    for (float one : chain)
      sum += one;
  if (sum == 1234.5f)
    *sums = sum;
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = end - start;
}

/// One block of \p threads on each multiprocessor.
template <typename Body>
static void measure(const char *name, int multiprocessors, int threads) {
  float *sums;
  long long *cycles;
  CHECK(cudaMalloc(&sums, sizeof(float)));
  CHECK(cudaMalloc(&cycles, multiprocessors * sizeof(long long)));
  for (int i = 0; i < 2; ++i)
    repeat<Body><<<multiprocessors, threads>>>(0x3f000000, sums, cycles);
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
  std::vector<long long> host(multiprocessors);
  CHECK(cudaMemcpy(host.data(), cycles, host.size() * sizeof(long long),
                   cudaMemcpyDeviceToHost));
  double total = 0;
  for (long long one : host)
    total += double(one);
  double work = Body::kWork * kSteps * kChains * threads / 32;
  double rate = work / (total / multiprocessors);
  printf("%-10s %4d threads %8.1f a clock\n", name, threads, rate);
  CHECK(cudaFree(sums));
  CHECK(cudaFree(cycles));
}

__global__ void read(const float4 *data, size_t count, int times, float *sums) {
  float sum = 0;
  size_t stride = size_t(gridDim.x) * blockDim.x;
  for (int t = 0; t < times; ++t)
#pragma unroll 8
    for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
         i += stride) {
      float4 one = __ldcg(data + i);
      sum += one.x + one.y + one.z + one.w;
    }
  if (sum == 1234.5f)
    *sums = sum;
}

/// Milliseconds that \p work takes on the default stream.
template <typename Work> static float time(Work work) {
  cudaEvent_t start, end;
  CHECK(cudaEventCreate(&start));
  CHECK(cudaEventCreate(&end));
  work();
  CHECK(cudaEventRecord(start));
  work();
  CHECK(cudaEventRecord(end));
  CHECK(cudaEventSynchronize(end));
  float ms;
  CHECK(cudaEventElapsedTime(&ms, start, end));
  return ms;
}

/// The clock while tensor cores are busy.
static void measureClock(int multiprocessors) {
  float *sums;
  long long *cycles, count;
  CHECK(cudaMalloc(&sums, sizeof(float)));
  CHECK(cudaMalloc(&cycles, multiprocessors * sizeof(long long)));
  float ms = time([&] {
    for (int i = 0; i < 20; ++i)
      repeat<Tf32><<<multiprocessors, 256>>>(0x3f000000, sums, cycles);
  });
  CHECK(cudaMemcpy(&count, cycles, sizeof(count), cudaMemcpyDeviceToHost));
  printf("%-10s %8.3f GHz\n", "clock", double(count) * 20 / ms / 1e6);
  CHECK(cudaFree(sums));
  CHECK(cudaFree(cycles));
}

static void measureReads(const char *name, size_t bytes, int times,
                         int multiprocessors) {
  float4 *data;
  CHECK(cudaMalloc(&data, bytes));
  CHECK(cudaMemset(data, 0, bytes));
  float ms = time([&] {
    read<<<multiprocessors * 4, 512>>>(data, bytes / sizeof(float4), times,
                                       reinterpret_cast<float *>(data));
  });
  printf("%-10s %8.0f GB/s\n", name, double(bytes) * times / ms / 1e6);
  CHECK(cudaFree(data));
}

__global__ void nothing() {}

/// What a kernel after another one costs in a graph, in microseconds.
static void measureLaunches() {
  constexpr int kLaunches = 1000;
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < kLaunches; ++i)
    nothing<<<132, 128, 0, stream>>>();
  CHECK(cudaStreamEndCapture(stream, &graph));
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  float ms = time([&] { CHECK(cudaGraphLaunch(exec, 0)); });
  printf("%-10s %8.2f us\n", "launch", ms / kLaunches * 1e3);
}

int main() {
  cudaDeviceProp chip;
  CHECK(cudaGetDeviceProperties(&chip, 0));
  int multiprocessors = chip.multiProcessorCount;
  printf("%s, sm_%d%d, %d multiprocessors, %zu KiB shared, %d MiB L2\n",
         chip.name, chip.major, chip.minor, multiprocessors,
         chip.sharedMemPerMultiprocessor >> 10, chip.l2CacheSize >> 20);
  for (int threads : {128, 256, 512}) {
    measure<Tf32>("mma tf32", multiprocessors, threads);
    measure<F16>("mma f16", multiprocessors, threads);
    measure<Bf16>("mma bf16", multiprocessors, threads);
    measure<S8>("mma s8", multiprocessors, threads);
    measure<Fma>("fma", multiprocessors, threads);
    measure<Add>("integer", multiprocessors, threads);
    measure<Exp>("special", multiprocessors, threads);
    measure<Barrier>("barriers", multiprocessors, threads);
  }
  measureClock(multiprocessors);
  measureReads("L2", 16 << 20, 100, multiprocessors);
  measureReads("memory", size_t(4) << 30, 1, multiprocessors);
  measureLaunches();
}
