// SPDX-License-Identifier: Apache-2.0
// Times independent chains of fused multiply-adds: enough of them to hide the
// latency of every x86-64 core with AVX2 (4 or 5 cycles, 2 a cycle).
#include "tools/dlc/PeakFlops.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>

static constexpr int chains = 12;
static constexpr int rounds = 200000;

__attribute__((target("avx2,fma"))) static float multiplyAdd256() {
  __m256 sums[chains], factor = _mm256_set1_ps(0.999f);
  for (__m256 &sum : sums)
    sum = _mm256_set1_ps(1.0f);
  for (int i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain)
      sums[chain] = _mm256_fmadd_ps(sums[chain], factor, factor);
  __m256 total = sums[0];
  for (int chain = 1; chain < chains; ++chain)
    total = _mm256_add_ps(total, sums[chain]);
  return _mm256_cvtss_f32(total);
}

__attribute__((target("avx512f"))) static float multiplyAdd512() {
  __m512 sums[chains], factor = _mm512_set1_ps(0.999f);
  for (__m512 &sum : sums)
    sum = _mm512_set1_ps(1.0f);
  for (int i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain)
      sums[chain] = _mm512_fmadd_ps(sums[chain], factor, factor);
  __m512 total = sums[0];
  for (int chain = 1; chain < chains; ++chain)
    total = _mm512_add_ps(total, sums[chain]);
  return _mm512_cvtss_f32(total);
}

double dlc::tool::measurePeakGflops() {
  float (*kernel)() = nullptr;
  double lanes = 0;
  if (__builtin_cpu_supports("avx512f")) {
    kernel = multiplyAdd512;
    lanes = 16;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernel = multiplyAdd256;
    lanes = 8;
  } else {
    return 0;
  }
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int repetition = 0; repetition < 10; ++repetition) {
    auto begin = Clock::now();
    volatile float result = kernel();
    (void)result;
    double ns =
        std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    best = std::max(best, 2.0 * lanes * chains * rounds / ns);
  }
  return best;
}
#else
double dlc::tool::measurePeakGflops() { return 0; }
#endif

double dlc::tool::measureReadBandwidth() {
  // More than the caches of today's servers give one core.
  std::vector<uint64_t> buffer(size_t(16) << 20, 1);
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int repetition = 0; repetition < 4; ++repetition) {
    auto begin = Clock::now();
    uint64_t sum = 0;
    for (uint64_t word : buffer)
      sum += word;
    volatile uint64_t result = sum;
    (void)result;
    double ns =
        std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    best = std::max(best, buffer.size() * sizeof(uint64_t) / ns);
  }
  return best;
}
