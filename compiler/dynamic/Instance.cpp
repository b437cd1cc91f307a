// SPDX-License-Identifier: Apache-2.0
// Compiles a model at one size and reads the numbers of the result.
#include "compiler/dynamic/Instance.h"

#include "compiler/Backend.h"
#include "compiler/GpuBackend.h"
#include "compiler/Pipeline.h"
#include "compiler/Registration.h"
#include "compiler/import/Importer.h"
#include "dialects/graph/Decisions.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;

namespace dlc::dynamic {

static DialectRegistry getRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  return registry;
}

namespace {
/// A model of one size in a context of its own: what is made of its weights
/// goes when it goes.
class Instance {
public:
  Instance(const CompileOptions &options, DiagnosticList &diagnostics)
      : options(options), diagnostics(diagnostics), context(getRegistry()),
        handler(&context, [this](mlir::Diagnostic &problem) {
          // The model is fine: it was imported.
          std::string node;
          if (auto name = dyn_cast<NameLoc>(problem.getLocation()))
            node = name.getName().str();
          if (problem.getSeverity() == DiagnosticSeverity::Error)
            this->diagnostics.add(DiagnosticCode::DynamicDimension,
                                  {this->options.model.name, node, "", -1},
                                  problem.str());
          return success();
        }) {
    context.loadAllAvailableDialects();
  }

  bool lowerToKernels(Choices &choices);
  std::vector<unsigned> schedule();
  bool plan(const InstanceRules &rules);
  bool readKernels(InstanceNumbers &numbers);
  std::vector<CountedExtent> counts;
  ModuleOp getModule() { return *module; }
  func::FuncOp getMain() { return *module->getOps<func::FuncOp>().begin(); }

private:
  bool run(llvm::function_ref<void(OpPassManager &)> addPasses) {
    PassManager passes(&context);
    addPasses(passes);
    return succeeded(passes.run(*module));
  }

  const CompileOptions &options;
  DiagnosticList &diagnostics;
  MLIRContext context;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
};
} // namespace

void Choices::put(ModuleOp module) const {
  Builder builder(module.getContext());
  auto putOn = [&](Operation *op, const std::vector<int64_t> &choices,
                   StringRef name = graph::kDecisionsAttr) {
    op->setAttr(name, builder.getDenseI64ArrayAttr(choices));
    if (isRagged)
      op->setAttr(graph::kRaggedAttr, builder.getUnitAttr());
  };
  putOn(module, ofKernels);
  for (auto main : module.getOps<func::FuncOp>()) {
    putOn(main, ofFusion, graph::kFusionDecisionsAttr);
    putOn(main, ofGraph);
  }
}

void Choices::take(ModuleOp module) {
  auto takeFrom = [](Operation *op, std::vector<int64_t> &choices,
                     StringRef name = graph::kDecisionsAttr) {
    if (auto attr = op->getAttrOfType<DenseI64ArrayAttr>(name))
      choices = attr.asArrayRef().vec();
  };
  takeFrom(module, ofKernels);
  for (auto main : module.getOps<func::FuncOp>()) {
    takeFrom(main, ofFusion, graph::kFusionDecisionsAttr);
    takeFrom(main, ofGraph);
  }
}

void Choices::remove(Operation *op) {
  op->removeAttr(graph::kFusionDecisionsAttr);
  op->removeAttr(graph::kDecisionsAttr);
  op->removeAttr(graph::kRaggedAttr);
}

std::vector<CountedExtent> collectCounts(ModuleOp module) {
  std::vector<CountedExtent> counts;
  module.walk([&](graph::CountedOp op) {
    auto node = dyn_cast<NameLoc>(op.getLoc());
    counts.resize(std::max<size_t>(counts.size(), op.getCount() + 1));
    CountedExtent &count = counts[op.getCount()];
    if (count.node.empty() && node)
      count.node = node.getName().str();
    count.size = cast<ShapedType>(op.getType()).getDimSize(0);
  });
  return counts;
}

bool Instance::lowerToKernels(Choices &choices) {
  module = importModel(context, options.model, options.getParams(),
                       options.import, diagnostics);
  if (!module)
    return false;
  counts = collectCounts(*module);
  choices.put(*module);
  bool isLowered = run([&](OpPassManager &passes) {
    addGraphPasses(passes, options);
    addLoweringPasses(passes, options);
  });
  choices.take(*module);
  return isLowered;
}

std::vector<unsigned> Instance::schedule() {
  llvm::DenseMap<Operation *, unsigned> numbers;
  Block &body = getMain().getBody().front();
  for (Operation &op : body)
    numbers.try_emplace(&op, numbers.size());
  run([](OpPassManager &passes) { addSchedulePasses(passes); });
  std::vector<unsigned> order;
  for (Operation &op : body)
    order.push_back(numbers.lookup(&op));
  return order;
}

bool Instance::plan(const InstanceRules &rules) {
  std::vector<Operation *> ops;
  Block &body = getMain().getBody().front();
  for (Operation &op : body)
    ops.push_back(&op);
  if (ops.size() != rules.order.size())
    return false;
  for (unsigned index : rules.order)
    ops[index]->moveBefore(&body, body.end());
  markExtents(*module, rules.typical, rules.others);
  if (!run([](OpPassManager &passes) { addBufferPasses(passes); }))
    return false;
  markAddedKernels(*module, rules.typical);
  return true;
}

