// SPDX-License-Identifier: Apache-2.0
#include "exec/Flow.h"

#include "exec/Effects.h"

#include <algorithm>

namespace emulator {
namespace {

struct BasicBlock {
  uint32_t begin = 0, end = 0;
  std::vector<uint32_t> successors;
  int32_t fallThrough = -1;
};

/// Bourdoncle's weak topological order: loops are contiguous, edges go forward
/// except to the heads of loops around them.
class TopologicalOrder {
public:
  explicit TopologicalOrder(const std::vector<BasicBlock> &blocks)
      : blocks(blocks), number(blocks.size(), 0) {}

  std::vector<uint32_t> run() {
    std::vector<uint32_t> order;
    visit(0, order);
    std::reverse(order.begin(), order.end());
    return order;
  }

private:
  uint32_t visit(uint32_t block, std::vector<uint32_t> &order) {
    stack.push_back(block);
    uint32_t head = number[block] = ++count;
    bool isLoop = false;
    for (uint32_t next : blocks[block].successors) {
      uint32_t least = number[next] ? number[next] : visit(next, order);
      if (least <= head) {
        head = least;
        isLoop = true;
      }
    }
    if (head != number[block])
      return head;
    number[block] = ~0u;
    uint32_t element = stack.back();
    stack.pop_back();
    if (isLoop) {
      while (element != block) {
        number[element] = 0;
        element = stack.back();
        stack.pop_back();
      }
      for (uint32_t next : blocks[block].successors)
        if (!number[next])
          visit(next, order);
    }
    order.push_back(block);
    return head;
  }

  const std::vector<BasicBlock> &blocks;
  std::vector<uint32_t> number, stack;
  uint32_t count = 0;
};

class Layout {
public:
  Layout(std::vector<FlowInstruction> &body,
         const std::vector<ptx::Register> &registers, Handler jump, Code &code)
      : body(body), registers(registers), jump(jump), code(code) {}

  void run(const std::vector<uint32_t> &pinned, std::vector<int32_t> &slotOf) {
    findBlocks();
    order = TopologicalOrder(blocks).run();
    liveness();
    allocate(pinned, slotOf);
    emit(slotOf);
  }

private:
  void findBlocks() {
    std::vector<bool> isLeader(body.size() + 1, false);
    isLeader[0] = true;
    for (size_t i = 0; i < body.size(); ++i) {
      if (body[i].flow != Decoder::Flow::Normal)
        isLeader[i + 1] = true;
      for (uint32_t target : body[i].targets)
        isLeader[target] = true;
    }
    blockAt.assign(body.size(), 0);
    for (uint32_t i = 0; i < body.size(); ++i) {
      if (isLeader[i]) {
        blocks.emplace_back();
        blocks.back().begin = i;
      }
      blocks.back().end = i + 1;
      blockAt[i] = uint32_t(blocks.size() - 1);
    }
    for (BasicBlock &block : blocks) {
      const FlowInstruction &last = body[block.end - 1];
      for (uint32_t target : last.targets)
        block.successors.push_back(blockAt[target]);
      bool goesOn =
          last.flow == Decoder::Flow::Normal || last.instruction.guard >= 0;
      if (goesOn && block.end < body.size()) {
        block.fallThrough = int32_t(blockAt[block.end]);
        block.successors.push_back(uint32_t(block.fallThrough));
      }
    }
  }

  using Bits = std::vector<uint64_t>;
  static bool get(const Bits &bits, uint32_t i) {
    return (bits[i / 64] >> (i % 64)) & 1;
  }
  static void set(Bits &bits, uint32_t i) { bits[i / 64] |= 1ull << (i % 64); }

