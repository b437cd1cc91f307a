// SPDX-License-Identifier: Apache-2.0
// Lowers each kernel.func to a gpu.func.
#include "passes/gpu/AttentionBlock.h"
#include "passes/gpu/BlockContract.h"
#include "passes/gpu/BlockEmitter.h"
#include "passes/gpu/GridTerm.h"
#include "passes/gpu/Passes.h"
#include "passes/gpu/TeamPlan.h"
#include "passes/gpu/TensorContract.h"

#include "dialects/device/DeviceOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELTOGPU
#include "passes/gpu/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc::kernel;

static constexpr int64_t kMinThreads = 32, kMaxThreads = 256;
/// Of a block that has a multiprocessor to itself.
static constexpr int64_t kLoneThreads = 1024;
/// Threads of a block where each thread is on its own.
static constexpr int64_t kLooseThreads = 128;
/// Between two threads' or blocks' scratch memory, in bytes.
static constexpr int64_t kScratchAlignment = 16;
/// What reductions need of shared memory, about.
static constexpr int64_t kReductionBytes = 2 << 10;

/// The same bytes as a buffer of rank 1.
static MemRefType flatten(MemRefType type) {
  return MemRefType::get(type.getNumElements(), type.getElementType());
}

static int64_t getBytes(MemRefType type) {
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

namespace {
/// Lowers one kernel.
class GridLowering {
public:
  GridLowering(FuncOp kernel, dlc::device::GpuAttr target, Precision precision)
      : kernel(kernel), target(target), precision(precision), builder(kernel) {}

  LogicalResult run();

private:
  int64_t chooseThreads(ArrayRef<GridPart> parts);
  BlockTileChoice chooseTile(const GridPart &part, int64_t threads) {
    return chooseBlockTile(cast<ContractOp>(part.section),
                           target.getMultiprocessors(), threads, precision,
                           sharesDepth);
  }
  void chooseTiles(ArrayRef<GridPart> parts);
  bool isLone(const GridPart &part);
  void createFunction();
  LogicalResult emitSections(Block &block, ArrayRef<GridPart> parts);
  /// The number of the phase that is launched.
  Value emitPhase(Location loc) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      function.getArguments().back());
  }
  /// Emits \p part for the block number \p block of it.
  LogicalResult emitPart(const GridPart &part, Value block);
  LogicalResult emitThreads(const GridPart &part, Value block);
  LogicalResult emitBlocks(const GridPart &part, Value block);
  LogicalResult emitGroups(const GridPart &part, Value block);
  /// Emits with \p body what the blocks of \p part's team number \p task have
  /// to do, of which \p block is one.
  LogicalResult emitTeam(const GridPart &part, const GridTerm &count,
                         Value block,
                         llvm::function_ref<LogicalResult(Value)> body);
  void mapScratch(const GridPart &part, const GridTerm &count, Value task);
  LogicalResult emitTiles(ContractOp op, Value block);
  int64_t getTileBytes(ParallelOp task);
  GridTerm getNumBlocks(const GridPart &part);
  std::optional<AttentionTile> getTile(AttendOp op) {
    return chooseAttentionTile(op, target.getMultiprocessors(),
                               target.getBlockSharedBytes(), precision);
  }
  /// The global scratch memory from byte \p offset on.
  Value viewScratch(Location loc, MemRefType type, Value offset) {
    Value memory = function.getArgument(kernel.getBody().getNumArguments());
    return memref::ViewOp::create(builder, loc, type, memory, offset,
                                  ValueRange());
  }
  /// Gives each of \p count threads or blocks its own part of the global
  /// scratch memory, of \p type; returns that of number \p index.
  Value allocateGlobal(Location loc, MemRefType type, bool isDynamic,
                       const GridTerm &count, Value index);
  /// Maps the part for \p op.
  void mapGlobalScratch(ScratchOp op, const GridTerm &count, Value index) {
    emitter->map(op, allocateGlobal(op.getLoc(), flatten(op.getType()),
                                    TypicalExtents(op).isAnyDynamic(), count,
                                    index));
  }
  void finish(ArrayRef<GridTerm> numBlocks);

  FuncOp kernel;
  dlc::device::GpuAttr target;
  Precision precision;
  OpBuilder builder;
  gpu::GPUFuncOp function;
  std::unique_ptr<BlockEmitter> emitter;
  DenseMap<Operation *, BlockTileChoice> tiles; ///< of GridPart::Tiles
  /// Whether several blocks may compute a tile, each a part of its depth. That
  /// takes a phase in which the parts are added up.
  bool sharesDepth = false;
  int64_t numThreads = 0, numPhases = 1;
  SmallVector<GridTerm> scratch; ///< bytes, one after the other
};
} // namespace

