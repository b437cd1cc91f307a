// SPDX-License-Identifier: Apache-2.0
// The metadata of an artifact as JSON. Keys are only ever added.
#include "codegen/artifact/Description.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace dlc::artifact;

std::string dlc::artifact::dtypeName(uint8_t dtypeCode, uint8_t dtypeBits) {
  // DLDataTypeCode: the names that numpy has for them.
  static constexpr StringLiteral names[] = {"int",    "uint",    "float", "",
                                            "bfloat", "complex", "bool"};
  if (dtypeCode == 6)
    return "bool";
  if (dtypeCode >= std::size(names) || names[dtypeCode].empty())
    return "unknown";
  return (names[dtypeCode] + Twine(unsigned(dtypeBits))).str();
}

static void writeStrings(json::OStream &json, StringRef key,
                         const std::vector<std::string> &strings) {
  json.attributeArray(key, [&] {
    for (const std::string &string : strings)
      json.value(json::fixUTF8(string));
  });
}

static void writeTensors(json::OStream &json, StringRef key,
                         const std::vector<TensorSpec> &tensors) {
  json.attributeArray(key, [&] {
    for (const TensorSpec &tensor : tensors)
      json.object([&] {
        json.attribute("name", json::fixUTF8(tensor.name));
        json.attribute("dtype", dtypeName(tensor.dtypeCode, tensor.dtypeBits));
        json.attributeArray("shape", [&] {
          for (auto [i, extent] : enumerate(tensor.shape))
            if (!tensor.extents.empty() && tensor.extents[i])
              json.value(json::fixUTF8(tensor.extentTexts[i]));
            else
              json.value(extent);
        });
      });
  });
}

/// What callers choose, and what the arena needs then.
static void writeDims(json::OStream &json, const ArtifactSpec &spec) {
  json.attributeArray("dims", [&] {
    for (const DimSpec &dim : spec.dims)
      json.object([&] {
        json.attribute("name", json::fixUTF8(dim.name));
        json.attribute("min", dim.min);
        if (dim.max != std::numeric_limits<int64_t>::max())
          json.attribute("max", dim.max);
        json.attribute("multiple", dim.multiple);
        json.attribute("typical", dim.typical);
        if (dim.isCounted)
          json.attribute("counted", true);
      });
  });
  if (auto least = fixSizes(spec, getLeastSizes(spec)))
    json.attribute("arena_bytes_min", least->arenaBytes);
  if (auto sizes = getLargestSizes(spec))
    if (auto largest = fixSizes(spec, *sizes))
      json.attribute("arena_bytes_max", largest->arenaBytes);
  json.attributeArray("specializations", [&] {
    for (const ArtifactSpec &special : spec.specializations)
      json.object([&] {
        writeTensors(json, "inputs", special.inputs);
        json.attribute("arena_bytes", special.arenaBytes);
        json.attribute("kernels", int64_t(special.kernels.size()));
        json.attribute("steps", int64_t(special.steps.size()));
      });
  });
}

/// The images, from the most to the least preferred.
static void writeCudaImages(json::OStream &json, const CudaSpec &cuda) {
  json.attributeArray("cuda_images", [&] {
    for (const CudaImageSpec &image : cuda.images)
      json.object([&] {
        json.attribute("kind", image.kind == DLC_CUDA_PTX ? "ptx" : "cubin");
        json.attribute("sm", image.sm);
        json.attribute("bytes", int64_t(image.bytes.size()));
      });
  });
}

static StringRef getComputeName(uint32_t compute) {
  static constexpr StringLiteral names[] = {"float32", "tf32", "float16",
                                            "bfloat16", "float64"};
  return names[compute];
}

/// The product that a library computes in the place of a kernel.
static void writeGemm(json::OStream &json, const CudaGemmSpec &gemm) {
  auto writeMatrix = [&](StringRef name, const CudaMatrixSpec &matrix) {
    if (!matrix.operand)
      return;
    json.attributeObject(name, [&] {
      json.attribute("operand", *matrix.operand);
      json.attribute("transposed", matrix.isTransposed);
      json.attribute("leading", matrix.leading);
      json.attribute("stride", matrix.stride);
    });
  };
  json.attributeObject("gemm", [&] {
    json.attribute("m", gemm.m);
    json.attribute("n", gemm.n);
    json.attribute("k", gemm.k);
    json.attribute("batch", gemm.batch);
    writeMatrix("a", gemm.a);
    writeMatrix("b", gemm.b);
    writeMatrix("c", gemm.c);
    writeMatrix("d", gemm.d);
    if (gemm.bias)
      json.attribute("bias", *gemm.bias);
    json.attribute("alpha", gemm.alpha);
    if (gemm.c.operand)
      json.attribute("beta", gemm.beta);
    json.attribute("relu", gemm.hasRelu);
    json.attribute("compute", getComputeName(gemm.compute));
    json.attribute("alignment", gemm.alignment);
    json.attribute("workspace_bytes", gemm.workspaceBytes);
    json.attribute("required", gemm.isRequired);
  });
}

