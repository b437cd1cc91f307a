// SPDX-License-Identifier: Apache-2.0
// `dlc run`: runs an artifact once and stores its outputs.
#include "tools/dlc/Commands.h"
#include "tools/dlc/Flags.h"
#include "tools/dlc/Inputs.h"
#include "tools/dlc/Repeated.h"
#include "tools/dlc/Values.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>

using namespace dlc;
using namespace dlc::tool;

/// Runs of the model where a profile is wanted.
static constexpr int kProfiledRuns = 4;

namespace {
struct RunFlags {
  std::string file, io, output, profile;
  std::vector<std::string> inputs; ///< NAME=FILE.npy
  std::vector<std::string> dims;   ///< NAME=SIZE
  SessionFlags session;
  uint64_t seed = 0;
};
} // namespace

/// Fills \p inputs from the flags; \returns an ExitStatus.
static int readInputs(const RunFlags &flags, InputSet &inputs) {
  std::string error;
  if (!inputs.setSizes(flags.dims, error))
    return badInput(flags.file, error);
  if (flags.io.empty() && flags.inputs.empty()) {
    inputs.addRandom(flags.seed);
    return Done;
  }
  npz::Reader archive;
  if (!flags.io.empty() &&
      (!archive.open(flags.io, error) || !inputs.addArchive(archive, error)))
    return badInput(flags.io, error);
  for (const std::string &input : flags.inputs) {
    size_t equals = input.rfind('=');
    std::string path = input.substr(equals + 1);
    if (!inputs.addFile(input.substr(0, equals), path, error))
      return badInput(path, error);
  }
  inputs.addSeed(flags.seed);
  if (!inputs.isComplete(error))
    return badInput(flags.io.empty() ? flags.file : flags.io, error);
  return Done;
}

/// One line: "softmax_output: float32 360x10, 0 to 0.99, mean 0.1".
static void printSummary(const Tensor &tensor) {
  std::printf("%s: %s", tensor.name().c_str(),
              typeText(tensor.dtype(), tensor.shape()).c_str());
  size_t width = tensor.dtype().bytes(), count = tensor.sizeBytes() / width;
  double least = 0, most = 0, sum = 0;
  for (size_t i = 0; i < count; ++i) {
    double value = loadValue(tensor.dtype(), tensor.data() + i * width);
    least = i ? std::min(least, value) : value;
    most = i ? std::max(most, value) : value;
    sum += value;
  }
  if (count)
    std::printf(", %g to %g, mean %g", least, most, sum / count);
  std::printf("\n");
}

static int run(const RunFlags &flags) {
  Artifact artifact;
  std::string error;
  if (!artifact.load(flags.file, error))
    return badInput(flags.file, error);
  InputSet inputs(artifact);
  if (int status = readInputs(flags, inputs))
    return status;
  std::vector<Tensor> outputs;
  Session session;
  if (!session.create(artifact, flags.session, !flags.profile.empty(),
                      inputs.tensors, outputs, error))
    return badInput(flags.file, error);
  // A profile is of the last run: the first ones load weights from the file.
  for (int runs = flags.profile.empty() ? 1 : kProfiledRuns; runs > 0; --runs)
    if (!session.run(error))
      return badInput(flags.file, error);
  if (!session.fetch(outputs, error))
    return badInput(flags.file, error);
  if (!flags.profile.empty() &&
      dlc_session_write_trace(session.get(), flags.profile.c_str()) != DLC_OK)
    return badInput(flags.profile, lastError(flags.profile));
  if (flags.output.empty()) {
    for (const Tensor &tensor : outputs)
      printSummary(tensor);
    return Done;
  }
  npz::Writer writer(flags.output);
  for (const Tensor &tensor : outputs)
    writer.add("out:" + tensor.name(), tensor.toArray());
  if (!writer.commit(error))
    return badInput(flags.output, error);
  return Done;
}

static std::string checkInput(const std::string &input) {
  size_t equals = input.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == input.size())
    return "'" + input + "' is not of the form NAME=FILE.npy";
  return "";
}

void dlc::tool::addRun(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("run", "Run an artifact");
  auto flags = std::make_shared<RunFlags>();
  addSessionFlags(*command, flags->file, flags->session);
  CLI::Option *io =
      command
          ->add_option("--io", flags->io,
                       "Take inputs from the keys in:NAME, aux:NAME or NAME")
          ->type_name("FILE.npz");
  repeated(command->add_option("--input", flags->inputs,
                               "Take one input from a file"))
      ->check(CLI::Validator(checkInput, "", "input"))
      ->type_name("NAME=FILE.npy");
  addDimFlag(*command, flags->dims, io);
  command
      ->add_option("--output", flags->output,
                   "Write the outputs as out:NAME (default: print a summary)")
      ->type_name("FILE.npz");
  command
      ->add_option("--seed", flags->seed,
                   "Of the random inputs where none are given, and of the "
                   "random numbers that the model draws")
      ->type_name("N");
  command
      ->add_option("--profile", flags->profile,
                   "Run four times and write when each kernel ran in the "
                   "last one, as a Chrome trace")
      ->type_name("FILE.json");
  command->callback(
      [flags, &action] { action = [flags] { return run(*flags); }; });
}
