// SPDX-License-Identifier: Apache-2.0
// Tensor cores and asynchronous copies.
#include <cooperative_groups.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <mma.h>

using namespace nvcuda;

/// c = a b, one warp a tile of 16x16; a by rows, b by columns.
extern "C" __global__ void wmmaHalf(const __half *a, const __half *b, float *c,
                                    int n) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::col_major> right;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  int row = blockIdx.y * 16, column = blockIdx.x * 16;
  for (int k = 0; k < n; k += 16) {
    wmma::load_matrix_sync(left, a + row * n + k, n);
    wmma::load_matrix_sync(right, b + column * n + k, n);
    wmma::mma_sync(sum, left, right, sum);
  }
  wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

extern "C" __global__ void wmmaBfloat(const __nv_bfloat16 *a,
                                      const __nv_bfloat16 *b, float *c, int n) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major>
      left;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::row_major>
      right;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  int row = blockIdx.y * 16, column = blockIdx.x * 16;
  for (int k = 0; k < n; k += 16) {
    wmma::load_matrix_sync(left, a + row * n + k, n);
    wmma::load_matrix_sync(right, b + k * n + column, n);
    wmma::mma_sync(sum, left, right, sum);
  }
  wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

extern "C" __global__ void wmmaInt8(const signed char *a, const signed char *b,
                                    int *c, int n) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, signed char, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, signed char, wmma::col_major>
      right;
  wmma::fragment<wmma::accumulator, 16, 16, 16, int> sum;
  wmma::fill_fragment(sum, 0);
  int row = blockIdx.y * 16, column = blockIdx.x * 16;
  for (int k = 0; k < n; k += 16) {
    wmma::load_matrix_sync(left, a + row * n + k, n);
    wmma::load_matrix_sync(right, b + column * n + k, n);
    wmma::mma_sync(sum, left, right, sum);
  }
  wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

/// Elements of four bits and of one, of 8x8 sums; b by columns.
extern "C" __global__ void wmmaNibbles(const unsigned *a, const unsigned *b,
                                       int *c) {
  using wmma::experimental::precision::u4;
  wmma::fragment<wmma::matrix_a, 8, 8, 32, u4, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 8, 8, 32, u4, wmma::col_major> right;
  wmma::fragment<wmma::accumulator, 8, 8, 32, int> sum;
  wmma::fill_fragment(sum, 0);
  wmma::load_matrix_sync(left, a, 32);
  wmma::load_matrix_sync(right, b, 32);
  wmma::mma_sync(sum, left, right, sum);
  wmma::store_matrix_sync(c, sum, 8, wmma::mem_row_major);
}
extern "C" __global__ void wmmaBits(const unsigned *a, const unsigned *b,
                                    int *c) {
  using wmma::experimental::precision::b1;
  wmma::fragment<wmma::matrix_a, 8, 8, 128, b1, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 8, 8, 128, b1, wmma::col_major> right;
  wmma::fragment<wmma::accumulator, 8, 8, 128, int> sum;
  wmma::fill_fragment(sum, 0);
  wmma::load_matrix_sync(left, a, 128);
  wmma::load_matrix_sync(right, b, 128);
  wmma::bmma_sync(sum, left, right, sum);
  wmma::store_matrix_sync(c, sum, 8, wmma::mem_row_major);
}

extern "C" __global__ void wmmaTf32(const float *a, const float *b, float *c,
                                    int n) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32,
                 wmma::row_major>
      left;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32,
                 wmma::col_major>
      right;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  int row = blockIdx.y * 16, column = blockIdx.x * 16;
  for (int k = 0; k < n; k += 8) {
    wmma::load_matrix_sync(left, a + row * n + k, n);
    wmma::load_matrix_sync(right, b + column * n + k, n);
    for (int i = 0; i < left.num_elements; ++i)
      left.x[i] = wmma::__float_to_tf32(left.x[i]);
    for (int i = 0; i < right.num_elements; ++i)
      right.x[i] = wmma::__float_to_tf32(right.x[i]);
    wmma::mma_sync(sum, left, right, sum);
  }
  wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

