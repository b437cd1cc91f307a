// SPDX-License-Identifier: Apache-2.0
// Numbers of other sizes, and mathematical functions.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

extern "C" __global__ void mathFunctions(const float *x, float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float *mine = out + 16 * i;
  float v = x[i];
  mine[0] = expf(v);
  mine[1] = logf(fabsf(v) + 1);
  mine[2] = sinf(v);
  mine[3] = cosf(v);
  mine[4] = tanhf(v);
  mine[5] = sqrtf(fabsf(v));
  mine[6] = rsqrtf(fabsf(v) + 0.5f);
  mine[7] = powf(fabsf(v) + 0.1f, 1.7f);
  mine[8] = erff(v);
  mine[9] = 1.0f / (1.0f + __expf(-v));
  mine[10] = floorf(v) + ceilf(v) + rintf(v) + truncf(v);
  mine[11] = fmodf(v, 0.7f);
  mine[12] = atan2f(v, 0.3f);
  mine[13] = cbrtf(v);
  mine[14] = fmaf(v, v, 1.0f) / 3.0f;
  mine[15] = fminf(fmaxf(v, -0.5f), 0.5f);
}

extern "C" __global__ void mathDoubles(const double *x, double *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[4 * i] = exp(x[i]);
  out[4 * i + 1] = sin(x[i]) / 3.0;
  out[4 * i + 2] = sqrt(fabs(x[i]));
  out[4 * i + 3] = log1p(fabs(x[i]));
}

/// out: 0-3 integer results of each kind of division and shift.
extern "C" __global__ void integerMath(const int *a, const int *b,
                                       long long *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int x = a[i], y = b[i];
  long long *mine = out + 10 * i;
  mine[0] = x / y;
  mine[1] = x % y;
  mine[2] = (unsigned)x / (unsigned)y;
  mine[3] = (long long)x * y;
  mine[4] = __mulhi(x, y);
  mine[5] = __clz(x) + 100 * __popc(x) + 10000 * __ffs(x);
  mine[6] = __brev(x);
  mine[7] = ((long long)x << 20) / (y | 1);
  mine[8] = __byte_perm(x, y, 0x5410);
  mine[9] = __funnelshift_l(x, y, 7);
}

extern "C" __global__ void halfMath(const float *x, float *out) {
  int i = threadIdx.x;
  __half h = __float2half(x[i]);
  __half2 pair = __halves2half2(h, __float2half(0.5f));
  out[4 * i] = __half2float(h);
  out[4 * i + 1] = __half2float(__hfma(h, h, __float2half(1.0f)));
  __half2 sum = __hadd2(pair, pair);
  out[4 * i + 2] = __low2float(sum) + __high2float(sum);
  __nv_bfloat16 b = __float2bfloat16(x[i]);
  out[4 * i + 3] = __bfloat162float(__hmul(b, b));
}

extern "C" __global__ void fp8RoundTrip(const float *x, float *out) {
  int i = threadIdx.x;
  out[2 * i] = (float)__nv_fp8_e4m3(x[i]);
  out[2 * i + 1] = (float)__nv_fp8_e5m2(x[i]);
}

extern "C" __global__ void dotProducts(const int *a, const int *b, int *out) {
  int i = threadIdx.x;
  out[i] = __dp4a(a[i], b[i], i);
}

/// Vectors of 16 bytes, and bytes.
extern "C" __global__ void copyVectors(const float4 *from, float4 *to,
                                       const uchar4 *bytes, uchar4 *sums) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float4 v = __ldg(&from[i]);
  to[i] = make_float4(v.w, v.z, v.y, v.x);
  uchar4 b = bytes[i];
  sums[i] = make_uchar4(b.x + b.y, b.y + b.z, b.z + b.w, b.w + b.x);
}

/// An array that lies in local memory, as its index isn't known.
extern "C" __global__ void localArray(const int *index, int *out) {
  int table[16];
  for (int k = 0; k < 16; ++k)
    table[k] = k * k + threadIdx.x;
  int sum = 0;
  for (int k = 0; k < 8; ++k)
    sum += table[index[threadIdx.x * 8 + k]];
  out[threadIdx.x] = sum;
}

/// Quotients and remainders of 128 bits: words of a, b, a / b, a % b, a / 1000.
extern "C" __global__ void divideWide(const uint64_t *in, uint64_t *out) {
  using Wide = unsigned __int128;
  const uint64_t *mine = in + 4 * threadIdx.x;
  const Wide a = Wide(mine[1]) << 64 | mine[0],
             b = Wide(mine[3]) << 64 | mine[2];
  const Wide results[] = {a / b, a % b, a / 1000};
  for (int k = 0; k < 3; ++k) {
    out[6 * threadIdx.x + 2 * k] = uint64_t(results[k]);
    out[6 * threadIdx.x + 2 * k + 1] = uint64_t(results[k] >> 64);
  }
}
