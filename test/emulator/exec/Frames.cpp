// SPDX-License-Identifier: Apache-2.0
// The frames of a warp: registers and local memory of each activation of a
// function.
#include "exec/Block.h"

#include <algorithm>
#include <cstring>

namespace emulator {

bool Warp::growLocal(uint32_t bytes) {
  if (bytes <= localCapacity)
    return true;
  if (bytes > localLimit)
    return false;
  uint32_t capacity = std::min(localLimit, std::max(bytes, 2 * localCapacity));
  std::vector<uint8_t> data(size_t(capacity) * warpSize),
      shadow(size_t(capacity) * warpSize);
  for (unsigned l = 0; l < warpSize && localCapacity; ++l) {
    std::memcpy(&data[size_t(l) * capacity], local(l), localCapacity);
    std::memcpy(&shadow[size_t(l) * capacity], shadowOfLocal(l), localCapacity);
  }
  localMemory.swap(data);
  localShadow.swap(shadow);
  localCapacity = capacity;
  return true;
}

uint32_t Warp::allocateLocal(unsigned lane, uint64_t bytes, uint64_t align) {
  const uint64_t begin = (localTop(lane) + align - 1) / align * align;
  if (bytes > localLimit || begin + bytes > localLimit ||
      !growLocal(uint32_t(begin + bytes)))
    return noRoom;
  if (frame->tops.empty())
    frame->tops.assign(warpSize, frame->localEnd);
  frame->tops[lane] = uint32_t(begin + bytes);
  frame->localEnd = std::max(frame->localEnd, frame->tops[lane]);
  std::memset(shadowOfLocal(lane) + begin, 0, bytes);
  return uint32_t(begin);
}

bool Warp::restoreLocal(unsigned lane, uint64_t top) {
  if (top < frame->localBase + frame->code->localBytes || top > localTop(lane))
    return false;
  if (!frame->tops.empty())
    frame->tops[lane] = uint32_t(top);
  return true;
}

Frame *Warp::newFrame(const Code &code, Frame *parent) {
  constexpr uint32_t align = 16;
  uint32_t localBase =
      parent ? (parent->localEnd + align - 1) / align * align : 0;
  if (!growLocal(localBase + code.localBytes))
    return nullptr;
  std::unique_ptr<Frame> frame;
  for (size_t i = 0; i < freeFrames.size() && !frame; ++i)
    if (freeFrames[i]->code == &code) {
      frame = std::move(freeFrames[i]);
      freeFrames[i] = std::move(freeFrames.back());
      freeFrames.pop_back();
    }
  if (!frame) {
    frame = std::make_unique<Frame>();
    frame->code = &code;
    frame->storage.reset(new uint8_t[2 * code.registerBytes + 64]());
    uint64_t address = reinterpret_cast<uint64_t>(frame->storage.get());
    frame->registers = frame->storage.get() + (64 - address % 64) % 64;
  }
  if (frame->hasStates)
    std::memset(frame->registers + code.registerBytes, 0, code.registerBytes);
  frame->hasStates = false;
  frame->parent = parent;
  frame->depth = parent ? parent->depth + 1 : 0;
  frame->users = 0;
  frame->site = nullptr;
  frame->localBase = localBase;
  frame->localEnd = localBase + code.localBytes;
  frame->tops.clear();
  if (parent)
    ++parent->users;
  fillSpecials(*frame);
  frames.push_back(std::move(frame));
  return frames.back().get();
}

void Warp::release(Frame *frame) {
  while (frame && --frame->users == 0) {
    Frame *parent = frame->parent;
    for (auto &entry : frames)
      if (entry.get() == frame) {
        freeFrames.push_back(std::move(entry));
        entry = std::move(frames.back());
        frames.pop_back();
        break;
      }
    frame = parent;
  }
}

/// Whether anything in registers is undefined.
bool Warp::hasStates() {
  bool isAny = false;
  for (auto &used : frames) {
    if (!used->hasStates)
      continue;
    const uint32_t bytes = used->code->registerBytes;
    const uint8_t *states = used->registers + bytes;
    uint64_t bits = 0;
    for (uint32_t k = 0; k + 8 <= bytes; k += 8) {
      uint64_t word;
      std::memcpy(&word, states + k, sizeof word);
      bits |= word;
    }
    used->hasStates = bits != 0;
    isAny |= bits != 0;
  }
  return isAny;
}

void Warp::fillSpecials(Frame &frame) {
  using Kind = SpecialSlot::Kind;
  const Dim3 size = block.launch.config.block, grid = block.launch.config.grid,
             shape = block.launch.config.cluster;
  auto value = [&](Kind kind, unsigned lane) -> uint64_t {
    unsigned thread = firstThread() + lane;
    switch (kind) {
    case Kind::TidX:
      return thread % size.x;
    case Kind::TidY:
      return thread / size.x % size.y;
    case Kind::TidZ:
      return thread / size.x / size.y;
    case Kind::NtidX:
      return size.x;
    case Kind::NtidY:
      return size.y;
    case Kind::NtidZ:
      return size.z;
    case Kind::CtaidX:
      return block.index.x;
    case Kind::CtaidY:
      return block.index.y;
    case Kind::CtaidZ:
      return block.index.z;
    case Kind::NctaidX:
      return grid.x;
    case Kind::NctaidY:
      return grid.y;
    case Kind::NctaidZ:
      return grid.z;
    case Kind::LaneId:
      return lane;
    case Kind::WarpId:
      return index;
    case Kind::NwarpId:
      return (block.threads + warpSize - 1) / warpSize;
    case Kind::SmId:
      return block.linear % block.launch.config.multiprocessors;
    case Kind::NsmId:
      return block.launch.config.multiprocessors;
    case Kind::GridId:
      return block.launch.gridId;
    case Kind::LanemaskEq:
      return 1u << lane;
    case Kind::LanemaskLe:
      return (2ull << lane) - 1;
    case Kind::LanemaskLt:
      return (1ull << lane) - 1;
    case Kind::LanemaskGe:
      return uint32_t(~0u << lane);
    case Kind::LanemaskGt:
      return uint32_t(~1ull << lane);
    case Kind::DynamicShared:
      return block.launch.config.dynamicShared;
    case Kind::TotalShared:
      return block.launch.config.dynamicShared +
             block.launch.kernel.staticShared;
    case Kind::ClusterIdX:
      return block.index.x / shape.x;
    case Kind::ClusterIdY:
      return block.index.y / shape.y;
    case Kind::ClusterIdZ:
      return block.index.z / shape.z;
    case Kind::NclusterIdX:
      return grid.x / shape.x;
    case Kind::NclusterIdY:
      return grid.y / shape.y;
    case Kind::NclusterIdZ:
      return grid.z / shape.z;
    case Kind::ClusterCtaidX:
      return block.index.x % shape.x;
    case Kind::ClusterCtaidY:
      return block.index.y % shape.y;
    case Kind::ClusterCtaidZ:
      return block.index.z % shape.z;
    case Kind::ClusterNctaidX:
      return shape.x;
    case Kind::ClusterNctaidY:
      return shape.y;
    case Kind::ClusterNctaidZ:
      return shape.z;
    case Kind::ClusterRank:
      return block.rank;
    case Kind::ClusterSize:
      return shape.count();
    case Kind::LocalBase:
      return frame.localBase;
    case Kind::WorkspaceHigh:
      return block.launch.workspace >> 32;
    case Kind::WorkspaceLow:
      return block.launch.workspace;
    case Kind::ParameterBase:
      return block.launch.parameters;
    }
    return 0;
  };
  for (const SpecialSlot &special : frame.code->specials)
    for (unsigned l = 0; l < warpSize; ++l)
      if (special.isWide)
        reinterpret_cast<uint64_t *>(frame.registers + special.slot)[l] =
            value(special.kind, l);
      else
        reinterpret_cast<uint32_t *>(frame.registers + special.slot)[l] =
            uint32_t(value(special.kind, l));
}

/// Copies what lanes have in registers to another call of the same function,
/// and of those that called it.
void Warp::adopt(Frame *to, Frame *from, Mask lanes) {
  for (; to != from; to = to->parent, from = from->parent) {
    const Code &code = *to->code;
    for (uint32_t base : {0u, code.registerBytes}) { // values and states
      uint8_t *target = to->registers + base, *source = from->registers + base;
      for (unsigned kind = 0; kind < code.slotsBegin.size(); ++kind) {
        const uint32_t end = kind + 1 < code.slotsBegin.size()
                                 ? code.slotsBegin[kind + 1]
                                 : code.registerBytes;
        const uint32_t width = kind ? 1u << kind : sizeof(Mask);
        const uint32_t slotBytes = kind ? width * warpSize : width;
        for (uint32_t slot = code.slotsBegin[kind]; slot + slotBytes <= end;
             slot += slotBytes) {
          if (kind) {
            activeLanes(lanes, [&](unsigned l) {
              std::memcpy(target + slot + l * width, source + slot + l * width,
                          width);
            });
            continue;
          }
          Mask old, taken;
          std::memcpy(&old, target + slot, sizeof old);
          std::memcpy(&taken, source + slot, sizeof taken);
          old = (old & ~lanes) | (taken & lanes);
          std::memcpy(target + slot, &old, sizeof old);
        }
      }
    }
    to->hasStates |= from->hasStates;
    if (to->origins.size() < from->origins.size())
      to->origins.resize(from->origins.size());
    for (size_t k = 0; k < from->origins.size(); ++k)
      if (lanes >> k % warpSize & 1)
        to->origins[k] = from->origins[k];
    if (from->tops.empty() && to->tops.empty())
      continue;
    if (to->tops.empty())
      to->tops.assign(warpSize, to->localEnd);
    activeLanes(lanes, [&](unsigned l) {
      to->tops[l] = from->tops.empty() ? from->localEnd : from->tops[l];
    });
    to->localEnd = std::max(to->localEnd, from->localEnd);
  }
}

} // namespace emulator