/// c (16x8) = a (16x16) b (16x8), with the registers laid out by hand.
extern "C" __global__ void mmaByHand(const __half *a, const __half *b,
                                     float *c) {
  __shared__ __align__(16) __half left[16 * 16], right[16 * 8];
  for (int i = threadIdx.x; i < 256; i += 32)
    left[i] = a[i];
  for (int i = threadIdx.x; i < 128; i += 32)
    right[i] = b[i];
  __syncwarp();
  unsigned x[4], y[2];
  int lane = threadIdx.x;
  unsigned from =
      (unsigned)__cvta_generic_to_shared(&left[lane % 16 * 16 + lane / 16 * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
               : "r"(from));
  from = (unsigned)__cvta_generic_to_shared(&right[lane % 16 * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(y[0]), "=r"(y[1])
               : "r"(from));
  float d[4];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]),
                 "r"(y[1]), "f"(0.0f));
  int row = lane / 4, column = lane % 4 * 2;
  c[row * 8 + column] = d[0];
  c[row * 8 + column + 1] = d[1];
  c[(row + 8) * 8 + column] = d[2];
  c[(row + 8) * 8 + column + 1] = d[3];
}

/// Four products of 8 x 4 and 4 x 8, one for each four lanes and those 16
/// further: rows of A by columns of B into floats, and columns by rows into
/// halves.
extern "C" __global__ void mmaOfQuads(const half *a, const half *b, float *c,
                                      half *d) {
  const int lane = threadIdx.x, quad = lane % 16 / 4;
  const int low = lane % 4, high = lane / 16 * 4;
  a += 32 * quad;
  b += 32 * quad;
  c += 64 * quad;
  d += 64 * quad;
  half x[4], y[4], u[4], v[4];
  for (int i = 0; i < 4; ++i) {
    x[i] = a[(low + high) * 4 + i];
    y[i] = b[i * 8 + low + high];
    u[i] = a[(i + high) * 4 + low];
    v[i] = b[low * 8 + i + high];
  }
  const unsigned *X = reinterpret_cast<const unsigned *>(x),
                 *Y = reinterpret_cast<const unsigned *>(y),
                 *U = reinterpret_cast<const unsigned *>(u),
                 *V = reinterpret_cast<const unsigned *>(v);
  float sums[8];
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3,%4,%5,%6,%7}, {%8,%9}, {%10,%11}, "
               "{%12,%12,%12,%12,%12,%12,%12,%12};"
               : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3]),
                 "=f"(sums[4]), "=f"(sums[5]), "=f"(sums[6]), "=f"(sums[7])
               : "r"(X[0]), "r"(X[1]), "r"(Y[0]), "r"(Y[1]), "f"(1.0f));
  for (int i = 0; i < 8; ++i)
    c[((lane & 1) + (i & 2) + high) * 8 + (i & 4) + (lane & 2) + (i & 1)] =
        sums[i];
  unsigned pairs[4];
  asm volatile("mma.sync.aligned.m8n8k4.col.row.f16.f16.f16.f16 "
               "{%0,%1,%2,%3}, {%4,%5}, {%6,%7}, {%8,%8,%8,%8};"
               : "=r"(pairs[0]), "=r"(pairs[1]), "=r"(pairs[2]), "=r"(pairs[3])
               : "r"(U[0]), "r"(U[1]), "r"(V[0]), "r"(V[1]), "r"(0));
  for (int i = 0; i < 8; ++i)
    d[(low + high) * 8 + i] = reinterpret_cast<const half *>(pairs)[i];
}

/// Copies in two stages while the sums of the stage before are taken.
extern "C" __global__ void pipelinedSum(const float4 *from, float *sums,
                                        int steps) {
  __shared__ float4 stage[2][64];
  float sum = 0;
  __pipeline_memcpy_async(&stage[0][threadIdx.x], &from[threadIdx.x], 16);
  __pipeline_commit();
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps)
      __pipeline_memcpy_async(&stage[(step + 1) % 2][threadIdx.x],
                              &from[(step + 1) * 64 + threadIdx.x], 16);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    // Another thread's copy, so that the barrier is needed.
    float4 v = stage[step % 2][63 - threadIdx.x];
    sum += v.x + v.y + v.z + v.w;
    __syncthreads();
  }
  sums[threadIdx.x] = sum;
}

/// Blocks that wait for each other.
extern "C" __global__ void gridSums(int *data, int *out) {
  cooperative_groups::grid_group grid = cooperative_groups::this_grid();
  int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
  data[i] = i;
  grid.sync();
  int sum = 0;
  for (int k = 0; k < all; k += blockDim.x)
    sum += data[(i + k) % all];
  grid.sync();
  data[i] = 0;
  out[i] = sum;
}

/// Tiles of warps and a reduction over them.
extern "C" __global__ void tiledSums(const int *from, int *out) {
  auto block = cooperative_groups::this_thread_block();
  auto tile = cooperative_groups::tiled_partition<8>(block);
  int value = from[block.thread_rank()];
  for (int distance = tile.size() / 2; distance; distance /= 2)
    value += tile.shfl_xor(value, distance);
  if (tile.thread_rank() == 0)
    out[block.thread_rank() / 8] = value;
}
