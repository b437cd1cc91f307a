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
  LogicalResult emitSections(Value begin, Value end);
  LogicalResult emitParallel(ParallelOp op, Value begin, Value end);

  FuncOp kernel;
  OpBuilder builder;
  BodyEmitter emitter;
  func::FuncOp function;
  int64_t scratchBytes = 0;
  int64_t numTasks = 0;
  unsigned numSections = 0;
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

LogicalResult FuncLowering::emitParallel(ParallelOp op, Value begin,
                                         Value end) {
  Location loc = op.getLoc();
  Value one = emitter.constantIndex(loc, 1);
  auto loop = scf::ForOp::create(builder, loc, begin, end, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value linear = loop.getInductionVar();
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

/// Emits the kernel's sections one after the other; the tasks of each follow
/// those of the ones before.
LogicalResult FuncLowering::emitSections(Value begin, Value end) {
  for (Operation &op : kernel.getBody().front()) {
    auto parallel = dyn_cast<ParallelOp>(op);
    auto contract = dyn_cast<ContractOp>(op);
    if (!parallel && !contract) {
      if (failed(emitter.emitOperation(op)))
        return failure();
      continue;
    }
    Location loc = op.getLoc();
    std::optional<ContractLowering> lowering;
    int64_t tasks = 1;
    if (contract) {
      lowering.emplace(contract, emitter, builder);
      tasks = lowering->getNumTasks();
    } else {
      for (int64_t extent : parallel.getExtents())
        tasks *= extent;
    }
    // [begin, end) minus the tasks before, within this section's tasks.
    auto clamp = [&](Value bound) -> Value {
      Value first = emitter.constantIndex(loc, numTasks);
      Value shifted = arith::SubIOp::create(builder, loc, bound, first);
      shifted = arith::MaxSIOp::create(builder, loc, shifted,
                                       emitter.constantIndex(loc, 0));
      return arith::MinSIOp::create(builder, loc, shifted,
                                    emitter.constantIndex(loc, tasks));
    };
    Value from = numSections > 1 ? clamp(begin) : begin;
    Value to = numSections > 1 ? clamp(end) : end;
    numTasks += tasks;
    if (failed(contract ? lowering->emit(from, to)
                        : emitParallel(parallel, from, to)))
      return failure();
  }
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
  for (Operation &op : kernel.getBody().front())
    numSections += isa<ParallelOp, ContractOp>(op);
  if (failed(emitSections(begin, end)))
    return failure();
  func::ReturnOp::create(builder, loc);

  auto scratchType = MemRefType::get(scratchBytes, builder.getI8Type());
  types.back() = scratchType;
  function.getArguments().back().setType(scratchType);
  function.setFunctionType(builder.getFunctionType(types, {}));
  function->setAttr("kernel.num_tasks", builder.getI64IntegerAttr(numTasks));
  function->setAttr("kernel.scratch_bytes",
                    builder.getI64IntegerAttr(scratchBytes));
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
    VectorTarget target{attr.getVectorBytes(), attr.getVectorRegisters(),
                        attr.getMasks(), attr.getL1Bytes(), attr.getL2Bytes()};
    for (FuncOp kernel :
         llvm::make_early_inc_range(getOperation().getOps<FuncOp>())) {
      kernel.walk([&](ContractOp) { ++numContractions; });
      ++numKernels;
      if (failed(FuncLowering(kernel, target).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
