// SPDX-License-Identifier: Apache-2.0
// Reads a planned program: every launch becomes a step, every buffer a
// reference.
#include "codegen/artifact/ProgramSpec.h"

#include "codegen/artifact/SizeTable.h"
#include "dialects/device/LaunchOrder.h"
#include "dlc/abi.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace dlc::artifact;
using namespace dlc::device;

std::pair<uint8_t, uint8_t> dlc::artifact::getDtype(Type type) {
  enum { Int = 0, UInt = 1, Float = 2, BFloat = 4, Complex = 5, Bool = 6 };
  if (auto complex = dyn_cast<ComplexType>(type))
    return {Complex, 2 * getDtype(complex.getElementType()).second};
  if (type.isIndex())
    return {Int, 64};
  if (type.isInteger(1))
    return {Bool, 8};
  uint8_t bits = type.getIntOrFloatBitWidth();
  if (type.isBF16())
    return {BFloat, bits};
  if (isa<FloatType>(type))
    return {Float, bits};
  return {type.isUnsignedInteger() ? UInt : Int, bits};
}

/// The inputs or outputs of a program; \p types are what callers know them as,
/// where that is not the type of the buffers.
static std::vector<TensorSpec> makeTensors(ValueRange buffers, ArrayAttr names,
                                           ArrayAttr types) {
  std::vector<TensorSpec> tensors;
  for (auto [i, buffer] : llvm::enumerate(buffers)) {
    auto type = cast<ShapedType>(types ? cast<TypeAttr>(types[i]).getValue()
                                       : buffer.getType());
    auto [code, bits] = getDtype(type.getElementType());
    tensors.push_back({cast<StringAttr>(names[i]).str(), code, bits,
                       type.getShape().vec(),
                       uint64_t(getBufferBytes(buffer))});
  }
  return tensors;
}

static std::vector<std::string> makeStrings(ArrayAttr strings) {
  std::vector<std::string> result;
  if (strings)
    for (StringAttr string : strings.getAsRange<StringAttr>())
      result.push_back(string.str());
  return result;
}

/// Device memory that a library may use for a product: what NVIDIA recommends
/// for Hopper. It takes what the algorithm needs that it chooses.
static constexpr uint64_t kGemmWorkspaceBytes = 32 << 20;

static CudaMatrixSpec makeMatrix(MatrixAttr matrix) {
  if (!matrix)
    return {};
  return {uint32_t(matrix.getOperand()), matrix.getTransposed(),
          matrix.getLeading(), matrix.getStride()};
}

static CudaGemmSpec makeGemm(GemmAttr gemm, uint32_t kernel) {
  CudaGemmSpec spec;
  spec.kernel = kernel;
  spec.compute = llvm::StringSwitch<uint32_t>(gemm.getCompute())
                     .Case("tf32", DLC_GEMM_TF32)
                     .Case("float16", DLC_GEMM_FLOAT16)
                     .Case("bfloat16", DLC_GEMM_BFLOAT16)
                     .Case("float64", DLC_GEMM_FLOAT64)
                     .Default(DLC_GEMM_FLOAT32);
  spec.hasRelu = gemm.getRelu();
  spec.isRequired = gemm.getRequired();
  spec.alignment = gemm.getAlignment();
  spec.batch = gemm.getBatch();
  if (gemm.getBias() >= 0)
    spec.bias = gemm.getBias();
  spec.m = gemm.getM();
  spec.n = gemm.getN();
  spec.k = gemm.getK();
  spec.a = makeMatrix(gemm.getA());
  spec.b = makeMatrix(gemm.getB());
  spec.c = makeMatrix(gemm.getC());
  spec.d = makeMatrix(gemm.getD());
  spec.alpha = gemm.getProductScale();
  spec.beta = gemm.getAddedScale();
  spec.workspaceBytes = kGemmWorkspaceBytes;
  return spec;
}

namespace {

/// Builds the spec of one program.
class SpecBuilder {
public:
  explicit SpecBuilder(ProgramOp program)
      : program(program), module(program->getParentOfType<ModuleOp>()) {}

  FailureOr<ArtifactSpec> run();

private:
  LogicalResult addTargets();
  FailureOr<uint32_t> getKernel(LaunchOp launch);
  FailureOr<RefSpec> makeRef(Operation *user, Value buffer);
  LogicalResult addStep(LaunchOp launch);
  void addWaits();

