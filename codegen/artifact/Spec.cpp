// SPDX-License-Identifier: Apache-2.0
// Artifacts with dims at given sizes.
#include "codegen/artifact/Spec.h"

#include <algorithm>

using namespace dlc::artifact;

uint32_t dlc::artifact::countQueues(const ArtifactSpec &spec) {
  uint32_t count = 1;
  for (const StepSpec &step : spec.steps)
    count = std::max(count, step.queue + 1);
  return count;
}

std::optional<std::vector<int64_t>>
dlc::artifact::computeSizes(const ArtifactSpec &spec,
                            const std::vector<int64_t> &dims) {
  std::vector<int64_t> values(spec.sizes.size());
  if (!dlc_abi_compute_sizes(spec.sizes.data(), values.size(), dims.data(),
                             values.data()))
    return std::nullopt;
  return values;
}

std::optional<std::vector<int64_t>>
dlc::artifact::addLargestCounts(const ArtifactSpec &spec,
                                std::vector<int64_t> dims) {
  size_t first = dims.size();
  dims.resize(spec.dims.size());
  auto values = computeSizes(spec, dims);
  if (!values)
    return std::nullopt;
  for (size_t i = first; i < dims.size(); ++i)
    dims[i] = spec.dims[i].maxNumber ? (*values)[spec.dims[i].maxNumber - 1]
                                     : spec.dims[i].max;
  return dims;
}

/// Gives \p tensor the shape that it has where the sizes are \p values.
static bool fixTensor(TensorSpec &tensor, const std::vector<int64_t> &values) {
  uint64_t bytes = (tensor.dtypeBits + 7) / 8;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    int64_t &extent = tensor.shape[i];
    if (!tensor.extents.empty() && tensor.extents[i])
      extent = values[tensor.extents[i] - 1];
    if (extent < 0 || __builtin_mul_overflow(bytes, uint64_t(extent), &bytes))
      return false;
  }
  tensor.sizeBytes = bytes;
  tensor.extents.clear();
  tensor.extentTexts.clear();
  return true;
}

std::optional<ArtifactSpec>
dlc::artifact::fixSizes(const ArtifactSpec &spec,
                        const std::vector<int64_t> &dims) {
  auto values = computeSizes(spec, dims);
  if (!values)
    return std::nullopt;
  ArtifactSpec result = spec;
  for (std::vector<TensorSpec> *tensors : {&result.inputs, &result.outputs})
    for (TensorSpec &tensor : *tensors)
      if (!fixTensor(tensor, *values))
        return std::nullopt;
  auto fix = [&](uint64_t &integer, SizeNumber number) {
    if (number)
      integer = uint64_t((*values)[number - 1]);
  };
  fix(result.arenaBytes, spec.arenaNumber);
  fix(result.scratchBytesPerThread, spec.scratchNumber);
  fix(result.flops, spec.flopsNumber);
  result.dims.clear();
  result.counts.clear();
  result.sizes.clear();
  result.specializations.clear();
  return result;
}

std::vector<int64_t> dlc::artifact::getTypicalSizes(const ArtifactSpec &spec) {
  std::vector<int64_t> sizes;
  for (const DimSpec &dim : spec.dims)
    sizes.push_back(dim.typical);
  return sizes;
}

std::vector<int64_t> dlc::artifact::getLeastSizes(const ArtifactSpec &spec) {
  std::vector<int64_t> sizes;
  for (const DimSpec &dim : spec.dims)
    sizes.push_back((dim.min + dim.multiple - 1) / dim.multiple * dim.multiple);
  return sizes;
}

std::optional<std::vector<int64_t>>
dlc::artifact::getLargestSizes(const ArtifactSpec &spec) {
  std::vector<int64_t> sizes;
  for (const DimSpec &dim : spec.dims) {
    if (dim.isCounted)
      break;
    if (dim.max == std::numeric_limits<int64_t>::max())
      return std::nullopt;
    sizes.push_back(dim.max / dim.multiple * dim.multiple);
  }
  return addLargestCounts(spec, std::move(sizes));
}