/// Whether there are typically no more tasks than multiprocessors. Contractions
/// have registers for so many threads only.
bool GridLowering::isLone(const GridPart &part) {
  if (part.kind == GridPart::Groups)
    return part.getTypicalTasks() <= target.getMultiprocessors();
  return part.kind == GridPart::Blocks &&
         part.getTypicalTasks() <= target.getMultiprocessors() &&
         !part.section->walk([](ContractOp) { return WalkResult::interrupt(); })
              .wasInterrupted();
}

int64_t GridLowering::chooseThreads(ArrayRef<GridPart> parts) {
  int64_t threads = kMinThreads;
  for (const GridPart &part : parts) {
    if (part.kind == GridPart::Tiles)
      return chooseTile(part, /*threads=*/0).best.getNumThreads();
    if (part.kind == GridPart::Attention)
      return getTile(cast<AttendOp>(part.section))->getNumThreads();
    int64_t useful = llvm::PowerOf2Ceil(part.getUsefulThreads());
    int64_t most = part.kind == GridPart::Threads ? kLooseThreads : kMaxThreads;
    if (part.team > 1)
      useful = most = kTeamThreads;
    else if (isLone(part))
      most = std::clamp(useful / 4, kMaxThreads, kLoneThreads);
    threads = std::max(threads, std::min(useful, most));
  }
  return threads;
}

void GridLowering::chooseTiles(ArrayRef<GridPart> parts) {
  numThreads = chooseThreads(parts);
  for (const GridPart &part : parts)
    if (part.kind == GridPart::Tiles)
      tiles.try_emplace(part.section, chooseTile(part, numThreads));
}

/// How many tasks there are of \p part, or groups of them.
static GridTerm getNumTasks(const GridPart &part) {
  if (part.kind == GridPart::Groups)
    return {{{part.nest.getNumIterations(), part.lanes}}, part.nest.isDynamic};
  auto op = cast<ParallelOp>(part.section);
  GridTerm tasks;
  for (int64_t extent : op.getExtents())
    tasks.factors.push_back({extent});
  tasks.isDynamic = TypicalExtents(op).isAnyDynamic();
  return tasks;
}

GridTerm GridLowering::getNumBlocks(const GridPart &part) {
  switch (part.kind) {
  case GridPart::Threads:
    return {{{part.getNumThreads(), numThreads}}, part.nest.isDynamic};
  case GridPart::Transposed:
    return {{{computeProduct(part.transposition.getGrid(part.nest))}}};
  case GridPart::Blocks:
  case GridPart::Groups: {
    GridTerm tasks = getNumTasks(part);
    return part.team > 1 ? tasks * GridTerm{{{part.team}}} : tasks;
  }
  case GridPart::Tiles: {
    const BlockTile &tile = tiles.find(part.section)->second.best;
    GridTerm product =
        getProduct(tile.getNumTiles(cast<ContractOp>(part.section)));
    return tile.parts > 1 ? product * GridTerm{{{tile.parts}}} : product;
  }
  case GridPart::Attention: {
    auto op = cast<AttendOp>(part.section);
    return getProduct(getTile(op)->getNumBlocks(op));
  }
  }
  llvm_unreachable("unknown part");
}

static int64_t getSum(ArrayRef<GridTerm> terms) {
  int64_t sum = 0;
  for (const GridTerm &term : terms)
    sum += term.getValue();
  return sum;
}

static bool isAnyDynamic(ArrayRef<GridTerm> terms) {
  return llvm::any_of(terms,
                      [](const GridTerm &term) { return term.isDynamic; });
}

/// Emits the sum of \p terms.
static Value emitSum(ArrayRef<GridTerm> terms, BlockEmitter &emitter,
                     Location loc) {
  if (!isAnyDynamic(terms))
    return emitter.constantIndex(loc, getSum(terms));
  Value sum;
  for (const GridTerm &term : terms) {
    Value value = term.emit(emitter, loc);
    sum = sum ? emitter.add(loc, sum, value) : value;
  }
  return sum;
}