/// How \p kernel is launched: at the typical sizes, where they matter, and
/// \p numPhases times if it doesn't say so itself. \p gemm: what a library
/// computes in its place, or null.
static void writeCudaKernel(json::OStream &json, const CudaKernelSpec &kernel,
                            int64_t numPhases, const CudaGemmSpec *gemm) {
  json.attributeObject("cuda", [&] {
    if (gemm)
      writeGemm(json, *gemm);
    json.attribute("phases", kernel.ownPhases ? kernel.ownPhases : numPhases);
    json.attribute("blocks", kernel.blocks);
    json.attribute("threads", kernel.threads);
    json.attribute("shared_bytes", kernel.sharedBytes);
    json.attribute("scratch_bytes", kernel.scratchBytes);
    if (kernel.occupancies.empty())
      return;
    json.attributeArray("occupancy", [&] {
      for (const CudaOccupancySpec &occupancy : kernel.occupancies)
        json.object([&] {
          json.attribute("sm", occupancy.sm);
          json.attribute("registers", occupancy.registers);
          json.attribute("spill_bytes", occupancy.spillBytes);
          json.attribute("resident_blocks", occupancy.blocks);
          json.attribute("warps", occupancy.warps);
        });
    });
  });
}

static const CudaGemmSpec *findGemm(const CudaSpec &cuda, size_t kernel) {
  for (const CudaGemmSpec &gemm : cuda.gemms)
    if (gemm.kernel == kernel)
      return &gemm;
  return nullptr;
}

static void writeKernels(json::OStream &json, const ArtifactSpec &spec) {
  json.attributeArray("kernels", [&] {
    for (auto [index, kernel] : enumerate(spec.kernels))
      json.object([&, index = index, &kernel = kernel] {
        json.attribute("name", kernel.name);
        writeStrings(json, "nodes", kernel.nodes);
        json.attribute("flops", kernel.flops);
        json.attribute("phases", kernel.numPhases);
        json.attributeObject("tasks", [&] {
          for (size_t i = 0; i < spec.targets.size(); ++i)
            json.attribute(spec.targets[i].name, kernel.variants[i].numTasks);
        });
        json.attribute("code_bytes", kernel.codeBytes);
        if (spec.cuda)
          writeCudaKernel(json, spec.cuda->kernels[index], kernel.numPhases,
                          findGemm(*spec.cuda, index));
      });
  });
}

static void writeSteps(json::OStream &json, const ArtifactSpec &spec) {
  bool hasQueues = countQueues(spec) > 1;
  json.attributeArray("steps", [&] {
    for (const StepSpec &step : spec.steps)
      json.object([&] {
        json.attribute("kernel", spec.kernels[step.kernel].name);
        writeStrings(json, "nodes", step.nodes);
        json.attribute("flops", step.flops);
        json.attribute("bytes", step.bytes);
        if (hasQueues)
          json.attribute("queue", step.queue);
      });
  });
}

std::string dlc::artifact::writeMetadata(const ArtifactSpec &spec) {
  std::string text;
  raw_string_ostream os(text);
  json::OStream json(os);
  json.object([&] {
    json.attribute("format", 1);
    json.attribute("name", json::fixUTF8(spec.name));
    json.attribute("compiler", spec.compiler);
    writeTensors(json, "inputs", spec.inputs);
    writeTensors(json, "outputs", spec.outputs);
    if (!spec.variables.empty())
      writeStrings(json, "variables", spec.variables);
    json.attributeArray("targets", [&] {
      for (const TargetSpec &target : spec.targets)
        json.value(target.name);
    });
    if (spec.cuda) {
      writeCudaImages(json, *spec.cuda);
      json.attribute("queues", countQueues(spec));
      json.attribute("waits", int64_t(spec.cuda->waits.size()));
    }
    json.attribute("flops", spec.flops);
    json.attribute("weights_bytes", spec.weightsBytes);
    json.attribute("params_bytes", spec.paramsBytes);
    json.attribute("arena_bytes", spec.arenaBytes);
    if (spec.isDynamic())
      writeDims(json, spec);
    json.attribute("arena_alignment", spec.arenaAlignment);
    json.attribute("arena_lower_bound_bytes", spec.arenaLowerBoundBytes);
    json.attribute("scratch_bytes_per_thread", spec.scratchBytesPerThread);
    json.attribute("state_bytes", spec.stateBytes);
    json.attribute("self_test", spec.test.has_value());
    json.attributeObject("digests", [&] {
      for (const auto &[what, digest] : spec.digests)
        json.attribute(what, digest);
    });
    writeKernels(json, spec);
    writeSteps(json, spec);
  });
  return text;
}
