// SPDX-License-Identifier: Apache-2.0
// kernel-estimate-work: what the instructions of a kernel cost on a core.
//
// Loops are taken as often as they run, each piece of straight code for as long
// as the unit that it keeps busy the longest. Caches are left out: the data lie
// in L1.
#include "passes/kernel/Passes.h"

#include "dialects/device/DeviceOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/kernel/TripCounts.h"
#include "llvm/ADT/TypeSwitch.h"

#include <array>
#include <cmath>

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELESTIMATEWORK
#include "passes/kernel/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc;
using namespace dlc::kernel;

// What the table of targets doesn't say; about the same on all of them.
/// Instructions started in a cycle.
static constexpr double kIssueWidth = 5;
/// Instructions between which a core finds independent ones.
static constexpr double kWindow = 192;
/// Cycles to enter and to leave a loop: its last branch is mispredicted.
static constexpr double kLoopCycles = 6;
static constexpr double kDivideCycles = 5, kDivideLatency = 12;
/// A function of libm, for one number.
static constexpr double kCallCycles = 40;
/// A masked store where masks aren't free.
static constexpr double kMaskedStoreCycles = 8;

namespace {
/// What keeps a piece of code from going faster.
enum Limit : unsigned {
  Arithmetic,
  Load,
  Store,
  Shuffle,
  Divide,
  Issue,
  Latency,
  Call,
  Loop,
  NumLimits
};
constexpr StringLiteral kLimitNames[] = {"arithmetic", "load",   "store",
                                         "shuffle",    "divide", "issue",
                                         "latency",    "call",   "loop"};

struct Work {
  std::array<double, NumLimits> cycles = {}; ///< by what limits them
  double products = 0;   ///< lanes of multiply-adds of contractions
  double operations = 0; ///< lanes of all other arithmetic on floats
  double scalars = 0;    ///< of which in registers of one lane
  double gathered = 0;   ///< elements of vectors, loaded one by one
  /// Bytes loaded and stored, by the number of the argument.
  SmallVector<double, 8> bytes;

  double getCycles() const {
    double sum = 0;
    for (double part : cycles)
      sum += part;
    return sum;
  }
  void add(const Work &other, double times = 1) {
    for (unsigned i = 0; i < NumLimits; ++i)
      cycles[i] += times * other.cycles[i];
    products += times * other.products;
    operations += times * other.operations;
    scalars += times * other.scalars;
    gathered += times * other.gathered;
    if (bytes.size() < other.bytes.size())
      bytes.resize(other.bytes.size());
    for (auto [sum, part] : llvm::zip(bytes, other.bytes))
      sum += times * part;
  }
};

/// The instructions of a piece of straight code.
struct Mix {
  double fmas = 0, alus = 0, loads = 0, stores = 0, shuffles = 0;
  double divideCycles = 0, callCycles = 0, others = 0;

  double getCount() const {
    return fmas + alus + loads + stores + shuffles + others;
  }
};

class Estimator {
public:
  Estimator(device::TargetAttr target, func::FuncOp function);
  Work run() { return visitBlock(function.getBody().front()).work; }

private:
  struct Visited {
    Work work;
    double instructions = 0;
    bool hasLoops = false;
  };
  Visited visitBlock(Block &block);
  Visited visitLoop(scf::ForOp loop);
  Visited visitIf(scf::IfOp op);
  void count(Operation &op, Mix &mix, Work &work);
  void countVector(Operation &op, Mix &mix, Work &work);
  void countFloat(Operation &op, double registers, Mix &mix, Work &work);
  void addCycles(const Mix &mix, Work &work) const;
  double getChain(scf::ForOp loop) const;
  double getLatency(Operation &op) const;
  double getRegisters(Type type) const;

  device::TargetAttr target;
  func::FuncOp function;
  TripCounts counts;
};
} // namespace

Estimator::Estimator(device::TargetAttr target, func::FuncOp function)
    : target(target), function(function) {
  auto getInt = [&](StringRef name, int64_t otherwise) {
    auto attr = function->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : otherwise;
  };
  // The last three arguments: the tasks [begin, end), scratch memory.
  unsigned begin = function.getNumArguments() - 3;
  counts.set(function.getArgument(begin), 0);
  counts.set(function.getArgument(begin + 1),
             getInt("kernel.num_tasks", 1) * getInt("kernel.num_phases", 1));
}

static double getLanes(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? double(vector.getNumElements()) : 1;
}