  // Programs with dims.
  LogicalResult addDims();
  void addExtents(std::vector<TensorSpec> &tensors, ArrayAttr maps);
  void placeSlots();
  void addTotals();
  LogicalResult addCount(CountOp count);
  void addOutputCounts();
  /// \p map with the most that is counted in the place of what is.
  std::optional<AffineMap> getLargest(std::optional<AffineMap> map) {
    return map && !largest.empty() ? std::optional(map->replaceDimsAndSymbols(
                                         {}, largest, 0, largest.size()))
                                   : map;
  }
  SizeTable::Size getSize(std::optional<AffineMap> dynamic, int64_t fixed) {
    return dynamic ? sizes.get(dynamic->getResult(0))
                   : sizes.getConstant(fixed);
  }
  static std::optional<AffineMap> toMap(AffineMapAttr map) {
    return map ? std::optional(map.getValue()) : std::nullopt;
  }
  SizeTable::Size getSize(AffineMapAttr dynamic, int64_t fixed) {
    return getSize(toMap(dynamic), fixed);
  }
  SizeTable::Size getOffset(Value buffer);
  /// Sets \p integer to \p size at the typical sizes. \returns its number.
  template <typename T>
  SizeNumber set(T &integer, SizeTable::Size size);

  ProgramOp program;
  ModuleOp module;
  ArtifactSpec spec;
  llvm::DenseMap<StringAttr, uint32_t> kernelNumbers;
  SizeTable sizes;
  /// Where the slots of a program with dims are.
  llvm::DenseMap<Operation *, SizeTable::Size> places;
  /// Each dim or, of one that is counted, the most that it is; empty where none
  /// is.
  SmallVector<AffineExpr> largest;
  /// Of the arena, the scratch memory of a thread and the flops of all steps.
  SizeTable::Size arena = sizes.getConstant(0), scratch = arena, flops = arena;
};

} // namespace

LogicalResult SpecBuilder::addTargets() {
  auto targets = module->getAttrOfType<ArrayAttr>("device.targets");
  if (!targets)
    return module.emitOpError("has no attribute 'device.targets'");
  for (Attribute attr : targets) {
    auto target = dyn_cast<TargetAttr>(attr);
    if (!target)
      return module.emitOpError("has a target that is no #device.target: ")
             << attr;
    spec.targets.push_back({target.getName().str(), target.getDispatch()});
  }
  if (module->hasAttr("device.gpus"))
    spec.cuda.emplace();
  return success();
}

FailureOr<uint32_t> SpecBuilder::getKernel(LaunchOp launch) {
  StringAttr name = launch.getCalleeAttr().getAttr();
  auto [it, isNew] = kernelNumbers.try_emplace(name, spec.kernels.size());
  if (!isNew)
    return it->second;
  auto kernel = module.lookupSymbol<KernelOp>(name);
  if (!kernel || kernel.getVariants().size() != spec.targets.size())
    return launch.emitOpError("runs ")
           << launch.getCalleeAttr() << ", which has no code for each of the "
           << spec.targets.size() << " targets";
  KernelSpec result;
  result.name = name.str();
  result.flops = launch.getFlops();
  for (VariantAttr variant : kernel.getVariants().getAsRange<VariantAttr>()) {
    VariantSpec code = {variant.getFunction().getValue().str(),
                        variant.getTasks()};
    code.tasksNumber =
        sizes.getNumber(getSize(variant.getDynamicTasks(), variant.getTasks()));
    result.variants.push_back(std::move(code));
    result.numPhases = variant.getPhases();
    result.phasesNumber = sizes.getNumber(
        getSize(variant.getDynamicPhases(), variant.getPhases()));
    spec.scratchBytesPerThread = std::max<uint64_t>(spec.scratchBytesPerThread,
                                                    variant.getScratchBytes());
    scratch = sizes.get(DLC_SIZE_MAX, scratch,
                        getSize(getLargest(toMap(variant.getDynamicScratch())),
                                variant.getScratchBytes()));
  }
  // In a module without GPUs nobody runs it.
  if (std::optional<GridAttr> grid = kernel.getGrid(); grid && spec.cuda) {
    if (result.variants.empty()) {
      result.numPhases = grid->getPhases();
      result.phasesNumber =
          sizes.getNumber(getSize(grid->getDynamicPhases(), grid->getPhases()));
    }
    CudaKernelSpec code = {
        grid->getFunction().getValue().str(), uint32_t(grid->getThreads()),
        uint32_t(grid->getSharedBytes()), uint64_t(grid->getBlocks()),
        uint64_t(grid->getScratchBytes())};
    // Where phases are dynamic they are those of CPUs.
    if (grid->getPhases() != result.numPhases)
      code.ownPhases = grid->getPhases();
    code.blocksNumber =
        sizes.getNumber(getSize(grid->getDynamicBlocks(), grid->getBlocks()));
    // Memory is for the most that is counted.
    code.scratchNumber = set(
        code.scratchBytes, getSize(getLargest(toMap(grid->getDynamicScratch())),
                                   grid->getScratchBytes()));
    spec.cuda->kernels.push_back(std::move(code));
    if (std::optional<GemmAttr> gemm = kernel.getGemm())
      spec.cuda->gemms.push_back(makeGemm(*gemm, it->second));
  } else if (spec.cuda) {
    return launch.emitOpError("runs ")
           << launch.getCalleeAttr() << ", which has no code for GPUs";
  }
  spec.kernels.push_back(std::move(result));
  return it->second;
}

