// SPDX-License-Identifier: Apache-2.0
// Flags that may be given several times.
#ifndef DLC_TOOLS_DLC_REPEATED_H
#define DLC_TOOLS_DLC_REPEATED_H

#include <CLI/Option.hpp>

namespace dlc::tool {

/// Lets \p option, whose values are a list, be given several times, with one
/// value each: what follows that is another argument, such as the model.
inline CLI::Option *repeated(CLI::Option *option) {
  return option->expected(1)->take_all()->allow_extra_args(false);
}

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_REPEATED_H