void GridLowering::createFunction() {
  Location loc = kernel.getLoc();
  StringRef name = kernel.getSymName();
  auto module = gpu::GPUModuleOp::create(builder, loc, name);
  SmallVector<Type> types;
  for (Type type : kernel.getBody().getArgumentTypes())
    types.push_back(flatten(cast<MemRefType>(type)));
  types.append({MemRefType::get(0, builder.getI8Type()), builder.getI32Type()});
  builder.setInsertionPointToStart(&module.getBodyRegion().front());
  function = gpu::GPUFuncOp::create(builder, loc, name,
                                    builder.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    builder.getUnitAttr());
  builder.setInsertionPointToStart(&function.getBody().front());
}

Value GridLowering::allocateGlobal(Location loc, MemRefType type,
                                   bool isDynamic, const GridTerm &count,
                                   Value index) {
  GridTerm bytes = {{{getBytes(type), kScratchAlignment}, {kScratchAlignment}},
                    isDynamic};
  Value offset =
      emitter->add(loc, emitSum(scratch, *emitter, loc),
                   emitter->multiply(loc, index, bytes.emit(*emitter, loc)));
  scratch.push_back(bytes * count);
  return viewScratch(loc, type, offset);
}

LogicalResult GridLowering::emitThreads(const GridPart &part, Value block) {
  Location loc = part.section->getLoc();
  int64_t count = part.getNumThreads();
  Value linear = emitter->add(
      loc,
      emitter->multiply(loc, block, emitter->constantIndex(loc, numThreads)),
      emitter->getThread());
  OpBuilder::InsertionGuard guard(builder);
  if (count % numThreads != 0 || part.nest.isDynamic) {
    Value isOne =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, linear,
                              emitter->constantIndex(loc, count));
    auto choice = scf::IfOp::create(builder, loc, isOne);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  for (ScratchOp scratch : getScratch(part.section))
    mapGlobalScratch(scratch, {{{count}}, part.nest.isDynamic}, linear);
  if (part.wide.width > 1)
    return emitter->emitWideIteration(part.nest, part.wide, linear);
  return emitter->emitIteration(part.nest, linear);
}

/// What the contractions in \p task need of shared memory, one at a time.
int64_t GridLowering::getTileBytes(ParallelOp task) {
  int64_t bytes = 0;
  task.walk([&](ContractOp op) {
    BlockTile tile =
        chooseBlockTile(op, /*multiprocessors=*/1, numThreads, precision).best;
    bytes = std::max(bytes, tile.getSharedBytes(op));
  });
  return bytes;
}

LogicalResult
GridLowering::emitTeam(const GridPart &part, const GridTerm &count, Value block,
                       llvm::function_ref<LogicalResult(Value)> body) {
  if (part.team == 1)
    return body(block);
  Location loc = part.section->getLoc();
  Value size = emitter->constantIndex(loc, part.team);
  Value task = arith::DivUIOp::create(builder, loc, block, size);
  BlockTeam team{part.team, arith::RemUIOp::create(builder, loc, block, size),
                 emitPhase(loc), [&](Location loc, MemRefType type) {
                   return allocateGlobal(loc, type, /*isDynamic=*/false, count,
                                         task);
                 }};
  emitter->setTeam(&team);
  LogicalResult result = body(task);
  emitter->setTeam(nullptr);
  numPhases = std::max(numPhases, team.stage + 1);
  return result;
}

LogicalResult GridLowering::emitGroups(const GridPart &part, Value block) {
  return emitTeam(part, getNumTasks(part), block, [&](Value group) {
    return emitter->emitNeighbours(part.nest, part.lanes, group);
  });
}

LogicalResult GridLowering::emitBlocks(const GridPart &part, Value block) {
  auto op = cast<ParallelOp>(part.section);
  GridTerm count = getNumTasks(part);
  return emitTeam(part, count, block, [&](Value task) {
    Location loc = op.getLoc();
    for (auto [argument, index] :
         llvm::zip(op.getBody().getArguments(),
                   emitter->delinearize(loc, task, op.getExtents())))
      emitter->map(argument, index);
    mapScratch(part, count, task);
    return emitter->emitTask(op.getBody().front(), getMemoryUse(op));
  });
}

