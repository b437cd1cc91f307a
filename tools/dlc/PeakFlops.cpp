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

static uint64_t sum(const uint64_t *words, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8)
    for (size_t lane = 0; lane < 8; ++lane)
      sums[lane] += words[i + lane];
  for (size_t lane = 1; lane < 8; ++lane)
    sums[0] += sums[lane];
  return sums[0];
}

#ifdef __x86_64__
/// Four vectors at a time, so that additions don't wait for each other.
__attribute__((target("avx2"))) static uint64_t sum256(const uint64_t *words,
                                                       size_t count) {
  __m256i sums[4] = {};
  for (size_t i = 0; i + 16 <= count; i += 16)
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
      sums[k] = _mm256_add_epi64(
          sums[k], _mm256_loadu_si256(
                       reinterpret_cast<const __m256i *>(words + i + 4 * k)));
  __m256i all = _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]),
                                 _mm256_add_epi64(sums[2], sums[3]));
  return uint64_t(_mm256_extract_epi64(all, 0));
}
#endif

double dlc::tool::measureReadBandwidth(size_t bytes) {
  uint64_t (*kernel)(const uint64_t *, size_t) = sum;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2"))
    kernel = sum256;
#endif
  // Vectors that don't cross cache lines.
  std::vector<uint64_t> buffer(bytes / sizeof(uint64_t) + 8, 1);
  auto address = reinterpret_cast<uintptr_t>(buffer.data());
  const uint64_t *words = buffer.data() + (64 - address % 64) % 64 / 8;
  size_t repetitions = std::max<size_t>(1, (size_t(16) << 20) / bytes);
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int round = 0; round < 4; ++round) {
    auto begin = Clock::now();
    for (size_t i = 0; i < repetitions; ++i) {
      volatile uint64_t result = kernel(words, bytes / sizeof(uint64_t));
      (void)result;
    }
    double ns =
        std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    best = std::max(best, double(repetitions * bytes) / ns);
  }
  return best;
}