bool Instance::readKernels(InstanceNumbers &numbers) {
  auto targets = getTargets(&context, options, diagnostics);
  auto gpus = getGpus(&context, options, diagnostics);
  if (!targets || !gpus)
    return false;
  auto alignments = getAlignments(*module, /*isDynamic=*/true);
  auto add = [&](kernel::FuncOp func, FunctionOpInterface lowered) {
    numbers.kernels.push_back(collectLeaves(lowered));
    numbers.kernels.back().owners.clear();
    numbers.names.push_back(func.getSymName().str());
  };
  for (auto func : module->getOps<kernel::FuncOp>()) {
    for (Type type : func.getBody().getArgumentTypes())
      numbers.counts.push_back(cast<ShapedType>(type).getNumElements());
    for (device::TargetAttr target : *targets) {
      OwningOpRef<ModuleOp> lowered = lowerKernel(
          func, target, [](OpPassManager &passes) { addVectorPasses(passes); });
      if (!lowered)
        return false;
      add(func, *lowered->getOps<func::FuncOp>().begin());
    }
    if (gpus->empty())
      continue;
    OwningOpRef<ModuleOp> lowered = lowerToGrid(
        func, alignments.lookup(func.getSymName()), gpus->front(), options,
        /*isForManySizes=*/true);
    if (!lowered)
      return false;
    add(func, getGridFunction(*lowered));
  }
  return true;
}

std::optional<LoweredInstance> lowerInstance(const CompileOptions &options,
                                             Choices &choices,
                                             DiagnosticList &diagnostics) {
  Instance instance(options, diagnostics);
  if (!instance.lowerToKernels(choices))
    return std::nullopt;
  KernelExtents extents =
      collectExtents(instance.getModule(), hasTarget(options, "cuda"));
  return LoweredInstance{std::move(extents), instance.counts,
                         instance.schedule()};
}

namespace {
/// A model as imported at one size of a dimension.
struct ImportedInstance {
  ImportedInstance(const CompileOptions &options, int64_t size)
      : context(getRegistry(), MLIRContext::Threading::DISABLED), size(size) {
    context.loadAllAvailableDialects();
    DiagnosticList diagnostics;
    module = importModel(context, options.model, options.getParams(),
                         options.import, diagnostics);
    if (module)
      module->walk([&](Operation *op) { ops.push_back(op); });
  }

  MLIRContext context;
  int64_t size;
  OwningOpRef<ModuleOp> module;
  std::vector<Operation *> ops;
};
} // namespace

/// Whether the tensor that is \p x in instance \p a and \p y in \p b has an
/// extent that is a multiple of the size: without any there is nothing in it.
static bool isMultiple(Value x, const ImportedInstance &a, Value y,
                       const ImportedInstance &b) {
  auto from = dyn_cast<RankedTensorType>(x.getType());
  auto to = dyn_cast<RankedTensorType>(y.getType());
  return from && to &&
         llvm::any_of(llvm::zip(from.getShape(), to.getShape()),
                      [&](auto extents) {
                        auto [m, n] = extents;
                        return m != n && m * b.size == n * a.size;
                      });
}

/// Whether \p op may read a tensor without elements and have some: sums,
/// products, the other parts. Places that were counted there are those of
/// elements.
static bool isDefinedForNothing(Operation *op) {
  if (auto gather = dyn_cast<graph::GatherOp>(op))
    return bool(gather.getIndices().getDefiningOp<graph::CountedOp>());
  return isa<graph::ReductionOpInterface, graph::DotOp, graph::DenseOp,
             graph::ConcatOp, graph::CompactOp, graph::CountedOp,
             func::ReturnOp>(op);
}

bool hasMeaningForNone(const CompileOptions &first, int64_t size,
                       const CompileOptions &second, int64_t otherSize) {
  ImportedInstance a(first, size), b(second, otherSize);
  if (!a.module || !b.module || a.ops.size() != b.ops.size())
    return false;
  for (auto [x, y] : llvm::zip(a.ops, b.ops)) {
    if (x->getName().getStringRef() != y->getName().getStringRef() ||
        x->getNumOperands() != y->getNumOperands() ||
        x->getNumResults() != y->getNumResults())
      return false;
    auto isEmpty = [&](auto pair) {
      return isMultiple(std::get<0>(pair), a, std::get<1>(pair), b);
    };
    bool reads =
        llvm::any_of(llvm::zip(x->getOperands(), y->getOperands()), isEmpty) &&
        !llvm::all_of(llvm::zip(x->getResults(), y->getResults()), isEmpty);
    if (reads && !isDefinedForNothing(x))
      return false;
  }
  return true;
}

std::optional<InstanceNumbers> readInstance(const CompileOptions &options,
                                            const InstanceRules &rules,
                                            DiagnosticList &diagnostics) {
  Instance instance(options, diagnostics);
  Choices choices = rules.choices;
  if (!instance.lowerToKernels(choices))
    return std::nullopt;
  InstanceNumbers numbers;
  numbers.extents =
      collectExtents(instance.getModule(), hasTarget(options, "cuda"));
  if (auto difference = findDifference(numbers.extents, rules.typical)) {
    diagnostics.add(DiagnosticCode::DynamicDimension,
                    {options.model.name, *difference, "", -1},
                    "kernel '" + *difference + "'");
    return std::nullopt;
  }
  if (!instance.plan(rules))
    return std::nullopt;
  auto program = *instance.getModule().getOps<device::ProgramOp>().begin();
  numbers.planStructure = hashStructure(program);
  visitNumbers(program,
               [&](Operation *, PlanNumber kind, unsigned, int64_t value) {
                 numbers.kinds.push_back(kind);
                 numbers.plan.push_back(value);
               });
  if (!instance.readKernels(numbers))
    return std::nullopt;
  return numbers;
}

} // namespace dlc::dynamic
