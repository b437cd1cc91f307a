// SPDX-License-Identifier: Apache-2.0
// Everything that an artifact's tables say, as plain data: the input of
// Description.h. The names follow dlc/abi.h.
#ifndef DLC_CODEGEN_ARTIFACT_SPEC_H
#define DLC_CODEGEN_ARTIFACT_SPEC_H

#include "dlc/abi.h"
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dlc::artifact {

/// What an integer beside it is at sizes that aren't typical: the index of a
/// size of the artifact plus one, or 0 where the integer always holds.
using SizeNumber = uint32_t;

/// A size that callers choose, or that the model counts.
struct DimSpec {
  std::string name;
  int64_t min = 1;
  int64_t max = std::numeric_limits<int64_t>::max(); ///< or no bound
  int64_t multiple = 1;
  int64_t typical = 1;
  bool isCounted = false;
  SizeNumber maxNumber = 0; ///< of `max`, where it is counted
};

/// A session input or output. The type is DLPack's (code, bits). The shape and
/// the size in bytes hold at the typical sizes.
struct TensorSpec {
  std::string name;
  uint8_t dtypeCode = 2; // kDLFloat
  uint8_t dtypeBits = 32;
  std::vector<int64_t> shape;
  uint64_t sizeBytes = 0;
  /// For each extent, and what those that depend on dims are, as "N * 2"; both
  /// empty where none does.
  std::vector<SizeNumber> extents = {};
  std::vector<std::string> extentTexts = {};
  /// How many counts are known before the shape is.
  uint32_t numCounts = 0;
};

/// A target; `features` are bits of enum dlc_abi_cpu_feature.
struct TargetSpec {
  std::string name;
  uint64_t features = 0;
};

/// The code of one kernel for one target.
struct VariantSpec {
  std::string symbol;
  int64_t numTasks = 1; ///< of a phase
  SizeNumber tasksNumber = 0;
};

struct KernelSpec {
  std::string name;
  std::vector<VariantSpec> variants; ///< one for each target, in their order
  std::vector<std::string> nodes;    ///< the model's operators it computes
  uint64_t flops = 0;                ///< of one launch
  uint64_t codeBytes = 0;            ///< over all targets
  int64_t numPhases = 1;
  SizeNumber phasesNumber = 0;
};

/// An operand of a step; `space` is enum dlc_abi_space.
struct RefSpec {
  uint32_t space = 0;
  uint32_t index = 0;
  uint64_t offset = 0;
  SizeNumber offsetNumber = 0;
};

struct StepSpec {
  uint32_t kernel = 0;
  uint32_t device = 0;
  uint32_t queue = 0;
  std::vector<RefSpec> refs;
  uint64_t flops = 0;
  uint64_t bytes = 0; ///< read and written
  uint64_t costNs = 0;
  std::vector<std::string> nodes;
  SizeNumber flopsNumber = 0;
};

/// Where a dim is counted: before a step, an int64.
struct CountSpec {
  uint64_t step = 0;
  uint32_t dim = 0;
  RefSpec ref;
};

/// The embedded self-test: where each tensor's bytes lie in the test section;
/// nothing for a tensor that is not part of the test.
struct TestSpec {
  std::vector<std::optional<uint64_t>> inputs, outputs;
  double rtol = 1e-4, atol = 1e-5;
  /// The sizes of the dims that it has; empty: the typical ones.
  std::vector<int64_t> dims = {};
};

/// A module for CUDA devices.
struct CudaImageSpec {
  uint32_t kind = DLC_CUDA_PTX; ///< enum dlc_abi_cuda_image_kind
  uint32_t sm = 80;             ///< as dlc_abi_cuda_image.sm
  std::string bytes;            ///< of PTX the text, without a zero
};

/// How a kernel's blocks fit into the multiprocessors of a chip.
struct CudaOccupancySpec {
  uint32_t sm = 80;        ///< compute capability
  uint32_t registers = 0;  ///< of a thread
  uint64_t spillBytes = 0; ///< that a thread stores and loads for want of them
  uint32_t blocks = 0;     ///< that a multiprocessor holds at once
  double warps = 0;        ///< the share that these are of the most it can hold
};

/// How a kernel is launched on a CUDA device.
struct CudaKernelSpec {
  std::string name; ///< of the entry point
  uint32_t threads = 1;
  uint32_t sharedBytes = 0;
  uint64_t blocks = 1; ///< of a phase
  uint64_t scratchBytes = 0;
  SizeNumber blocksNumber = 0, scratchNumber = 0;
  /// The number of phases if it isn't KernelSpec::numPhases, which is that of
  /// CPUs where there is code for them, else 0.
  int64_t ownPhases = 0;
  /// For each chip that there is machine code for. Only metadata.
  std::vector<CudaOccupancySpec> occupancies = {};
};

/// A matrix of a product, as dlc_abi_cuda_matrix; no `operand`: there is none.
struct CudaMatrixSpec {
  std::optional<uint32_t> operand;
  bool isTransposed = false;
  int64_t leading = 0;
  int64_t stride = 0;
};

/// A kernel that a library may compute, as dlc_abi_cuda_gemm.
struct CudaGemmSpec {
  uint32_t kernel = 0;
  uint32_t compute = DLC_GEMM_FLOAT32; ///< enum dlc_abi_gemm_compute
  bool hasRelu = false;
  bool isRequired = false;
  uint32_t alignment = 16;
  uint32_t batch = 1;
  std::optional<uint32_t> bias;
  uint64_t m = 1, n = 1, k = 1;
  CudaMatrixSpec a, b, c, d;
  double alpha = 1, beta = 1;
  uint64_t workspaceBytes = 0;
};

/// A step that waits for the end of one on another queue.
struct CudaWaitSpec {
  uint64_t step, after;
};

/// What a model has for CUDA devices.
struct CudaSpec {
  /// From the most to the least preferred. None in a specialisation: it has
  /// its entry points in the images of the general model.
  std::vector<CudaImageSpec> images;
  std::vector<CudaKernelSpec> kernels; ///< one for each of the model's
  std::vector<CudaGemmSpec> gemms = {};
  /// As dlc_abi_cuda_wait.
  std::vector<CudaWaitSpec> waits = {};
};

/// A whole artifact, less code and bulk data.
struct ArtifactSpec {
  std::string name;
  std::string compiler; ///< "dlc 0.1.0"
  std::vector<TensorSpec> inputs, outputs;
  /// Every variable of the model, whether the artifact takes it or not: tools
  /// tell a value that is not needed from a misspelt name.
  std::vector<std::string> variables;
  std::vector<TargetSpec> targets; ///< from least to most demanding
  std::vector<KernelSpec> kernels;
  std::vector<StepSpec> steps;
  uint64_t weightsBytes = 0; ///< as stored
  uint64_t paramsBytes = 0;  ///< as given by the model
  uint64_t arenaBytes = 0;
  uint64_t arenaAlignment = 64;
  uint64_t arenaLowerBoundBytes = 0;
  uint64_t scratchBytesPerThread = 0;
  uint64_t stateBytes = 0;
  uint64_t flops = 0;
  std::optional<TestSpec> test;
  /// What -> hexadecimal digest, e.g. {"weights", "9f86..."}.
  std::vector<std::pair<std::string, std::string>> digests;

  /// The sizes that callers choose, and what is computed from them (see
  /// SizeTable.h). Empty where all shapes are fixed.
  std::vector<DimSpec> dims;
  std::vector<dlc_abi_size> sizes;
  SizeNumber arenaNumber = 0, scratchNumber = 0, flopsNumber = 0;
  /// In the order of the steps.
  std::vector<CountSpec> counts;
  /// The same model for fixed shapes: same inputs, outputs, targets and
  /// weights.
  std::vector<ArtifactSpec> specializations;

  /// Nothing: the model runs on CPUs only. Without targets, on CUDA devices
  /// only.
  std::optional<CudaSpec> cuda;

  bool isDynamic() const { return !dims.empty(); }
};

/// How many queues of a device the steps of \p spec are on.
uint32_t countQueues(const ArtifactSpec &spec);

/// The values of the sizes of \p spec at \p dims; nothing where one can't be
/// computed.
std::optional<std::vector<int64_t>>
computeSizes(const ArtifactSpec &spec, const std::vector<int64_t> &dims);

/// What \p spec says of memory and tensors at \p dims, as of an artifact
/// without dims; nothing where something can't be computed.
std::optional<ArtifactSpec> fixSizes(const ArtifactSpec &spec,
                                     const std::vector<int64_t> &dims);

/// \p dims, sizes of those that callers choose, and behind them the most of
/// what is counted then; nothing where something can't be computed.
std::optional<std::vector<int64_t>> addLargestCounts(const ArtifactSpec &spec,
                                                     std::vector<int64_t> dims);

/// The typical, the least and the largest size of each dim of \p spec; the
/// latter only where all have one.
std::vector<int64_t> getTypicalSizes(const ArtifactSpec &spec);
std::vector<int64_t> getLeastSizes(const ArtifactSpec &spec);
std::optional<std::vector<int64_t>> getLargestSizes(const ArtifactSpec &spec);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_SPEC_H