/// Registers that a value of \p type takes.
double Estimator::getRegisters(Type type) const {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return 1;
  Type element = vector.getElementType();
  double bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return std::ceil(bits * double(vector.getNumElements()) / 8 /
                   double(target.getVectorBytes()));
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

void Estimator::countFloat(Operation &op, double registers, Mix &mix,
                           Work &work) {
  Type type = op.getResult(0).getType();
  (isa<VectorType>(type) ? work.operations : work.scalars) += getLanes(type);
  TypeSwitch<Operation *>(&op)
      .Case<math::FmaOp>([&](Operation *) {
        mix.fmas += registers;
        work.operations += getLanes(type);
      })
      .Case<arith::AddFOp, arith::SubFOp, arith::MulFOp>(
          [&](Operation *) { mix.fmas += registers; })
      // A comparison and a choice for NaN.
      .Case<arith::MaximumFOp, arith::MinimumFOp>(
          [&](Operation *) { mix.alus += 3 * registers; })
      .Case<arith::DivFOp, math::SqrtOp>([&](Operation *) {
        mix.divideCycles += kDivideCycles * registers;
        mix.others += registers;
      })
      .Case<arith::NegFOp, math::AbsFOp, math::RoundEvenOp, math::FloorOp,
            math::CeilOp, math::TruncOp, math::CopySignOp, arith::MaxNumFOp,
            arith::MinNumFOp>([&](Operation *) { mix.alus += registers; })
      .Default([&](Operation *other) {
        if (isa<math::MathDialect>(other->getDialect()))
          mix.callCycles += kCallCycles * getLanes(type);
        else
          mix.alus += registers;
      });
}

/// Adds the bytes of \p type to those of the buffer that \p memory is part of.
static void addBytes(Value memory, Type type, Work &work) {
  while (Operation *op = memory.getDefiningOp()) {
    if (auto select = dyn_cast<arith::SelectOp>(op)) {
      addBytes(select.getFalseValue(), type, work);
      memory = select.getTrueValue();
    } else if (op->getNumOperands() > 0) {
      memory = op->getOperand(0);
    } else {
      return;
    }
  }
  unsigned number = cast<BlockArgument>(memory).getArgNumber();
  if (work.bytes.size() <= number)
    work.bytes.resize(number + 1);
  work.bytes[number] +=
      getLanes(type) * getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8;
}

/// Notes the memory that \p op touches, if any.
static void countBytes(Operation &op, Work &work) {
  TypeSwitch<Operation *>(&op)
      .Case<vector::LoadOp, vector::MaskedLoadOp, vector::GatherOp>(
          [&](auto load) {
            addBytes(load.getBase(), load.getResult().getType(), work);
          })
      .Case<vector::StoreOp, vector::MaskedStoreOp>([&](auto store) {
        addBytes(store.getBase(), store.getValueToStore().getType(), work);
      })
      .Case([&](memref::LoadOp load) {
        addBytes(load.getMemRef(), load.getType(), work);
      })
      .Case([&](memref::StoreOp store) {
        addBytes(store.getMemRef(), store.getValueToStore().getType(), work);
      });
}

/// Counts an operation of the vector dialect.
void Estimator::countVector(Operation &op, Mix &mix, Work &work) {
  TypeSwitch<Operation *>(&op)
      .Case([&](vector::FMAOp fma) {
        mix.fmas += getRegisters(fma.getType());
        work.products += getLanes(fma.getType());
      })
      .Case([&](vector::LoadOp load) {
        mix.loads += getRegisters(load.getType());
      })
      .Case([&](vector::StoreOp store) {
        mix.stores += getRegisters(store.getVectorType());
      })
      .Case([&](vector::MaskedLoadOp load) {
        mix.loads += getRegisters(load.getType());
      })
      .Case([&](vector::MaskedStoreOp store) {
        mix.stores += getRegisters(store.getVectorType()) *
                      (target.getMasks() ? 1 : kMaskedStoreCycles);
      })
      .Case([&](vector::GatherOp gather) {
        mix.loads += getLanes(gather.getType());
        mix.shuffles += getLanes(gather.getType());
        work.gathered += getLanes(gather.getType());
      })
      .Case([&](vector::BroadcastOp broadcast) {
        // Part of the load in an instruction that loads.
        if (!broadcast.getSource().getDefiningOp<memref::LoadOp>())
          mix.shuffles += 1;
      })
      .Case([&](vector::InsertOp insert) {
        mix.shuffles += 1;
        if (insert.getValueToStore().getDefiningOp<memref::LoadOp>())
          work.gathered += 1;
      })
      .Case([&](vector::ExtractOp extract) {
        if (!isa<VectorType>(extract.getType()))
          mix.shuffles += 1;
      })
      .Case([&](vector::ReductionOp reduction) {
        double steps = std::log2(getLanes(reduction.getSourceVectorType()));
        mix.shuffles += steps;
        mix.fmas += steps;
        work.operations += getLanes(reduction.getSourceVectorType());
      })
      .Case([&](vector::ShuffleOp shuffle) {
        mix.shuffles += getRegisters(shuffle.getType());
      })
      .Case([&](vector::TransposeOp transpose) {
        mix.shuffles += 3 * getRegisters(transpose.getType());
      })
      .Default([&](Operation *) { mix.others += 1; });
}

void Estimator::count(Operation &op, Mix &mix, Work &work) {
  countBytes(op, work);
  if (isa<vector::VectorDialect>(op.getDialect()))
    return countVector(op, mix, work);
  if (isa<memref::LoadOp, memref::PrefetchOp>(op)) {
    mix.loads += 1;
    return;
  }
  if (isa<memref::StoreOp>(op)) {
    mix.stores += 1;
    return;
  }
  if (isa<func::CallOp>(op)) {
    mix.callCycles += kCallCycles;
    return;
  }
  if (op.getNumResults() != 1 ||
      isa<arith::ConstantOp, arith::BitcastOp, memref::ViewOp, memref::CastOp,
          memref::ReinterpretCastOp>(op))
    return;
  Type type = op.getResult(0).getType(), element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element) && !isa<arith::SelectOp>(op))
    return countFloat(op, getRegisters(type), mix, work);
  // Addresses are part of the instructions that use them, but for divisions.
  if (!isa<VectorType>(type)) {
    bool divides = isa<arith::DivUIOp, arith::RemUIOp, arith::DivSIOp,
                       arith::RemSIOp, arith::CeilDivUIOp>(op);
    mix.others += divides ? 4 : type.isIndex() ? 0 : 1;
    return;
  }
  mix.alus += getRegisters(type);
}

