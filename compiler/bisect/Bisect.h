// SPDX-License-Identifier: Apache-2.0
// Finds the pass and the node that make a compiled model's answers wrong.
#ifndef DLC_COMPILER_BISECT_BISECT_H
#define DLC_COMPILER_BISECT_BISECT_H

#include "compiler/Compile.h"

namespace dlc::bisect {

/// The passes of each phase as the text that --pass-pipeline takes, one each.
struct PassList {
  std::vector<std::string> graph, lowering, plan;

  /// Those from the graph's groups to a plan.
  std::vector<std::string> getArtifact() const;
};

/// The compiler's own for \p options.
PassList listPasses(const CompileOptions &options);

/// Compares the reference interpreter with \p levels of optimisation, each with
/// its passes; see bisectModel() for the rest.
BisectResult run(const BisectOptions &options,
                 const std::vector<std::pair<unsigned, PassList>> &levels);

} // namespace dlc::bisect

#endif // DLC_COMPILER_BISECT_BISECT_H