/// Gives the task number \p task its scratch memory: that of its block, as far
/// as it has room, or all blocks'.
void GridLowering::mapScratch(const GridPart &part, const GridTerm &count,
                              Value task) {
  auto op = cast<ParallelOp>(part.section);
  int64_t tileBytes = getTileBytes(op);
  emitter->startPart(tileBytes);
  int64_t room = target.getBlockSharedBytes() - tileBytes - kReductionBytes;
  for (ScratchOp scratch : getScratch(op)) {
    MemRefType type = scratch.getType();
    int64_t bytes = getBytes(type);
    // How much shared memory there is is said when the code is made.
    if (part.team > 1 || bytes > room ||
        TypicalExtents(scratch).isAnyDynamic()) {
      mapGlobalScratch(scratch, count, task);
      continue;
    }
    room -= llvm::alignTo(bytes, kScratchAlignment);
    emitter->map(scratch,
                 emitter->allocateShared(op.getLoc(), type.getNumElements(),
                                         type.getElementType()));
  }
}

LogicalResult GridLowering::emitTiles(ContractOp op, Value block) {
  const BlockTileChoice &choice = tiles.find(op)->second;
  const BlockTile &tile = choice.best;
  emitter->addToSchedule(describeTile(op, choice));
  if (tile.parts == 1)
    return BlockContract::create(op, tile, *emitter)->emitTile(block);
  TensorContract contract(op, tile, *emitter);
  MemRefType type = contract.getPartialsType();
  scratch.push_back({{{getBytes(type)}}});
  Location loc = op.getLoc();
  Value partials = viewScratch(loc, type, emitter->constantIndex(loc, 0));
  numPhases = 2;
  return contract.emitPart(block, emitPhase(loc), partials);
}

LogicalResult GridLowering::emitPart(const GridPart &part, Value block) {
  emitter->startPart(/*tileBytes=*/0);
  switch (part.kind) {
  case GridPart::Threads:
    return emitThreads(part, block);
  case GridPart::Transposed:
    return emitter->emitTransposed(part.nest, part.transposition, block);
  case GridPart::Blocks:
    return emitBlocks(part, block);
  case GridPart::Groups:
    return emitGroups(part, block);
  case GridPart::Tiles:
    return emitTiles(cast<ContractOp>(part.section), block);
  case GridPart::Attention: {
    auto op = cast<AttendOp>(part.section);
    AttentionTile tile = *getTile(op);
    emitter->addToSchedule(describeTile(op, tile));
    return AttentionBlock(op, tile, *emitter).emit(block);
  }
  }
  llvm_unreachable("unknown part");
}

/// Emits what stands between the sections of \p block, and then each part for
/// its own blocks of the grid.
LogicalResult GridLowering::emitSections(Block &block,
                                         ArrayRef<GridPart> parts) {
  for (Operation &op : block) {
    if (isa<ParallelOp, ContractOp, AttendOp, ScratchOp>(op))
      continue;
    if (auto phases = dyn_cast<PhasesOp>(op)) {
      emitter->map(phases.getBody().getArgument(0), emitPhase(op.getLoc()));
      numPhases = phases.getExtent();
      if (failed(emitSections(phases.getBody().front(), {})))
        return failure();
      continue;
    }
    if (failed(emitter->emitOperation(op)))
      return failure();
  }
  if (parts.empty())
    return success();
  Location loc = kernel.getLoc();
  Value index = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  SmallVector<std::pair<const GridPart *, GridTerm>> counted;
  for (const GridPart &part : parts) {
    GridTerm count = getNumBlocks(part);
    if (count.isDynamic || count.getValue() > 0)
      counted.push_back({&part, std::move(count)});
  }
  bool hasTeams =
      llvm::any_of(parts, [](const GridPart &part) { return part.team > 1; });
  SmallVector<GridTerm> counts;
  for (const auto &[part, count] : counted) {
    OpBuilder::InsertionGuard guard(builder);
    Value own = index;
    if (counted.size() > 1) {
      own = arith::SubIOp::create(builder, loc, index,
                                  emitSum(counts, *emitter, loc));
      Value isOwn =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, own,
                                count.emit(*emitter, loc));
      auto choice = scf::IfOp::create(builder, loc, isOwn);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    // Others than teams do all in the first of their launches.
    if (hasTeams && part->team == 1) {
      Value isFirst =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                emitPhase(loc), emitter->constantIndex(loc, 0));
      auto choice = scf::IfOp::create(builder, loc, isFirst);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    if (failed(emitPart(*part, own)))
      return failure();
    counts.push_back(count);
  }
  finish(counts);
  return success();
}