/// Adds the cycles of \p mix to what they are spent on.
void Estimator::addCycles(const Mix &mix, Work &work) const {
  auto fmas = double(target.getFmas());
  std::array<double, NumLimits> cycles = {};
  cycles[Arithmetic] =
      std::max(mix.fmas / fmas, (mix.fmas + mix.alus) / (fmas + 1));
  cycles[Load] = mix.loads / double(target.getLoads());
  cycles[Store] = mix.stores / double(target.getStores());
  cycles[Shuffle] = mix.shuffles;
  cycles[Divide] = mix.divideCycles;
  cycles[Issue] = mix.getCount() / kIssueWidth;
  auto *longest = std::max_element(cycles.begin(), cycles.end());
  work.cycles[longest - cycles.begin()] += *longest;
  work.cycles[Call] += mix.callCycles;
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

double Estimator::getLatency(Operation &op) const {
  auto fma = double(target.getFmaLatency());
  return TypeSwitch<Operation *, double>(&op)
      .Case<vector::FMAOp, math::FmaOp, arith::AddFOp, arith::SubFOp,
            arith::MulFOp>([&](Operation *) { return fma; })
      .Case<arith::MaximumFOp, arith::MinimumFOp>([](Operation *) { return 3; })
      .Case<arith::DivFOp, math::SqrtOp>(
          [](Operation *) { return kDivideLatency; })
      .Case([&](vector::ReductionOp reduction) {
        return (fma + 2) * std::log2(getLanes(reduction.getSourceVectorType()));
      })
      .Case<arith::BitcastOp, vector::BroadcastOp>(
          [](Operation *) { return 0; })
      .Default([](Operation *) { return 1; });
}

/// Cycles from an iteration's start to the next one's, for results that need
/// those of the iteration before.
double Estimator::getChain(scf::ForOp loop) const {
  Block *body = loop.getBody();
  Operation *yield = body->getTerminator();
  double longest = 0;
  for (auto [argument, result] :
       llvm::zip(loop.getRegionIterArgs(), yield->getOperands())) {
    // The time at which each value that depends on the argument is there.
    llvm::SmallDenseMap<Value, double> times{{argument, 0}};
    for (Operation &op : body->without_terminator()) {
      double start = -1;
      for (Value operand : op.getOperands())
        if (auto it = times.find(operand); it != times.end())
          start = std::max(start, it->second);
      if (start >= 0)
        for (Value value : op.getResults())
          times[value] = start + getLatency(op);
    }
    if (auto it = times.find(result); it != times.end())
      longest = std::max(longest, it->second);
  }
  return longest;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

/// Whether LLVM moves \p op out of the loop that \p block is the body of.
static bool isHoisted(Operation &op, Block &block,
                      const llvm::SmallPtrSetImpl<Operation *> &hoisted) {
  return isa<scf::ForOp>(block.getParentOp()) && isPure(&op) &&
         llvm::all_of(op.getOperands(), [&](Value operand) {
           Operation *source = operand.getDefiningOp();
           return operand.getParentBlock() != &block ||
                  (source && hoisted.contains(source));
         });
}

Estimator::Visited Estimator::visitBlock(Block &block) {
  Visited result;
  Mix mix;
  llvm::SmallPtrSet<Operation *, 16> hoisted;
  for (Operation &op : block.without_terminator()) {
    Visited inner;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      inner = visitLoop(loop);
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      inner = visitIf(branch);
    } else {
      if (isHoisted(op, block, hoisted))
        hoisted.insert(&op);
      else
        count(op, mix, result.work);
      continue;
    }
    result.work.add(inner.work);
    result.instructions += inner.instructions;
    result.hasLoops |= inner.hasLoops;
  }
  addCycles(mix, result.work);
  result.instructions += mix.getCount();
  return result;
}

Estimator::Visited Estimator::visitLoop(scf::ForOp loop) {
  double trips = double(counts.enter(loop));
  Visited body = visitBlock(*loop.getBody());
  double instructions = body.instructions + 2, cycles = body.work.getCycles();
  // A core takes at most one branch a cycle.
  double shortest = std::max(1.0, instructions / kIssueWidth);
  if (!body.hasLoops && cycles < shortest)
    body.work.cycles[Issue] += shortest - cycles;
  Visited result{{}, instructions * trips, /*hasLoops=*/true};
  result.work.add(body.work, trips);
  if (trips == 0)
    return result;
  if (!body.hasLoops) {
    // What follows a short loop begins before its chain has ended.
    double overlap = std::max(1.0, kWindow / result.instructions);
    double waiting = getChain(loop) * trips / overlap;
    result.work.cycles[Latency] +=
        std::max(0.0, waiting - result.work.getCycles());
  }
  result.work.cycles[Loop] += kLoopCycles;
  return result;
}

/// The branch that is taken; the shorter one where data decide.
Estimator::Visited Estimator::visitIf(scf::IfOp op) {
  std::optional<int64_t> condition = counts.evaluate(op.getCondition());
  Visited taken, other;
  if (condition.value_or(1))
    taken = visitBlock(op.getThenRegion().front());
  if (!condition.value_or(0) && !op.getElseRegion().empty())
    other = visitBlock(op.getElseRegion().front());
  if (condition)
    return *condition ? taken : other;
  return taken.work.getCycles() < other.work.getCycles() ? taken : other;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// \p work as a dictionary.
static DictionaryAttr describe(Work work, func::FuncOp function) {
  MLIRContext *context = function.getContext();
  Builder builder(context);
  NamedAttrList facts, limits;
  auto add = [&](NamedAttrList &list, StringRef name, double value) {
    if (int64_t rounded = std::llround(value))
      list.append(name, builder.getI64IntegerAttr(rounded));
  };
  for (unsigned i = 0; i < NumLimits; ++i)
    add(limits, kLimitNames[i], work.cycles[i]);
  add(facts, "cycles", work.getCycles());
  facts.append("limits", limits.getDictionary(context));
  add(facts, "products", work.products);
  add(facts, "operations", work.operations);
  add(facts, "scalars", work.scalars);
  add(facts, "gathered", work.gathered);
  // All but tasks and scratch memory; what is read again stays in a cache.
  SmallVector<int64_t> touched;
  work.bytes.resize(function.getNumArguments());
  for (Value argument : function.getArguments().drop_back(3)) {
    auto type = cast<MemRefType>(argument.getType());
    double size = double(type.getNumElements()) *
                  double(type.getElementTypeBitWidth()) / 8;
    touched.push_back(std::llround(std::min(size, work.bytes[touched.size()])));
  }
  facts.append("touched", builder.getDenseI64ArrayAttr(touched));
  return facts.getDictionary(context);
}

namespace {
struct KernelEstimateWork
    : kernel::impl::KernelEstimateWorkBase<KernelEstimateWork> {
  void runOnOperation() override {
    auto target =
        getOperation()->getAttrOfType<device::TargetAttr>("device.target");
    if (!target) {
      getOperation().emitError("requires a 'device.target' on the module");
      return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("kernel.num_tasks"))
        continue;
      Work work = Estimator(target, function).run();
      function->setAttr("kernel.work", describe(std::move(work), function));
      ++numEstimated;
    }
  }
};
} // namespace
