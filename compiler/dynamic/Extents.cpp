// SPDX-License-Identifier: Apache-2.0
// Walks over kernels and plans for the numbers in them.
#include "compiler/dynamic/Extents.h"

#include "compiler/dynamic/Leaves.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/gpu/AttentionTile.h"
#include "passes/gpu/BlockTile.h"
#include "passes/gpu/LoopNest.h"
#include "passes/kernel/ContractLowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace dlc::dynamic {

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// The numbers of \p op that `kernel.typical` is about; empty for operations
/// without.
static Values getExtents(Operation *op) {
  return llvm::TypeSwitch<Operation *, Values>(op)
      .Case<kernel::ParallelOp, kernel::LoopOp, kernel::ReduceOp>(
          [](auto loop) { return loop.getExtents().vec(); })
      .Case<kernel::VectorLoopOp, kernel::PhasesOp>(
          [](auto loop) { return Values{int64_t(loop.getExtent())}; })
      .Case([](kernel::ContractOp contract) {
        Values values = contract.getBatch().vec();
        values.push_back(contract.getM());
        values.push_back(contract.getN());
        values.insert(values.end(), contract.getK().begin(),
                      contract.getK().end());
        values.push_back(kernel::getContractionShape(contract).rowBytes);
        values.push_back(kernel::getBytesPerStep(contract));
        return values;
      })
      .Case([](kernel::AttendOp attend) {
        Values values = attend.getBatch().vec();
        for (int64_t extent :
             {attend.getM(), attend.getN(), attend.getD(), attend.getE()})
          values.push_back(extent);
        return values;
      })
      .Case([](kernel::ScratchOp scratch) {
        return Values(scratch.getType().getShape());
      })
      .Default([](Operation *) { return Values(); });
}

/// What `kernel.traits` would say of \p op for its size alone.
static Values getTraits(Operation *op) {
  return llvm::TypeSwitch<Operation *, Values>(op)
      .Case([](kernel::LoopOp loop) {
        return Values{kernel::isIndependent(loop)};
      })
      .Case([](kernel::ContractOp contract) {
        SmallVector<int64_t> traits = kernel::computeCopyTraits(contract);
        return Values(traits.begin(), traits.end());
      })
      .Case([](kernel::AttendOp attend) {
        SmallVector<int64_t> traits = kernel::computeAttentionTraits(attend);
        return Values(traits.begin(), traits.end());
      })
      .Default([](Operation *) { return Values(); });
}

KernelExtents collectExtents(ModuleOp module, bool wantsTraits) {
  KernelExtents result;
  for (auto main : module.getOps<func::FuncOp>())
    for (Type type : main.getResultTypes())
      llvm::append_range(result.results, cast<ShapedType>(type).getShape());
  for (auto func : module.getOps<kernel::FuncOp>()) {
    KernelExtents::Kernel &kernel = result.kernels.emplace_back();
    kernel.name = func.getSymName().str();
    for (Type type : func.getBody().getArgumentTypes())
      llvm::append_range(kernel.shapes, cast<ShapedType>(type).getShape());
    func.walk<WalkOrder::PreOrder>([&](Operation *op) {
      mixHash(kernel.structure, op->getName().getStringRef());
      mixHash(kernel.structure, op->getNumOperands());
      Values extents = getExtents(op);
      mixHash(kernel.structure, extents.size());
      if (extents.empty())
        return;
      kernel.loops.push_back(std::move(extents));
      if (wantsTraits)
        kernel.traits.push_back(getTraits(op));
    });
  }
  return result;
}

std::optional<std::string> findDifference(const KernelExtents &a,
                                          const KernelExtents &b) {
  for (size_t i = 0; i < a.kernels.size(); ++i) {
    const KernelExtents::Kernel &kernel = a.kernels[i];
    if (i == b.kernels.size() || kernel.name != b.kernels[i].name ||
        kernel.structure != b.kernels[i].structure ||
        kernel.shapes.size() != b.kernels[i].shapes.size())
      return kernel.name;
  }
  if (a.kernels.size() < b.kernels.size())
    return b.kernels[a.kernels.size()].name;
  return std::nullopt;
}

/// The traits of operation \p op of kernel \p kernel that \p typical and
/// \p others have; empty where none are wanted.
static Values getCommonTraits(const KernelExtents &typical,
                              ArrayRef<KernelExtents> others, size_t kernel,
                              size_t op) {
  if (typical.kernels[kernel].traits.empty())
    return {};
  Values traits = typical.kernels[kernel].traits[op];
  for (const KernelExtents &other : others)
    for (auto [trait, more] :
         llvm::zip(traits, other.kernels[kernel].traits[op]))
      trait &= more;
  return traits;
}

/// Whether extent \p i of operation \p op of kernel \p kernel of one of
/// \p others isn't that of \p typical.
static bool isDynamic(const KernelExtents &typical,
                      ArrayRef<KernelExtents> others, size_t kernel, size_t op,
                      size_t i) {
  int64_t extent = typical.kernels[kernel].loops[op][i];
  return llvm::any_of(others, [&](const KernelExtents &other) {
    return other.kernels[kernel].loops[op][i] != extent;
  });
}

bool breaksRules(const KernelExtents &instance, const KernelExtents &typical,
                 ArrayRef<KernelExtents> others) {
  for (size_t k = 0; k < typical.kernels.size(); ++k)
    for (size_t op = 0; op < typical.kernels[k].traits.size(); ++op) {
      for (auto [trait, common] :
           llvm::zip(instance.kernels[k].traits[op],
                     getCommonTraits(typical, others, k, op)))
        if (common & ~trait)
          return true;
      for (size_t i = 0; i < typical.kernels[k].loops[op].size(); ++i)
        if (isDynamic(typical, instance, k, op, i) &&
            !isDynamic(typical, others, k, op, i))
          return true;
    }
  return false;
}

