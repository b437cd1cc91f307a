// SPDX-License-Identifier: Apache-2.0
// Flags that may be given several times.
#ifndef DLC_TOOLS_DLC_REPEATED_H
#define DLC_TOOLS_DLC_REPEATED_H

#include <CLI/App.hpp>
#include <CLI/StringTools.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace dlc::tool {

/// Lets \p option, whose values are a list, be given several times, with one
/// value each: what follows that is another argument, such as the model.
inline CLI::Option *repeated(CLI::Option *option) {
  return option->expected(1)->take_all()->allow_extra_args(false);
}

/// Adds an option that takes items separated by commas, several times; \p items
/// get all of them. None may be empty.
inline CLI::Option *addList(CLI::App &app, const std::string &flag,
                            std::vector<std::string> &items,
                            const std::string &help) {
  auto split = [&items](const std::vector<std::string> &texts) {
    items.clear();
    for (const std::string &text : texts)
      for (std::string &item : CLI::detail::split(text, ','))
        items.push_back(std::move(item));
  };
  auto check = [](const std::string &text) {
    std::vector<std::string> parts = CLI::detail::split(text, ',');
    bool hasEmpty = text.empty() || text.back() == ',' ||
                    std::find(parts.begin(), parts.end(), "") != parts.end();
    return hasEmpty ? "'" + text + "' has an empty item" : std::string();
  };
  return repeated(app.add_option_function<std::vector<std::string>>(flag, split,
                                                                    help))
      ->check(check);
}

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_REPEATED_H