  void liveness() {
    size_t words = (registers.size() + 63) / 64;
    std::vector<Bits> uses(blocks.size(), Bits(words)),
        kills(blocks.size(), Bits(words));
    liveIn.assign(blocks.size(), Bits(words));
    liveOut.assign(blocks.size(), Bits(words));
    for (uint32_t b : order)
      for (uint32_t i = blocks[b].begin; i < blocks[b].end; ++i) {
        bool isGuarded = body[i].instruction.guard >= 0;
        // A guarded definition keeps the old value in other lanes.
        for (auto &reference : body[i].references)
          if ((!reference.isDefinition || isGuarded) &&
              !get(kills[b], reference.reg))
            set(uses[b], reference.reg);
        for (auto &reference : body[i].references)
          if (reference.isDefinition && !isGuarded)
            set(kills[b], reference.reg);
      }
    for (bool changed = true; changed;) {
      changed = false;
      for (auto b = order.rbegin(); b != order.rend(); ++b) {
        Bits &out = liveOut[*b], &in = liveIn[*b];
        for (uint32_t next : blocks[*b].successors)
          for (size_t w = 0; w < words; ++w)
            out[w] |= liveIn[next][w];
        for (size_t w = 0; w < words; ++w) {
          uint64_t value = uses[*b][w] | (out[w] & ~kills[*b][w]);
          changed |= value != in[w];
          in[w] = value;
        }
      }
    }
  }

  struct Interval {
    uint32_t begin = ~0u, end = 0;
    uint32_t reg = 0;
    void extend(uint32_t at) {
      begin = std::min(begin, at);
      end = std::max(end, at);
    }
  };

  /// Interval of each register over the positions of `order`.
  std::vector<Interval> intervals(const std::vector<uint32_t> &pinned) const {
    std::vector<Interval> result(registers.size());
    uint32_t position = 0;
    for (uint32_t b : order) {
      uint32_t first = position,
               last = position + blocks[b].end - blocks[b].begin - 1;
      for (size_t w = 0; w < liveIn[b].size(); ++w) {
        for (uint64_t bits = liveIn[b][w]; bits; bits &= bits - 1)
          result[w * 64 + unsigned(__builtin_ctzll(bits))].extend(first);
        for (uint64_t bits = liveOut[b][w]; bits; bits &= bits - 1)
          result[w * 64 + unsigned(__builtin_ctzll(bits))].extend(last);
      }
      for (uint32_t i = blocks[b].begin; i < blocks[b].end; ++i, ++position)
        for (auto &reference : body[i].references)
          result[reference.reg].extend(position);
    }
    for (uint32_t reg : pinned) {
      result[reg].extend(0);
      result[reg].extend(position);
    }
    for (uint32_t reg = 0; reg < result.size(); ++reg)
      result[reg].reg = reg;
    return result;
  }

  static unsigned classOf(ptx::Type type) {
    if (type == ptx::Type::Pred)
      return 0;
    unsigned bytes = ptx::sizeOf(type);
    return bytes <= 2 ? 1 : bytes == 4 ? 2 : bytes == 8 ? 3 : 4;
  }

