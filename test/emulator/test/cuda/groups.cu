// SPDX-License-Identifier: Apache-2.0
// Cooperative groups, structures and bit fields: compiled without optimisation
// as well, where each variable lies in local memory and is copied whole.
#include <cooperative_groups.h>

namespace cg = cooperative_groups;

/// Sums of each 64 values by a group of two warps, which meets in the system's
/// shared memory.
extern "C" __global__ void sumByTwoWarps(const int *in, int *out) {
  __shared__ cg::block_tile_memory<256> memory;
  cg::thread_block block = cg::this_thread_block(memory);
  auto tile = cg::tiled_partition<64>(block);
  __shared__ int sums[4];
  if (tile.thread_rank() == 0)
    sums[tile.meta_group_rank()] = 0;
  tile.sync();
  atomicAdd(&sums[tile.meta_group_rank()], in[block.thread_rank()]);
  tile.sync();
  out[block.thread_rank()] = sums[tile.meta_group_rank()];
}

/// Keeps odd values: one atomic addition for the lanes that have one, of which
/// the others know no place until it is handed to them.
extern "C" __global__ void compactByGroups(const int *in, int *out,
                                           int *count) {
  int value = in[blockIdx.x * blockDim.x + threadIdx.x];
  if (value & 1) {
    cg::coalesced_group group = cg::coalesced_threads();
    int place;
    if (group.thread_rank() == 0)
      place = atomicAdd(count, int(group.size()));
    out[group.shfl(place, 0) + group.thread_rank()] = value;
  }
}

struct Padded {
  double wide;
  int narrow; ///< and four bytes of padding
};
struct alignas(16) Triple {
  float x, y, z; ///< and four bytes of padding
};
struct Fields {
  unsigned low : 3;
  unsigned high : 7;
  int sign : 9;
  unsigned long long wide : 37;
};

extern "C" __global__ void fillStructures(Padded *padded, Triple *triples,
                                          Fields *fields) {
  const int i = threadIdx.x;
  padded[i].wide = 0.5 * i;
  padded[i].narrow = i;
  triples[i].x = triples[i].y = triples[i].z = float(i);
  Fields mine;
  mine.low = i & 7;
  mine.high = i;
  mine.sign = -i;
  mine.wide = (1ull << 36) + i;
  fields[i] = mine;
}

/// Copies structures through shared memory, and computes with all members.
extern "C" __global__ void copyStructures(const Padded *padded,
                                          const Triple *triples,
                                          const Fields *fields,
                                          Triple *reversed, double *sums) {
  __shared__ Triple tile[32];
  const int i = threadIdx.x;
  tile[i] = triples[i];
  __syncthreads();
  reversed[i] = tile[31 - i];
  const Padded &one = padded[i];
  const Fields other = fields[i];
  sums[i] = one.wide + one.narrow + other.low + other.high + other.sign +
            double(other.wide - (1ull << 36));
}
