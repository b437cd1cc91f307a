// SPDX-License-Identifier: Apache-2.0
// Lowers each kernel.func to a func.func of loops over vectors.
#include "passes/kernel/Passes.h"

#include "dialects/device/DeviceOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/kernel/ContractLowering.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELTOVECTOR
#include "passes/kernel/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc::kernel;

static constexpr int64_t kScratchAlignment = 64;

/// The same bytes as a buffer of rank 1.
static MemRefType flatten(MemRefType type) {
  return MemRefType::get(type.getNumElements(), type.getElementType());
}

namespace {
/// Lowers one kernel.
class FuncLowering {
public:
  FuncLowering(FuncOp kernel, const VectorTarget &target)
      : kernel(kernel), builder(kernel), emitter(builder, target) {}

  LogicalResult run();

private:
  /// Replaces the allocation of scratch memory while the body is emitted.
  Value allocateScratch(int64_t count, Type element);
  LogicalResult emitTasks(Value begin, Value end);
  LogicalResult emitPhases(PhasesOp op, Value begin, Value end);
  LogicalResult emitSections(Block &block, Value begin, Value end);
  LogicalResult emitParallel(ParallelOp op, Value begin, Value end);
  void analyzeSections(Block &block);

  FuncOp kernel;
  OpBuilder builder;
  BodyEmitter emitter;
  func::FuncOp function;
  int64_t scratchBytes = 0;
  int64_t numTasks = 0;                              ///< of a phase
  llvm::SmallDenseMap<Operation *, int64_t> tasksOf; ///< by section
  llvm::SmallDenseMap<Operation *, std::unique_ptr<ContractLowering>> contracts;
  /// Whether tasks run from the last to the first; null: they don't.
  Value isBackward;
};
} // namespace

Value FuncLowering::allocateScratch(int64_t count, Type element) {
  Location loc = kernel.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  Value offset = emitter.constantIndex(loc, scratchBytes);
  int64_t bytes = count * (element.getIntOrFloatBitWidth() / 8);
  scratchBytes += llvm::alignTo(bytes, kScratchAlignment);
  Value scratch = function.getArguments().back();
  return memref::ViewOp::create(builder, loc, MemRefType::get(count, element),
                                scratch, offset, ValueRange());
}

/// Finds the sections of \p block and counts their tasks.
void FuncLowering::analyzeSections(Block &block) {
  for (Operation &op : block) {
    auto parallel = dyn_cast<ParallelOp>(op);
    auto contract = dyn_cast<ContractOp>(op);
    if (!parallel && !contract)
      continue;
    int64_t tasks = 1;
    if (contract) {
      contracts[&op] =
          std::make_unique<ContractLowering>(contract, emitter, builder);
      tasks = contracts[&op]->getNumTasks();
    } else {
      for (int64_t extent : parallel.getExtents())
        tasks *= extent;
    }
    tasksOf[&op] = tasks;
    numTasks += tasks;
  }
}

LogicalResult FuncLowering::emitParallel(ParallelOp op, Value begin,
                                         Value end) {
  Location loc = op.getLoc();
  Value one = emitter.constantIndex(loc, 1);
  Value last; // where tasks may run backwards
  if (isBackward)
    last = arith::SubIOp::create(
        builder, loc, arith::AddIOp::create(builder, loc, begin, end), one);
  auto loop = scf::ForOp::create(builder, loc, begin, end, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value linear = loop.getInductionVar();
  if (isBackward) {
    Value mirrored = arith::SubIOp::create(builder, loc, last, linear);
    linear =
        arith::SelectOp::create(builder, loc, isBackward, mirrored, linear);
  }
  ArrayRef<int64_t> extents = op.getExtents();
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    Value index = linear;
    if (i > 0) {
      Value extent = emitter.constantIndex(loc, extents[i]);
      index = arith::RemUIOp::create(builder, loc, linear, extent);
      linear = arith::DivUIOp::create(builder, loc, linear, extent);
    }
    emitter.map(op.getBody().getArgument(i), index);
  }
  return emitter.emitBlock(op.getBody().front());
}

/// Emits the sections of \p block one after the other; the tasks of each follow
/// those of the ones before.
LogicalResult FuncLowering::emitSections(Block &block, Value begin, Value end) {
  int64_t tasksBefore = 0;
  for (Operation &op : block) {
    if (!isa<ParallelOp, ContractOp>(op)) {
      if (failed(emitter.emitOperation(op)))
        return failure();
      continue;
    }
    Location loc = op.getLoc();
    int64_t tasks = tasksOf[&op];
    // [begin, end) minus the tasks before, within this section's tasks.
    auto clamp = [&](Value bound) -> Value {
      if (tasks == numTasks)
        return bound;
      Value first = emitter.constantIndex(loc, tasksBefore);
      Value shifted = arith::SubIOp::create(builder, loc, bound, first);
      shifted = arith::MaxSIOp::create(builder, loc, shifted,
                                       emitter.constantIndex(loc, 0));
      return arith::MinSIOp::create(builder, loc, shifted,
                                    emitter.constantIndex(loc, tasks));
    };
    Value from = clamp(begin), to = clamp(end);
    tasksBefore += tasks;
    if (failed(isa<ContractOp>(op)
                   ? contracts[&op]->emit(from, to)
                   : emitParallel(cast<ParallelOp>(op), from, to)))
      return failure();
  }
  return success();
}

