// SPDX-License-Identifier: Apache-2.0
// Flags that several subcommands share.
#include "tools/dlc/Flags.h"

#include "tools/dlc/Repeated.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cctype>

using namespace dlc::tool;

/// A kind of device with an index: "cpu:0", "cuda:1".
static std::string checkDevice(const std::string &device) {
  size_t colon = std::min(device.find(':'), device.size());
  bool good = colon > 0;
  for (size_t i = 0; i < colon; ++i)
    good &= std::islower(static_cast<unsigned char>(device[i])) != 0;
  std::string index = colon < device.size() ? device.substr(colon + 1) : "0";
  good &= !index.empty() && std::all_of(index.begin(), index.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c));
  });
  return good ? ""
              : "'" + device + "' is no device; write it as cpu:0 or cuda:0";
}

void dlc::tool::addSessionFlags(CLI::App &command, std::string &file,
                                SessionFlags &session) {
  command.add_option("MODEL", file, "The artifact, made by dlc compile")
      ->required();
  command
      .add_option("--threads", session.threads,
                  "Threads of the CPU to use (default: one for each CPU)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command
      .add_option("--device", session.device,
                  "Where to run: cuda:0 is the first GPU (default: cpu:0)")
      ->check(CLI::Validator(checkDevice, "", "device"))
      ->type_name("KIND:INDEX");
}

void dlc::tool::addDimFlag(CLI::App &command, std::vector<std::string> &dims,
                           CLI::Option *io) {
  auto check = [](const std::string &text) -> std::string {
    size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos || equals + 1 == text.size())
      return "'" + text + "' is not of the form N=8";
    return "";
  };
  repeated(command.add_option(
               "--dim", dims,
               "A size of random inputs, of a model that lets one choose "
               "(default: the typical one)"))
      ->check(CLI::Validator(check, "", "dim"))
      ->type_name("N=SIZE")
      ->excludes(io);
}
