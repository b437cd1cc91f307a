// SPDX-License-Identifier: Apache-2.0
// Chooses schedules by measuring them.
#ifndef DLC_COMPILER_TUNE_TUNER_H
#define DLC_COMPILER_TUNE_TUNER_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// Gives the contractions of \p module (plan stage) the schedules that
/// `options.tune` knows or finds to be faster than the cost model's, for each
/// target. Contractions that have a schedule already keep it. Returns false,
/// with a diagnostic, where the host can't run the code of any target.
bool tuneKernels(mlir::ModuleOp module, const CompileOptions &options,
                 CompileResult &result);

/// Whether \p options ask for tuneKernels() at all.
inline bool wantsTuning(const CompileOptions &options) {
  return options.tune.seconds > 0 || !options.tune.cacheFile.empty();
}

} // namespace dlc

#endif // DLC_COMPILER_TUNE_TUNER_H
