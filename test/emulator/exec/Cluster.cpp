// SPDX-License-Identifier: Apache-2.0
#include "exec/Cluster.h"

#include <algorithm>

namespace emulator {

Cluster::Cluster(LaunchState &launch) : launch(launch) {
  const uint64_t count = launch.config.cluster.count();
  for (uint64_t rank = 0; rank < count; ++rank) {
    blocks.push_back(std::make_unique<Block>(launch));
    if (count > 1)
      blocks.back()->cluster = this;
    blocks.back()->rank = unsigned(rank);
  }
  isDone.resize(count);
}

void Cluster::start(Dim3 index) {
  const Dim3 shape = launch.config.cluster;
  isDone.assign(blocks.size(), false);
  phaseNumber = 0;
  arrived = 0;
  for (unsigned rank = 0; rank < blocks.size(); ++rank)
    blocks[rank]->start({index.x * shape.x + rank % shape.x,
                         index.y * shape.y + rank / shape.x % shape.y,
                         index.z * shape.z + rank / shape.x / shape.y});
}

Block *Cluster::blockOf(unsigned rank) const {
  return rank < blocks.size() && !isDone[rank] ? blocks[rank].get() : nullptr;
}

uint32_t Cluster::arrive(unsigned lanes) {
  const uint32_t phase = phaseNumber;
  arrived += lanes;
  completeDue();
  return phase;
}

void Cluster::threadsEnded() {
  if (arrived)
    completeDue();
}

void Cluster::completeDue() {
  unsigned alive = 0;
  for (auto &block : blocks)
    alive += block->aliveThreads;
  if (arrived < alive)
    return;
  arrived = 0;
  ++phaseNumber;
  for (auto &block : blocks)
    block->leaveClusterBarrier();
}

Block::Status Cluster::run(int64_t budget) {
  if (blocks.size() == 1)
    return blocks[0]->run(budget);
  for (unsigned idleRounds = 0; idleRounds < 2;) {
    bool isAllDone = true, isIdle = true, isPolling = false;
    for (unsigned rank = 0; rank < blocks.size(); ++rank) {
      if (isDone[rank])
        continue;
      const uint64_t before = blocks[rank]->clock;
      const Block::Status status = blocks[rank]->run(budget);
      if (status == Block::Status::Fault)
        return status;
      isDone[rank] = status == Block::Status::Done;
      isAllDone &= isDone[rank];
      isIdle &= !isDone[rank] && blocks[rank]->clock == before;
      isPolling |= status == Block::Status::Yield;
    }
    if (isAllDone)
      return Block::Status::Done;
    if (isPolling) // others of the grid may be what it waits for
      return Block::Status::Yield;
    idleRounds = isIdle ? idleRounds + 1 : 0;
  }
  for (unsigned rank = 0; rank < blocks.size(); ++rank)
    if (!isDone[rank])
      return blocks[rank]->failAtClusterBarrier();
  return Block::Status::Done;
}

} // namespace emulator