/// The place in the root, or in the arena, of \p buffer of a program with dims.
SizeTable::Size SpecBuilder::getOffset(Value buffer) {
  SizeTable::Size offset = sizes.getConstant(0);
  while (auto view = buffer.getDefiningOp<ViewOp>()) {
    offset = sizes.get(
        DLC_SIZE_ADD, offset,
        getSize(view.getDynamicOffset(), view.getOffset().value_or(0)));
    buffer = view.getSource();
  }
  auto place = places.find(buffer.getDefiningOp());
  return place == places.end() ? offset
                               : sizes.get(DLC_SIZE_ADD, offset, place->second);
}

FailureOr<RefSpec> SpecBuilder::makeRef(Operation *user, Value buffer) {
  BufferRange range = getRange(buffer);
  RefSpec ref;
  ref.offset = range.begin;
  auto weights = range.root.getDefiningOp<WeightsOp>();
  auto slot = range.root.getDefiningOp<SlotOp>();
  if (auto argument = dyn_cast<BlockArgument>(range.root)) {
    unsigned number = argument.getArgNumber(), count = program.getNumInputs();
    ref.space = number < count ? DLC_SPACE_INPUT : DLC_SPACE_OUTPUT;
    ref.index = number < count ? number : number - count;
  } else if (slot && slot.getOffset()) {
    ref.space = DLC_SPACE_ARENA;
    ref.offset += *slot.getOffset();
  } else if (weights && weights.getOffset()) {
    ref.space = DLC_SPACE_WEIGHTS;
    ref.offset += *weights.getOffset();
    return ref;
  } else {
    return user->emitOpError("has an operand that has not been placed");
  }
  if (program.isDynamic())
    ref.offsetNumber = set(ref.offset, getOffset(buffer));
  return ref;
}

LogicalResult SpecBuilder::addStep(LaunchOp launch) {
  FailureOr<uint32_t> kernel = getKernel(launch);
  if (failed(kernel))
    return failure();
  StepSpec step;
  step.kernel = *kernel;
  step.device = launch.getDevice();
  step.queue = launch.getQueue();
  step.flops = launch.getFlops();
  step.costNs = launch.getCostNs();
  step.nodes = makeStrings(launch.getNodesAttr());
  for (Value buffer : launch->getOperands()) {
    FailureOr<RefSpec> ref = makeRef(launch, buffer);
    if (failed(ref))
      return failure();
    step.refs.push_back(*ref);
    step.bytes += getBufferBytes(buffer);
  }
  if (program.isDynamic()) {
    step.refs.push_back({DLC_SPACE_DIMS, 0, 0});
    SizeTable::Size size = getSize(launch.getDynamicFlops(), launch.getFlops());
    step.flopsNumber = sizes.getNumber(size);
    flops = sizes.get(DLC_SIZE_ADD, flops, size);
  }
  std::vector<std::string> &nodes = spec.kernels[*kernel].nodes;
  for (const std::string &node : step.nodes)
    if (!llvm::is_contained(nodes, node))
      nodes.push_back(node);
  spec.flops += step.flops;
  spec.steps.push_back(std::move(step));
  return success();
}

void SpecBuilder::addWaits() {
  LaunchOrder order(program);
  for (unsigned step = 0; step < order.getNumLaunches(); ++step)
    for (unsigned after : order.getWaits(step))
      spec.cuda->waits.push_back({step, after});
}

//===----------------------------------------------------------------------===//
// Programs with dims
//===----------------------------------------------------------------------===//

