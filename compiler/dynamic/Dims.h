// SPDX-License-Identifier: Apache-2.0
// A model's dynamic dimensions, and the model at some of their sizes.
#ifndef DLC_COMPILER_DYNAMIC_DIMS_H
#define DLC_COMPILER_DYNAMIC_DIMS_H

#include "compiler/Compile.h"
#include <limits>

namespace dlc::dynamic {

/// A dimension that --input names, or an extent that depends on values: that is
/// counted while the model runs.
struct Dim {
  std::string name;
  int64_t low = 1, high = std::numeric_limits<int64_t>::max();
  int64_t multiple = 1;   ///< sizes are multiples of it
  int64_t typical = 0;    ///< the size to compile for
  std::string input;      ///< the first one that has it; the node that counts
  bool isLeading = true;  ///< the first extent of each input that has it
  bool isBounded = false; ///< by --dim
  bool isCounted = false;
};

/// A size for each dimension.
using Sizes = std::vector<int64_t>;

/// Whether an input of \p options has a dynamic dimension.
bool hasDims(const ImportOptions &options);

/// The dimensions of \p options in the order of the inputs; a diagnostic for
/// bounds of what isn't one. Those of a single size are left out: \p options
/// have it in their place.
std::vector<Dim> takeDims(ImportOptions &options, const std::string &file,
                          DiagnosticList &diagnostics);

/// Sizes that may be typical of \p dims, the likeliest first.
std::vector<Sizes> getTypicalSizes(const std::vector<Dim> &dims);

/// \p options with sizes in the place of names, and for what is counted.
ImportOptions instantiate(const ImportOptions &options,
                          const std::vector<Dim> &dims, const Sizes &sizes);

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_DIMS_H