  void allocate(const std::vector<uint32_t> &pinned,
                std::vector<int32_t> &slotOf) {
    std::vector<Interval> all = intervals(pinned);
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const Interval &i) { return i.begin == ~0u; }),
              all.end());
    std::sort(all.begin(), all.end(), [](const Interval &a, const Interval &b) {
      return std::tie(a.begin, a.reg) < std::tie(b.begin, b.reg);
    });
    static constexpr uint32_t bytesOf[5] = {4, 64, 128, 256, 512};
    static constexpr uint32_t wordsOf[5] = {0, 1, 1, 2, 4};
    std::vector<std::pair<uint32_t, uint32_t>> busy[5]; // end, slot: a heap
    std::vector<uint32_t> free[5];
    uint32_t used[5] = {}, words = 0, mostWords = 0;
    std::vector<uint32_t> indexOf(registers.size(), 0);
    auto later = [](auto &a, auto &b) { return a > b; };
    for (const Interval &interval : all) {
      for (unsigned c = 0; c < 5; ++c)
        while (!busy[c].empty() && busy[c].front().first < interval.begin) {
          free[c].push_back(busy[c].front().second);
          std::pop_heap(busy[c].begin(), busy[c].end(), later);
          busy[c].pop_back();
          words -= wordsOf[c];
        }
      unsigned c = classOf(registers[interval.reg].type);
      uint32_t slot = used[c];
      if (free[c].empty()) {
        ++used[c];
      } else {
        slot = free[c].back();
        free[c].pop_back();
      }
      words += wordsOf[c];
      mostWords = std::max(mostWords, words);
      busy[c].push_back({interval.end, slot});
      std::push_heap(busy[c].begin(), busy[c].end(), later);
      indexOf[interval.reg] = slot;
    }
    uint32_t start[5], offset = 0;
    for (unsigned c : {0u, 1u, 2u, 3u, 4u}) {
      start[c] = code.slotsBegin[c] = offset;
      offset += (used[c] * bytesOf[c] + 63) / 64 * 64;
    }
    slotOf.assign(registers.size(), 0);
    for (const Interval &interval : all) {
      unsigned c = classOf(registers[interval.reg].type);
      slotOf[interval.reg] =
          int32_t(start[c] + indexOf[interval.reg] * bytesOf[c]);
    }
    code.registerBytes = offset + 64;
    code.registerEstimate = std::min(255u, std::max(16u, mostWords + 4));
  }

  void emit(const std::vector<int32_t> &slotOf) {
    std::vector<uint32_t> position(blocks.size(), 0);
    uint32_t at = 0;
    auto needsJump = [&](size_t k) {
      int32_t next = blocks[order[k]].fallThrough;
      return next >= 0 &&
             (k + 1 == order.size() || order[k + 1] != uint32_t(next));
    };
    for (size_t k = 0; k < order.size(); ++k) {
      position[order[k]] = at;
      at += blocks[order[k]].end - blocks[order[k]].begin +
            (needsJump(k) ? 1 : 0);
    }
    code.instructions.reserve(at);
    for (size_t k = 0; k < order.size(); ++k) {
      const BasicBlock &block = blocks[order[k]];
      for (uint32_t i = block.begin; i < block.end; ++i) {
        FlowInstruction &from = body[i];
        for (auto &reference : from.references) {
          if (reference.external)
            *reference.external = slotOf[reference.reg];
          else if (reference.field)
            from.instruction.*reference.field = slotOf[reference.reg];
        }
        if (from.flow == Decoder::Flow::Branch)
          from.instruction.target = position[blockAt[from.targets[0]]];
        if (from.table)
          for (uint32_t target : from.targets)
            from.table->push_back(position[blockAt[target]]);
        code.instructions.push_back(from.instruction);
        notePlaces(from, slotOf);
      }
      if (needsJump(k)) {
        Instruction instruction;
        instruction.run = jump;
        instruction.kind = Class::Control;
        instruction.line = body[block.end - 1].instruction.line;
        instruction.target = position[uint32_t(block.fallThrough)];
        code.instructions.push_back(instruction);
        code.effects.emplace_back();
      }
    }
  }

  /// The registers that an instruction uses, but its guard.
  void notePlaces(const FlowInstruction &from,
                  const std::vector<int32_t> &slotOf) {
    Effects effects = from.effects;
    effects.first = uint32_t(code.places.size());
    for (auto &reference : from.references) {
      if (reference.field == &Instruction::guard)
        continue;
      const ptx::Type type = registers[reference.reg].type;
      Place place;
      place.slot = slotOf[reference.reg];
      place.width = uint8_t(
          type == ptx::Type::Pred ? 0 : std::max(2u, ptx::sizeOf(type)));
      place.role = reference.isDefinition ? Place::Role::Result
                   : !reference.external && isControl(effects, reference.field)
                       ? Place::Role::Control
                       : Place::Role::Value;
      code.places.push_back(place);
    }
    effects.count = uint8_t(code.places.size() - effects.first);
    code.effects.push_back(effects);
  }

  std::vector<FlowInstruction> &body;
  const std::vector<ptx::Register> &registers;
  Handler jump;
  Code &code;
  std::vector<BasicBlock> blocks;
  std::vector<uint32_t> blockAt, order;
  std::vector<Bits> liveIn, liveOut;
};

} // namespace

void layOut(std::vector<FlowInstruction> &body,
            const std::vector<ptx::Register> &registers,
            const std::vector<uint32_t> &pinned, Handler jump, Code &code,
            std::vector<int32_t> &slotOf) {
  Layout(body, registers, jump, code).run(pinned, slotOf);
}

} // namespace emulator