template <typename T>
SizeNumber SpecBuilder::set(T &integer, SizeTable::Size size) {
  SizeNumber number = sizes.getNumber(size);
  if (std::optional<int64_t> value = sizes.getValue(size)) {
    integer = *value;
    return number;
  }
  spec.sizes = sizes.getSizes();
  if (auto values = computeSizes(spec, getTypicalSizes(spec)))
    integer = (*values)[number - 1];
  return number;
}

void SpecBuilder::addExtents(std::vector<TensorSpec> &tensors, ArrayAttr maps) {
  for (auto [tensor, map] :
       llvm::zip_equal(tensors, maps.getAsValueRange<AffineMapAttr>())) {
    for (AffineExpr expr : map.getResults()) {
      SizeNumber number = sizes.getNumber(sizes.get(expr));
      tensor.extents.push_back(number);
      tensor.extentTexts.push_back(number ? formatSize(expr, spec.dims) : "");
    }
    if (!llvm::any_of(tensor.extents, [](SizeNumber n) { return n != 0; })) {
      tensor.extents.clear();
      tensor.extentTexts.clear();
    }
  }
}

LogicalResult SpecBuilder::addDims() {
  for (DimAttr dim : program.getDims()->getAsRange<DimAttr>()) {
    DimSpec &result = spec.dims.emplace_back();
    result = {dim.getName().str(), dim.getMin(),     dim.getMax(),
              dim.getMultiple(),   dim.getTypical(), dim.isCounted()};
    AffineExpr self =
        getAffineSymbolExpr(spec.dims.size() - 1, program.getContext());
    if (dim.isCounted()) {
      // What it depends on comes before it.
      self = dim.getMost().getValue().getResult(0).replaceSymbols(largest);
      SizeTable::Size most = sizes.get(self);
      result.maxNumber = sizes.getNumber(most);
      result.max = sizes.getValue(most).value_or(result.max);
    }
    largest.push_back(self);
  }
  addExtents(spec.inputs, *program.getDynamicInputShapes());
  addExtents(spec.outputs, *program.getDynamicOutputShapes());
  // The runtime reads the sizes off the inputs.
  for (auto [i, dim] : llvm::enumerate(spec.dims)) {
    if (dim.isCounted)
      continue;
    SizeNumber number = sizes.getNumber(sizes.getDim(i));
    if (!llvm::any_of(spec.inputs, [&](const TensorSpec &input) {
          return llvm::is_contained(input.extents, number);
        }))
      return program.emitOpError("has the dim '")
             << dim.name << "', which is not an extent of any input";
  }
  return success();
}

/// Each slot is on the highest of those that it is above; the arena ends where
/// the highest slot does that has none above it.
void SpecBuilder::placeSlots() {
  SizeTable::Size alignment = sizes.getConstant(spec.arenaAlignment);
  auto getMax = [&](SizeTable::Size a, SizeTable::Size b) {
    return sizes.getValue(a) == 0 ? b : sizes.get(DLC_SIZE_MAX, a, b);
  };
  auto getEnd = [&](SlotOp slot) {
    int64_t bytes = getBufferBytes(slot.getResult());
    return sizes.get(DLC_SIZE_ADD, places.lookup(slot),
                     getSize(getLargest(slot.getDynamicBytes()), bytes));
  };
  for (auto slot : program.getBody().getOps<SlotOp>()) {
    SizeTable::Size place = sizes.getConstant(0);
    for (Value below : slot.getAbove())
      place = getMax(place, sizes.get(DLC_SIZE_ALIGN,
                                      getEnd(below.getDefiningOp<SlotOp>()),
                                      alignment));
    places[slot] = place;
    // From below: chains of slots are long.
    sizes.getNumber(place);
    if (llvm::none_of(slot->getUsers(), llvm::IsaPred<SlotOp>))
      arena = getMax(arena, getEnd(slot));
  }
}

LogicalResult SpecBuilder::addCount(CountOp count) {
  if (!program.isDynamic())
    return count.emitOpError("counts a dim, but the program has none: what "
                             "follows from it is not in the text of this "
                             "stage");
  FailureOr<RefSpec> ref = makeRef(count, count.getBuffer());
  if (failed(ref))
    return failure();
  spec.counts.push_back(
      {spec.steps.size(),
       static_cast<uint32_t>(program.getNumChosenDims() + count.getCount()),
       *ref});
  return success();
}

