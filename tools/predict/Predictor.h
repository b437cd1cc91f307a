// SPDX-License-Identifier: Apache-2.0
// What a PredictorHandle stands for: a session of a compiled model, and the
// values of its inputs and outputs.
#ifndef DLC_TOOLS_PREDICT_PREDICTOR_H
#define DLC_TOOLS_PREDICT_PREDICTOR_H

#include "tools/predict/ModelCache.h"

#include <functional>
#include <mutex>

namespace dlc::predict {

/// What is called with values after a run.
struct Monitor {
  std::function<void(const tool::Tensor &)> notify;
  bool wantsInputs = false;
};

/// A predictor. Calls wait for each other; a monitor may call back.
class Predictor {
public:
  /// Makes a predictor that runs on \p threads (0: on one for each CPU, 1: on
  /// the caller's). Inputs that have a value in the parameters start with it,
  /// others with zeros. \returns null, with the reason in \p error, on failure.
  static std::shared_ptr<Predictor>
  create(ModelRequest request, unsigned threads, std::string &error);

  /// Makes one like this, with \p inputs in place of those of the same name.
  /// The values of all others are taken over.
  std::shared_ptr<Predictor> reshape(const std::vector<InputOption> &inputs,
                                     std::string &error);

  /// Copies \p count elements into the input \p name.
  bool setInput(const std::string &name, const void *data, size_t count,
                std::string &error);
  bool getOutput(uint32_t index, void *data, size_t count, std::string &error);
  bool run(std::string &error);

  /// Null, with the reason in \p error, if there is no such output.
  const tool::Tensor *findOutput(uint32_t index, std::string &error) const;
  /// The sizes of output \p index, which exists.
  std::vector<uint32_t> &shape(uint32_t index) { return shapes[index]; }

  const Source &source() const { return *request.source; }

  /// Has \p to called with each output of each operator, in the order of the
  /// nodes, after each run. For that the model is compiled so that these exist,
  /// and runs in that form until an empty monitor is set.
  bool setMonitor(Monitor to, std::string &error);

private:
  Predictor() = default;
  bool runWatched(std::string &error);

  ModelRequest request;
  unsigned threads = 0;
  std::shared_ptr<const tool::Artifact> model;
  std::vector<tool::Tensor> inputs, outputs;
  std::vector<std::vector<uint32_t>> shapes;
  /// After what it is bound to: it goes first.
  tool::Session session;
  Monitor monitor;
  /// The model with all that a monitor sees; null without one.
  std::shared_ptr<Predictor> watched;
  std::recursive_mutex mutex;
};

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_PREDICTOR_H
