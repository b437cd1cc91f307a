// SPDX-License-Identifier: Apache-2.0
// Reads a planned program: every launch becomes a step, every buffer a
// reference.
#include "codegen/artifact/ProgramSpec.h"

#include "dlc/abi.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
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
  FailureOr<RefSpec> makeRef(LaunchOp launch, Value buffer);
  LogicalResult addStep(LaunchOp launch);

  ProgramOp program;
  ModuleOp module;
  ArtifactSpec spec;
  llvm::DenseMap<StringAttr, uint32_t> kernelNumbers;
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
    result.variants.push_back(
        {variant.getFunction().getValue().str(), variant.getTasks()});
    result.numPhases = variant.getPhases();
    spec.scratchBytesPerThread = std::max<uint64_t>(spec.scratchBytesPerThread,
                                                    variant.getScratchBytes());
  }
  spec.kernels.push_back(std::move(result));
  return it->second;
}

FailureOr<RefSpec> SpecBuilder::makeRef(LaunchOp launch, Value buffer) {
  BufferRange range = getRange(buffer);
  auto at = [&](uint64_t offset) { return offset + range.begin; };
  if (auto argument = dyn_cast<BlockArgument>(range.root)) {
    unsigned number = argument.getArgNumber();
    if (number < program.getNumInputs())
      return RefSpec{DLC_SPACE_INPUT, number, at(0)};
    return RefSpec{DLC_SPACE_OUTPUT, number - program.getNumInputs(), at(0)};
  }
  if (auto slot = range.root.getDefiningOp<SlotOp>(); slot && slot.getOffset())
    return RefSpec{DLC_SPACE_ARENA, 0, at(*slot.getOffset())};
  if (auto weights = range.root.getDefiningOp<WeightsOp>();
      weights && weights.getOffset())
    return RefSpec{DLC_SPACE_WEIGHTS, 0, at(*weights.getOffset())};
  return launch.emitOpError("has an operand that has not been placed");
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
  std::vector<std::string> &nodes = spec.kernels[*kernel].nodes;
  for (const std::string &node : step.nodes)
    if (!llvm::is_contained(nodes, node))
      nodes.push_back(node);
  spec.flops += step.flops;
  spec.steps.push_back(std::move(step));
  return success();
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
  for (auto launch : program.getBody().getOps<LaunchOp>())
    if (failed(addStep(launch)))
      return failure();
  return std::move(spec);
}

FailureOr<ArtifactSpec> dlc::artifact::makeSpec(ProgramOp program) {
  return SpecBuilder(program).run();
}

FailureOr<WeightsImage> dlc::artifact::collectWeights(ProgramOp program) {
  WeightsImage image;
  llvm::DenseSet<uint64_t> known;
  for (auto weights : program.getBody().getOps<WeightsOp>()) {
    if (!weights.getOffset())
      return weights.emitOpError("has not been placed");
    image.storage.emplace_back();
    FailureOr<ArrayRef<char>> bytes =
        device::getBytes(weights.getValue(), image.storage.back());
    if (failed(bytes))
      return weights.emitOpError("has no data");
    if (image.storage.back().empty())
      image.storage.pop_back();
    if (!bytes->empty() && known.insert(*weights.getOffset()).second)
      image.chunks.push_back({*weights.getOffset(), *bytes});
  }
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
