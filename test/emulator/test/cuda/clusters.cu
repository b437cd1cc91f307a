// SPDX-License-Identifier: Apache-2.0
// Blocks of a cluster, which reach each other's shared memory.
#include <cooperative_groups.h>
#include <cstdint>

namespace cg = cooperative_groups;

/// A histogram of which each block holds a quarter.
extern "C" __global__ void __cluster_dims__(4, 1, 1)
    distributedHistogram(const int *in, int *out, int count) {
  __shared__ int counts[16];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 16)
    counts[threadIdx.x] = 0;
  cluster.sync();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += blockDim.x * gridDim.x) {
    const int bin = in[i] & 63;
    atomicAdd(cluster.map_shared_rank(counts, bin / 16) + bin % 16, 1);
  }
  cluster.sync();
  if (threadIdx.x < 16)
    atomicAdd(&out[cluster.block_rank() * 16 + threadIdx.x],
              counts[threadIdx.x]);
}

/// Each block reads from the next one and writes to the one after that.
extern "C" __global__ void passOn(int *out) {
  __shared__ int mine[32], received[32];
  cg::cluster_group cluster = cg::this_cluster();
  const unsigned rank = cluster.block_rank(), count = cluster.num_blocks();
  mine[threadIdx.x] = rank * 100 + threadIdx.x;
  cluster.sync();
  const int value =
      cluster.map_shared_rank(mine, (rank + 1) % count)[threadIdx.x];
  cluster.map_shared_rank(received, (rank + 2) % count)[threadIdx.x] = value;
  cluster.barrier_arrive();
  cluster.barrier_wait();
  out[blockIdx.x * 32 + threadIdx.x] = received[31 - threadIdx.x];
}

/// Where a block is in its cluster and the cluster in the grid.
extern "C" __global__ void clusterIds(int *out) {
  cg::cluster_group cluster = cg::this_cluster();
  uint32_t id, count, isExplicit;
  asm("mov.u32 %0, %%clusterid.x;" : "=r"(id));
  asm("mov.u32 %0, %%nclusterid.x;" : "=r"(count));
  asm("{ .reg .pred p; mov.pred p, %%is_explicit_cluster; "
      "selp.u32 %0, 1, 0, p; }"
      : "=r"(isExplicit));
  int *to = out + 8 * (blockIdx.y * gridDim.x + blockIdx.x);
  to[0] = id;
  to[1] = count;
  to[2] = cluster.block_index().x;
  to[3] = cluster.block_index().y;
  to[4] = cluster.dim_blocks().x;
  to[5] = cluster.dim_blocks().y;
  to[6] = cluster.block_rank();
  to[7] = isExplicit;
}

/// Block 1 fills a box of block 0, which waits for its 32 arrivals.
extern "C" __global__ void __cluster_dims__(2, 1, 1) remoteArrivals(int *out) {
  __shared__ __align__(8) uint64_t barrier;
  __shared__ int box[32];
  cg::cluster_group cluster = cg::this_cluster();
  const uint32_t mine = (uint32_t)__cvta_generic_to_shared(&barrier);
  if (threadIdx.x == 0)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 32;" ::"r"(mine)
                 : "memory");
  cluster.sync();
  if (cluster.block_rank() == 1) {
    cluster.map_shared_rank(box, 0)[threadIdx.x] = 3 * threadIdx.x;
    uint32_t remote;
    asm volatile("mapa.shared::cluster.u32 %0, %1, 0;"
                 : "=r"(remote)
                 : "r"(mine));
    asm volatile(
        "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(
            remote)
        : "memory");
  } else {
    uint32_t isDone = 0;
    while (!isDone)
      asm volatile("{ .reg .pred p; "
                   "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], 0; "
                   "selp.u32 %0, 1, 0, p; }"
                   : "=r"(isDone)
                   : "r"(mine)
                   : "memory");
    out[threadIdx.x] = box[31 - threadIdx.x];
  }
  cluster.sync();
}

/// One element too many, of another block.
extern "C" __global__ void __cluster_dims__(2, 1, 1) remoteOverrun(int *out) {
  __shared__ int mine[32];
  cg::cluster_group cluster = cg::this_cluster();
  mine[threadIdx.x] = 1;
  cluster.sync();
  const int *other = cluster.map_shared_rank(mine, cluster.block_rank() ^ 1);
  out[blockIdx.x * 32 + threadIdx.x] = other[threadIdx.x + 1];
  cluster.sync();
}

/// Reads what the other block never wrote.
extern "C" __global__ void __cluster_dims__(2, 1, 1) remoteFresh(int *out) {
  __shared__ int mine[32];
  cg::cluster_group cluster = cg::this_cluster();
  if (cluster.block_rank() == 0)
    mine[threadIdx.x] = 1;
  cluster.sync();
  out[blockIdx.x * 32 + threadIdx.x] =
      cluster.map_shared_rank(mine, 1)[threadIdx.x];
  cluster.sync();
}

/// Block 1 ends while block 0 still reads from it.
extern "C" __global__ void __cluster_dims__(2, 1, 1) endsTooEarly(int *out) {
  __shared__ int mine[32];
  cg::cluster_group cluster = cg::this_cluster();
  mine[threadIdx.x] = 1;
  cluster.sync();
  if (cluster.block_rank() == 1)
    return;
  int sum = 0;
  for (int i = 0; i < 1000000; ++i)
    sum += cluster.map_shared_rank(mine, 1)[(threadIdx.x + i) % 32];
  out[threadIdx.x] = sum;
}
