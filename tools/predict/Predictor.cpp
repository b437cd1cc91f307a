// SPDX-License-Identifier: Apache-2.0
// Runs a compiled model on memory of its own.
#include "tools/predict/Predictor.h"

#include <algorithm>
#include <cstring>

namespace dlc::predict {

using Lock = std::lock_guard<std::recursive_mutex>;

std::shared_ptr<Predictor>
Predictor::create(ModelRequest request, unsigned threads, std::string &error) {
  // The order in which a program names inputs does not matter.
  std::sort(request.inputs.begin(), request.inputs.end(),
            [](const InputOption &a, const InputOption &b) {
              return a.name < b.name;
            });
  std::shared_ptr<Predictor> made(new Predictor);
  made->model = getModel(request, error);
  if (!made->model)
    return nullptr;
  made->request = std::move(request);
  made->threads = threads;
  for (uint32_t i = 0; i < made->model->info().num_inputs; ++i) {
    tool::Tensor &input = made->inputs.emplace_back(made->model->input(i));
    const Weight *value = made->source().findValue(input.name());
    if (value && value->data.size() == input.sizeBytes())
      std::memcpy(input.data(), value->data.data(), value->data.size());
  }
  tool::SessionFlags flags;
  flags.threads = threads;
  if (!made->session.create(*made->model, flags, /*withProfile=*/false,
                            made->inputs, made->outputs, error))
    return nullptr;
  for (const tool::Tensor &output : made->outputs)
    made->shapes.emplace_back(output.shape().begin(), output.shape().end());
  return made;
}

std::shared_ptr<Predictor>
Predictor::reshape(const std::vector<InputOption> &changed,
                   std::string &error) {
  Lock lock(mutex);
  ModelRequest other = request;
  for (const InputOption &input : changed) {
    auto same = std::find_if(
        other.inputs.begin(), other.inputs.end(),
        [&](const InputOption &old) { return old.name == input.name; });
    if (same == other.inputs.end())
      other.inputs.push_back(input);
    else
      same->shape = input.shape;
  }
  std::shared_ptr<Predictor> made = create(std::move(other), threads, error);
  if (!made)
    return nullptr;
  for (tool::Tensor &to : made->inputs)
    for (const tool::Tensor &from : inputs)
      if (from.name() == to.name() && from.shape() == to.shape() &&
          from.dtype() == to.dtype())
        std::memcpy(to.data(), from.data(), from.sizeBytes());
  return made;
}

/// Checks that a program and \p tensor agree on the number of elements.
static bool checkCount(const char *kind, const tool::Tensor &tensor,
                       const void *data, size_t count, std::string &error) {
  size_t elements = tensor.sizeBytes() / tensor.dtype().bytes();
  if (count == elements && (data || count == 0))
    return true;
  error =
      std::string(kind) + " '" + tensor.name() + "' has " +
      std::to_string(elements) + " elements (" +
      tool::typeText(tensor.dtype(), tensor.shape()) + "), but " +
      (count == elements ? "data is null" : "size is " + std::to_string(count));
  return false;
}

bool Predictor::setInput(const std::string &name, const void *data,
                         size_t count, std::string &error) {
  Lock lock(mutex);
  for (tool::Tensor &input : inputs) {
    if (input.name() != name)
      continue;
    if (!checkCount("input", input, data, count, error))
      return false;
    std::memcpy(input.data(), data, input.sizeBytes());
    return true;
  }
  if (!source().hasVariable(name)) {
    error = "the model has no input '" + name + "'";
    return false;
  }
  if (source().findValue(name)) {
    error = "'" + name +
            "' is a parameter, which is compiled into the model; it can be set "
            "where it is among the input_keys";
    return false;
  }
  return true; // a label
}

const tool::Tensor *Predictor::findOutput(uint32_t index,
                                          std::string &error) const {
  if (index < outputs.size())
    return &outputs[index];
  error = "there is no output " + std::to_string(index) + ": the model has " +
          std::to_string(outputs.size());
  return nullptr;
}

bool Predictor::getOutput(uint32_t index, void *data, size_t count,
                          std::string &error) {
  Lock lock(mutex);
  const tool::Tensor *output = findOutput(index, error);
  if (!output || !checkCount("output", *output, data, count, error))
    return false;
  std::memcpy(data, output->data(), output->sizeBytes());
  return true;
}

/// Copies values between tensors of two compilations of a model: the first
/// ones of the longer list are those of the shorter.
static void copyValues(const std::vector<tool::Tensor> &from,
                       std::vector<tool::Tensor> &to) {
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i)
    std::memcpy(to[i].data(), from[i].data(),
                std::min(from[i].sizeBytes(), to[i].sizeBytes()));
}

bool Predictor::runWatched(std::string &error) {
  // Copies: it may be replaced while it is called.
  std::shared_ptr<Predictor> model = watched;
  Monitor called = monitor;
  copyValues(inputs, model->inputs);
  if (!model->session.run(error) ||
      !model->session.fetch(model->outputs, error))
    return false;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (this->model->output(static_cast<uint32_t>(i)).is_counted)
      outputs[i] = tool::Tensor(this->model->output(static_cast<uint32_t>(i)),
                                model->outputs[i].shape());
  copyValues(model->outputs, outputs);
  if (called.wantsInputs)
    for (const tool::Tensor &input : inputs)
      called.notify(input);
  for (size_t i = outputs.size(); i < model->outputs.size(); ++i)
    called.notify(model->outputs[i]);
  return true;
}

bool Predictor::run(std::string &error) {
  Lock lock(mutex);
  bool isRun = watched ? runWatched(error)
                       : session.run(error) && session.fetch(outputs, error);
  for (size_t i = 0; isRun && i < outputs.size(); ++i)
    shapes[i].assign(outputs[i].shape().begin(), outputs[i].shape().end());
  return isRun;
}

bool Predictor::setMonitor(Monitor to, std::string &error) {
  Lock lock(mutex);
  std::shared_ptr<Predictor> other;
  if (to.notify && !watched) {
    ModelRequest all = request;
    all.withInternals = true;
    other = create(std::move(all), threads, error);
    if (!other)
      return false;
  }
  if (!to.notify || other)
    watched = std::move(other);
  monitor = std::move(to);
  return true;
}

} // namespace dlc::predict
