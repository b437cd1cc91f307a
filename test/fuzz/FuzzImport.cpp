// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model: a line with the shapes of inputs, as --input has them,
// a symbol, and behind a NUL its parameters. "operations=5" before the first
// input limits the operations.
#include "test/fuzz/CheckImport.h"
#include "llvm/ADT/StringExtras.h"

#include <optional>

/// "x=2x3 y=4": what can't be read is left out.
static std::vector<dlc::InputOption> parseInputs(llvm::StringRef line) {
  std::vector<dlc::InputOption> inputs;
  for (llvm::StringRef item : llvm::split(line, ' ')) {
    auto [name, shape] = item.split('=');
    dlc::InputOption input{name.str(), {}, std::nullopt};
    for (llvm::StringRef extent : llvm::split(shape, 'x'))
      if (int64_t size; !extent.getAsInteger(10, size) && size > 0)
        input.shape.push_back({size, ""});
    if (!name.empty() && inputs.size() < 64)
      inputs.push_back(std::move(input));
  }
  return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto [line, rest] = text.split('\n');
  auto [symbol, bytes] = rest.split('\0');
  dlc::ImportOptions options;
  options.inputs = parseInputs(line);
  // Each operation may be the one that can't be built.
  if (!options.inputs.empty() && options.inputs.front().name == "operations" &&
      !options.inputs.front().shape.empty()) {
    options.maxOperations = options.inputs.front().shape.front().size;
    options.inputs.erase(options.inputs.begin());
  }
  dlc::NamedBytes model{"fuzz.json", symbol, nullptr};
  dlc::NamedBytes params{"fuzz.params", bytes, nullptr};
  dlc::fuzz::checkImport(model, bytes.empty() ? nullptr : &params,
                         std::move(options));
  return 0;
}