/// Emits a loop over the phases that the tasks [\p begin, \p end) belong to:
/// those of a phase follow those of the one before.
LogicalResult FuncLowering::emitPhases(PhasesOp op, Value begin, Value end) {
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  auto constant = [&](int64_t v) { return emitter.constantIndex(loc, v); };
  Value tasks = constant(numTasks), zero = constant(0);
  Value first = arith::DivUIOp::create(builder, loc, begin, tasks);
  Value last = arith::CeilDivUIOp::create(builder, loc, end, tasks);
  auto loop = scf::ForOp::create(builder, loc, first, last, constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value phase = loop.getInductionVar();
  emitter.map(op.getBody().getArgument(0), phase);
  Value before = arith::MulIOp::create(builder, loc, phase, tasks);
  Value from = arith::MaxSIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, begin, before), zero);
  Value to = arith::MinSIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, end, before), tasks);
  // What one phase read last is what the cache still holds for the next.
  Value parity = arith::RemUIOp::create(builder, loc, phase, constant(2));
  isBackward = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                     parity, zero);
  LogicalResult result = emitSections(body, from, to);
  isBackward = {};
  return result;
}

/// Emits the kernel's tasks.
LogicalResult FuncLowering::emitTasks(Value begin, Value end) {
  Block &body = kernel.getBody().front();
  auto phases = body.getOps<PhasesOp>();
  if (phases.empty())
    return emitSections(body, begin, end);
  for (Operation &op : body)
    if (failed(isa<PhasesOp>(op) ? emitPhases(cast<PhasesOp>(op), begin, end)
                                 : emitter.emitOperation(op)))
      return failure();
  return success();
}

LogicalResult FuncLowering::run() {
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  for (Type type : kernel.getBody().getArgumentTypes())
    types.push_back(flatten(cast<MemRefType>(type)));
  Type index = builder.getIndexType();
  types.append({index, index, MemRefType::get(0, builder.getI8Type())});
  function = func::FuncOp::create(builder, loc, kernel.getSymName(),
                                  builder.getFunctionType(types, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  for (auto [from, to] :
       llvm::zip(kernel.getBody().getArguments(), function.getArguments()))
    emitter.map(from, to);
  emitter.setScratchAllocator([this](int64_t count, Type element) {
    return allocateScratch(count, element);
  });

  // Buffers that share memory with another can't be marked noalias.
  llvm::SmallDenseSet<int64_t> mayAlias;
  if (ArrayAttr inplace = kernel.getInplaceAttr())
    for (Attribute attr : inplace) {
      ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
      mayAlias.insert(pair[0]);
      mayAlias.insert(kernel.getNumInputs() + pair[1]);
    }
  for (unsigned i = 0; i < kernel.getBody().getNumArguments(); ++i)
    if (!mayAlias.contains(i))
      function.setArgAttr(i, "llvm.noalias", builder.getUnitAttr());

  unsigned numBuffers = kernel.getBody().getNumArguments();
  Value begin = function.getArgument(numBuffers);
  Value end = function.getArgument(numBuffers + 1);
  Block *body = &kernel.getBody().front();
  for (auto phases : body->getOps<PhasesOp>()) {
    body = &phases.getBody().front();
    function->setAttr("kernel.num_phases",
                      builder.getI64IntegerAttr(phases.getExtent()));
    break;
  }
  analyzeSections(*body);
  if (failed(emitTasks(begin, end)))
    return failure();
  func::ReturnOp::create(builder, loc);

  auto scratchType = MemRefType::get(scratchBytes, builder.getI8Type());
  types.back() = scratchType;
  function.getArguments().back().setType(scratchType);
  function.setFunctionType(builder.getFunctionType(types, {}));
  function->setAttr("kernel.num_tasks", builder.getI64IntegerAttr(numTasks));
  function->setAttr("kernel.scratch_bytes",
                    builder.getI64IntegerAttr(scratchBytes));
  if (!emitter.getSchedule().empty())
    function->setAttr("kernel.schedule",
                      builder.getArrayAttr(emitter.getSchedule()));
  kernel.erase();
  return success();
}

namespace {
struct KernelToVector : dlc::kernel::impl::KernelToVectorBase<KernelToVector> {
  using KernelToVectorBase::KernelToVectorBase;

  void runOnOperation() override {
    auto attr =
        getOperation()->getAttrOfType<dlc::device::TargetAttr>("device.target");
    if (!attr) {
      getOperation().emitError("requires a 'device.target' on the module");
      return signalPassFailure();
    }
    VectorTarget target = getVectorTarget(attr);
    for (FuncOp kernel :
         llvm::make_early_inc_range(getOperation().getOps<FuncOp>())) {
      kernel.walk([](AlternativesOp op) { op.replaceBy(op.getSerial()); });
      for (auto attend : llvm::make_early_inc_range(
               kernel.getBody().front().getOps<AttendOp>()))
        expandAttention(attend);
      kernel.walk([&](ContractOp) { ++numContractions; });
      ++numKernels;
      if (failed(FuncLowering(kernel, target).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
