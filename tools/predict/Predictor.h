// SPDX-License-Identifier: Apache-2.0
// What a PredictorHandle stands for: a session of a compiled model, and the
// values of its inputs and outputs.
#ifndef DLC_TOOLS_PREDICT_PREDICTOR_H
#define DLC_TOOLS_PREDICT_PREDICTOR_H

#include "tools/predict/ModelCache.h"

#include <functional>
#include <mutex>

namespace dlc::predict {

/// Called with each value after a run.
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
  void setMonitor(Monitor to);

private:
  Predictor() = default;

  ModelRequest request;
  unsigned threads = 0;
  std::shared_ptr<const tool::Artifact> model;
  std::vector<tool::Tensor> inputs, outputs;
  std::vector<std::vector<uint32_t>> shapes;
  /// After what it is bound to: it goes first.
  tool::Session session;
  Monitor monitor;
  std::recursive_mutex mutex;
};

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_PREDICTOR_H
