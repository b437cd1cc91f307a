// SPDX-License-Identifier: Apache-2.0
// Parses JSON that may be hostile: no exception, no deep recursion later on,
// and an error text with line and column.
#ifndef DLC_COMPILER_IMPORT_JSON_H
#define DLC_COMPILER_IMPORT_JSON_H

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace dlc {

/// Parses \p text. \returns nothing, with the reason in \p error, if it is not
/// well-formed or nests deeper than any model does.
std::optional<nlohmann::json> parseJson(std::string_view text,
                                        std::string &error);

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_JSON_H
