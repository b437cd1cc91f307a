// SPDX-License-Identifier: Apache-2.0
// Collects dynamic dimensions.
#include "compiler/dynamic/Dims.h"

#include <algorithm>

namespace dlc::dynamic {

/// Sizes to try for a typical one, the likeliest first.
static constexpr int64_t kLeadingCandidates[] = {8, 4, 2, 16, 32, 64};
static constexpr int64_t kCandidates[] = {256, 224, 128, 64,  32,  192, 160,
                                          96,  48,  16,  320, 384, 512, 1024};

bool hasDims(const ImportOptions &options) {
  for (const InputOption &input : options.inputs)
    for (const InputDim &dim : input.shape)
      if (!dim.name.empty())
        return true;
  return false;
}

static std::vector<Dim>::iterator findDim(std::vector<Dim> &dims,
                                          const std::string &name) {
  return std::find_if(dims.begin(), dims.end(),
                      [&](const Dim &dim) { return dim.name == name; });
}

ImportOptions instantiate(const ImportOptions &options,
                          const std::vector<Dim> &dims, const Sizes &sizes) {
  ImportOptions result = options;
  for (InputOption &input : result.inputs)
    for (InputDim &extent : input.shape)
      for (size_t i = 0; i < dims.size(); ++i)
        if (extent.name == dims[i].name)
          extent = {sizes[i], ""};
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i].isCounted)
      result.counts.push_back(sizes[i]);
  return result;
}

std::vector<Dim> takeDims(ImportOptions &options, const std::string &file,
                          DiagnosticList &diagnostics) {
  std::vector<Dim> dims;
  for (const InputOption &input : options.inputs)
    for (size_t i = 0; i < input.shape.size(); ++i) {
      const std::string &name = input.shape[i].name;
      if (name.empty())
        continue;
      auto dim = findDim(dims, name);
      if (dim == dims.end()) {
        dims.emplace_back();
        dim = std::prev(dims.end());
        dim->name = name;
        dim->input = input.name;
      }
      dim->isLeading &= i == 0;
    }
  std::vector<Dim> fixed;
  for (const DimOption &bounds : options.dims) {
    auto dim = findDim(dims, bounds.name);
    if (dim == dims.end()) {
      diagnostics.add(DiagnosticCode::UnsupportedOption, {file, "", "", -1},
                      "--dim bounds '" + bounds.name +
                          "', which no --input names");
      continue;
    }
    dim->low = bounds.low;
    dim->high = bounds.high;
    dim->isBounded = true;
    if (dim->low == dim->high) {
      fixed.push_back(*dim);
      dims.erase(dim);
    }
  }
  Sizes sizes;
  for (const Dim &dim : fixed)
    sizes.push_back(dim.low);
  options = instantiate(options, fixed, sizes);
  return dims;
}

/// Typical sizes that \p dim may have, the likeliest first.
static Sizes getCandidates(const Dim &dim) {
  Sizes result;
  auto add = [&](int64_t size) {
    if (dim.low <= size && size <= dim.high)
      result.push_back(size);
  };
  if (dim.isLeading)
    std::for_each(std::begin(kLeadingCandidates), std::end(kLeadingCandidates),
                  add);
  else
    std::for_each(std::begin(kCandidates), std::end(kCandidates), add);
  if (dim.high < std::numeric_limits<int64_t>::max())
    for (int64_t size : {dim.high, (dim.low + dim.high) / 2, dim.low})
      if (size > 1)
        result.push_back(size);
  if (result.empty())
    result.push_back(dim.low);
  return result;
}

std::vector<Sizes> getTypicalSizes(const std::vector<Dim> &dims) {
  size_t count = 1;
  for (const Dim &dim : dims)
    count = std::max(count, getCandidates(dim).size());
  std::vector<Sizes> result;
  for (size_t i = 0; i < count; ++i) {
    Sizes sizes;
    for (const Dim &dim : dims) {
      Sizes candidates = getCandidates(dim);
      sizes.push_back(candidates[std::min(i, candidates.size() - 1)]);
    }
    result.push_back(sizes);
  }
  return result;
}

} // namespace dlc::dynamic
