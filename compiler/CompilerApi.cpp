// SPDX-License-Identifier: Apache-2.0
// The one symbol of libdlc_compiler.so.
#include "compiler/Compile.h"

const dlc::CompilerApi *dlc_compiler_api_v1() {
  static const dlc::CompilerApi api = {sizeof(dlc::CompilerApi), dlc::compile,
                                       dlc::check, dlc::inspect,
                                       dlc::bisectModel};
  return &api;
}