void markExtents(ModuleOp module, const KernelExtents &typical,
                 ArrayRef<KernelExtents> others) {
  for (auto [k, func] : llvm::enumerate(module.getOps<kernel::FuncOp>())) {
    size_t next = 0;
    func.walk<WalkOrder::PreOrder>([&, k = k](Operation *op) {
      size_t count = getExtents(op).size();
      if (count == 0)
        return;
      const Values &extents = typical.kernels[k].loops[next];
      Values marks(count, kernel::kFixed);
      bool isMarked = false;
      for (size_t i = 0; i < count; ++i)
        if (isDynamic(typical, others, k, next, i)) {
          marks[i] = extents[i];
          isMarked = true;
        }
      Values traits = getCommonTraits(typical, others, k, next++);
      if (!traits.empty())
        op->setAttr(kernel::kTraitsAttr,
                    DenseI64ArrayAttr::get(op->getContext(), traits));
      if (isa<kernel::ContractOp>(op)) {
        isMarked = true;
        for (size_t i : {count - 2, count - 1})
          marks[i] = std::abs(extents[i]);
      }
      if (isMarked)
        op->setAttr(kernel::kTypicalAttr,
                    DenseI64ArrayAttr::get(op->getContext(), marks));
    });
  }
}

void markAddedKernels(ModuleOp module, const KernelExtents &typical) {
  for (auto func : module.getOps<kernel::FuncOp>()) {
    if (llvm::any_of(typical.kernels, [&](const KernelExtents::Kernel &kernel) {
          return kernel.name == func.getSymName();
        }))
      continue;
    func.walk([](Operation *op) {
      if (Values extents = getExtents(op); !extents.empty())
        op->setAttr(kernel::kTypicalAttr,
                    DenseI64ArrayAttr::get(op->getContext(), extents));
    });
  }
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

/// The types that callers know arguments as.
static SmallVector<ShapedType> getTypes(ValueRange arguments, ArrayAttr types) {
  SmallVector<ShapedType> result;
  for (auto [i, argument] : llvm::enumerate(arguments))
    result.push_back(cast<ShapedType>(
        types ? cast<TypeAttr>(types[i]).getValue() : argument.getType()));
  return result;
}

void visitNumbers(
    device::ProgramOp program,
    llvm::function_ref<void(Operation *, PlanNumber, unsigned, int64_t)>
        visit) {
  auto visitShapes = [&](ArrayRef<ShapedType> types, PlanNumber kind) {
    for (auto [i, type] : llvm::enumerate(types))
      for (int64_t extent : type.getShape())
        visit(program, kind, i, extent);
  };
  auto toTypes = [](std::optional<ArrayAttr> types) {
    return types ? *types : ArrayAttr();
  };
  visitShapes(getTypes(ValueRange(program.getInputs()),
                       toTypes(program.getInputTypes())),
              PlanNumber::InputExtent);
  visitShapes(getTypes(ValueRange(program.getOutputs()),
                       toTypes(program.getOutputTypes())),
              PlanNumber::OutputExtent);
  for (Operation &op : program.getBody().front()) {
    if (auto slot = dyn_cast<device::SlotOp>(op))
      visit(slot, PlanNumber::SlotBytes, 0,
            device::getBufferBytes(slot.getResult()));
    else if (auto view = dyn_cast<device::ViewOp>(op); view && view.getOffset())
      visit(view, PlanNumber::ViewOffset, 0, *view.getOffset());
    else if (auto count = dyn_cast<device::CountOp>(op))
      visit(count, PlanNumber::MostCounted, 0, count.getMost());
    else if (auto launch = dyn_cast<device::LaunchOp>(op))
      visit(launch, PlanNumber::Flops, 0, launch.getFlops());
  }
}

uint64_t hashStructure(device::ProgramOp program) {
  uint64_t hash = 0;
  // Kernels by their order: the name of a copy has its size.
  llvm::StringMap<uint64_t> kernels;
  for (auto func :
       program->getParentOfType<ModuleOp>().getOps<kernel::FuncOp>())
    kernels.try_emplace(func.getSymName(), kernels.size());
  llvm::DenseMap<Value, uint64_t> numbers;
  auto number = [&](Value value) {
    numbers.try_emplace(value, numbers.size() + 1);
  };
  for (Value argument : program.getBody().getArguments()) {
    number(argument);
    mixHash(hash, cast<ShapedType>(argument.getType()).getRank());
  }
  for (Operation &op : program.getBody().front()) {
    mixHash(hash, op.getName().getStringRef());
    for (Value operand : op.getOperands())
      mixHash(hash, numbers.lookup(operand));
    for (Value result : op.getResults())
      number(result);
    if (auto launch = dyn_cast<device::LaunchOp>(op)) {
      mixHash(hash, kernels.lookup(launch.getCallee()));
      if (auto pairs = launch.getInplace())
        for (Attribute pair : *pairs)
          for (int64_t index : cast<DenseI64ArrayAttr>(pair).asArrayRef())
            mixHash(hash, index);
    } else if (auto count = dyn_cast<device::CountOp>(op)) {
      mixHash(hash, count.getCount());
    } else if (auto view = dyn_cast<device::ViewOp>(op)) {
      mixHash(hash, view.getOffset().has_value());
    } else if (auto weights = dyn_cast<device::WeightsOp>(op)) {
      mixHash(hash, weights.getOffset().value_or(0));
      SmallVector<char, 0> storage;
      auto bytes = device::getBytes(weights.getValue(), storage);
      if (succeeded(bytes))
        mixHash(hash, StringRef(bytes->data(), bytes->size()));
    }
  }
  return hash;
}

} // namespace dlc::dynamic
