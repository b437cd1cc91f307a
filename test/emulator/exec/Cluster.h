// SPDX-License-Identifier: Apache-2.0
// Blocks that run together: they meet at barriers of their own and reach each
// other's shared memory, which each sees at the places of the others' ranks.
#ifndef EMULATOR_EXEC_CLUSTER_H
#define EMULATOR_EXEC_CLUSTER_H

#include "exec/Block.h"

namespace emulator {

class Cluster {
public:
  /// Blocks for launches with this shape of cluster.
  explicit Cluster(LaunchState &launch);
  /// Begins the blocks of the cluster with this index in the grid of clusters.
  void start(Dim3 index);
  /// Runs until all blocks have ended, a fault, or for about `budget`
  /// instructions of each.
  Block::Status run(int64_t budget);

  /// The block of a rank, null if it has ended or there is none.
  Block *blockOf(unsigned rank) const;
  /// Lanes arrive at the cluster's barrier; in which phase.
  uint32_t arrive(unsigned lanes);
  /// Threads have ended: a barrier may be complete now.
  void threadsEnded();
  uint32_t phase() const { return phaseNumber; }

  std::vector<std::unique_ptr<Block>> blocks; ///< by rank

private:
  void completeDue();

  LaunchState &launch;
  std::vector<bool> isDone;
  uint32_t phaseNumber = 0;
  unsigned arrived = 0;
};

} // namespace emulator

#endif