/// The shape of an output is known after the last count that it depends on.
void SpecBuilder::addOutputCounts() {
  for (auto [tensor, map] : llvm::zip_equal(
           spec.outputs,
           program.getDynamicOutputShapes()->getAsValueRange<AffineMapAttr>()))
    for (auto [i, count] : llvm::enumerate(spec.counts))
      if (llvm::any_of(map.getResults(), [&, dim = count.dim](AffineExpr e) {
            return e.isFunctionOfSymbol(dim);
          }))
        tensor.numCounts = i + 1;
}

void SpecBuilder::addTotals() {
  spec.arenaNumber = set(spec.arenaBytes, arena);
  spec.scratchNumber = set(spec.scratchBytesPerThread, scratch);
  spec.flopsNumber = set(spec.flops, flops);
  spec.sizes = sizes.getSizes();
}

FailureOr<ArtifactSpec> SpecBuilder::run() {
  if (!program.getArenaBytes() || !program.getWeightsBytes())
    return program.emitOpError("has not been planned");
  spec.inputs = makeTensors(program.getInputs(), program.getInputNames(),
                            program.getInputTypesAttr());
  spec.outputs = makeTensors(program.getOutputs(), program.getOutputNames(),
                             program.getOutputTypesAttr());
  spec.arenaBytes = *program.getArenaBytes();
  spec.arenaAlignment = program.getArenaAlignment().value_or(64);
  spec.arenaLowerBoundBytes = program.getArenaLowerBound().value_or(0);
  spec.weightsBytes = *program.getWeightsBytes();
  if (failed(addTargets()))
    return failure();
  if (program.isDynamic()) {
    if (failed(addDims()))
      return failure();
    placeSlots();
  }
  for (Operation &op : program.getBody().front()) {
    auto launch = dyn_cast<LaunchOp>(op);
    auto count = dyn_cast<CountOp>(op);
    if ((launch && failed(addStep(launch))) ||
        (count && failed(addCount(count))))
      return failure();
  }
  if (spec.cuda)
    addWaits();
  if (program.isDynamic()) {
    addOutputCounts();
    addTotals();
  }
  return std::move(spec);
}

//===----------------------------------------------------------------------===//
// Public functions
//===----------------------------------------------------------------------===//

FailureOr<ArtifactSpec> dlc::artifact::makeSpec(ProgramOp program) {
  return SpecBuilder(program).run();
}

/// Adds the weights of \p program; \p known are the offsets that are there.
static LogicalResult addWeights(ProgramOp program, WeightsImage &image,
                                llvm::DenseSet<uint64_t> &known) {
  for (auto weights : program.getBody().getOps<WeightsOp>()) {
    if (!weights.getOffset())
      return weights.emitOpError("has not been placed");
    image.storage.emplace_back();
    FailureOr<ArrayRef<char>> bytes =
        dlc::device::getBytes(weights.getValue(), image.storage.back());
    if (failed(bytes))
      return weights.emitOpError("has no data");
    if (image.storage.back().empty())
      image.storage.pop_back();
    if (!bytes->empty() && known.insert(*weights.getOffset()).second)
      image.chunks.push_back({*weights.getOffset(), *bytes});
  }
  return success();
}

FailureOr<WeightsImage>
dlc::artifact::collectWeights(ArrayRef<ProgramOp> programs) {
  WeightsImage image;
  llvm::DenseSet<uint64_t> known;
  for (ProgramOp program : programs)
    if (failed(addWeights(program, image, known)))
      return failure();
  llvm::sort(image.chunks, [](const DataChunk &a, const DataChunk &b) {
    return a.offset < b.offset;
  });
  return image;
}

std::string WeightsImage::getDigest() const {
  // A digest of the chunks' digests: they are not contiguous.
  SmallVector<uint8_t, 0> digests;
  auto append = [&](uint64_t value) {
    uint8_t bytes[8];
    llvm::support::endian::write64le(bytes, value);
    digests.append(std::begin(bytes), std::end(bytes));
  };
  auto digest = [](const void *data, size_t size) {
    return llvm::xxh3_128bits(
        ArrayRef(static_cast<const uint8_t *>(data), size));
  };
  for (const DataChunk &chunk : chunks) {
    llvm::XXH128_hash_t hash = digest(chunk.bytes.data(), chunk.bytes.size());
    for (uint64_t value : {chunk.offset, hash.high64, hash.low64})
      append(value);
  }
  llvm::XXH128_hash_t hash = digest(digests.data(), digests.size());
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}