/// Notes how the function is launched.
void GridLowering::finish(ArrayRef<GridTerm> numBlocks) {
  SmallVector<Type> types(function.getArgumentTypes());
  unsigned last = kernel.getBody().getNumArguments();
  types[last] = MemRefType::get(getSum(scratch), builder.getI8Type());
  function.getArgument(last).setType(types[last]);
  function.setFunctionType(builder.getFunctionType(types, {}));
  auto set = [&](StringRef name, int64_t value) {
    function->setAttr(name, builder.getI64IntegerAttr(value));
  };
  auto setTerms = [&](StringRef name, ArrayRef<GridTerm> terms) {
    SmallVector<Attribute> attrs;
    for (const GridTerm &term : terms)
      attrs.push_back(term.toAttr(builder));
    if (isAnyDynamic(terms))
      function->setAttr(name, builder.getArrayAttr(attrs));
  };
  set("kernel.blocks", getSum(numBlocks));
  set("kernel.threads", numThreads);
  set("kernel.shared_bytes", emitter->getSharedBytes());
  set("kernel.scratch_bytes", getSum(scratch));
  if (!emitter->getSchedule().empty())
    function->setAttr("kernel.schedule",
                      builder.getArrayAttr(emitter->getSchedule()));
  setTerms(kBlockTermsAttr, numBlocks);
  setTerms(kScratchTermsAttr, scratch);
  set("kernel.num_phases", numPhases);
  // Else ptxas would rather spill than let fewer blocks share a multiprocessor.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(1));
  function.setKnownBlockSizeAttr(
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(numThreads), 1, 1}));
}

LogicalResult GridLowering::run() {
  Location loc = kernel.getLoc();
  Block *sections = &kernel.getBody().front();
  for (auto phases : sections->getOps<PhasesOp>())
    sections = &phases.getBody().front();
  for (auto attend : llvm::make_early_inc_range(sections->getOps<AttendOp>()))
    if (!getTile(attend))
      expandAttention(attend);
  std::vector<GridPart> parts = planSections(*sections);
  // What accesses allow at one size they may not at others.
  if (!kernel->hasAttr(kAnySizeAttr))
    planAccesses(parts, target.getMultiprocessors());
  // Phases of the kernel's own are all launches that there are.
  bool hasPhases = sections != &kernel.getBody().front();
  sharesDepth =
      parts.size() == 1 && !hasPhases && !kernel->hasAttr(kAnySizeAttr);
  for (GridPart &part : parts)
    if (!hasPhases)
      part.team = chooseTeam(part, target.getMultiprocessors());
  chooseTiles(parts);
  createFunction();
  emitter = std::make_unique<BlockEmitter>(builder, numThreads, precision);
  for (auto [from, to] :
       llvm::zip(kernel.getBody().getArguments(), function.getArguments()))
    emitter->map(from, to);
  emitter->setThread(gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x));
  if (failed(emitSections(kernel.getBody().front(), parts)))
    return failure();
  if (emitter->getSharedBytes() > target.getBlockSharedBytes())
    return kernel.emitError("needs ")
           << emitter->getSharedBytes() << " bytes of shared memory, "
           << target.getBlockSharedBytes() << " are there";
  gpu::ReturnOp::create(builder, loc);
  kernel.erase();
  return success();
}

namespace {
struct KernelToGpu : dlc::kernel::impl::KernelToGpuBase<KernelToGpu> {
  using KernelToGpuBase::KernelToGpuBase;

  void runOnOperation() override {
    auto target =
        getOperation()->getAttrOfType<dlc::device::GpuAttr>("device.gpu");
    if (!target) {
      getOperation().emitError("requires a 'device.gpu' on the module");
      return signalPassFailure();
    }
    std::optional<Precision> accuracy = parsePrecision(precision);
    if (!accuracy) {
      getOperation().emitError("unknown precision '") << precision << "'";
      return signalPassFailure();
    }
    for (FuncOp kernel :
         llvm::make_early_inc_range(getOperation().getOps<FuncOp>())) {
      ++numKernels;
      kernel.walk([](AlternativesOp op) { op.replaceBy(op.getShared()); });
      if (failed(GridLowering(kernel, target, *accuracy).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
