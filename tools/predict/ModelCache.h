// SPDX-License-Identifier: Apache-2.0
// Compiled models: shared within the process and kept on disk between
// processes.
#ifndef DLC_TOOLS_PREDICT_MODELCACHE_H
#define DLC_TOOLS_PREDICT_MODELCACHE_H

#include "tools/dlc/Artifact.h"
#include "tools/predict/Source.h"

namespace dlc::predict {

/// What is to be compiled.
struct ModelRequest {
  std::shared_ptr<const Source> source;
  std::vector<InputOption> inputs;
  /// Empty: the model's own.
  std::vector<std::string> outputs;
  /// See ImportOptions.
  bool withInternals = false;
};

/// Returns the model compiled for this machine's CPU. It is looked for among
/// those that are loaded, then in the folder "predict" of the cache's folder,
/// under a name that changes with whatever it is made from; entries that are
/// damaged are made anew, and old ones removed (see CacheSize.h). Where the
/// folder can't be written, the model is compiled to a temporary file. \returns
/// null, with the reason in \p error, if the model can't be compiled.
std::shared_ptr<const tool::Artifact> getModel(const ModelRequest &request,
                                               std::string &error);

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_MODELCACHE_H
