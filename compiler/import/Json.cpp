// SPDX-License-Identifier: Apache-2.0
// A first pass over the text finds errors and excessive nesting; only then is
// the tree built.
#include "compiler/import/Json.h"

namespace dlc {

static constexpr unsigned maxDepth = 64;

namespace {

/// Accepts everything but too deep nesting, and keeps the parser's message.
class JsonCheck : public nlohmann::json_sax<nlohmann::json> {
public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool key(string_t &) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t, const std::string &,
                   const nlohmann::detail::exception &e) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    std::string_view text = e.what();
    size_t end = text.find("] ");
    message = text.substr(end == text.npos ? 0 : end + 2);
    return false;
  }

  std::string message;

private:
  bool enter() {
    if (++depth <= maxDepth)
      return true;
    message = "nests deeper than " + std::to_string(maxDepth) + " levels";
    return false;
  }
  bool leave() {
    --depth;
    return true;
  }

  unsigned depth = 0;
};

} // namespace

std::optional<nlohmann::json> parseJson(std::string_view text,
                                        std::string &error) {
  JsonCheck check;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &check)) {
    error = check.message.empty() ? "not well-formed" : check.message;
    return std::nullopt;
  }
  nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                            /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    error = "not well-formed";
    return std::nullopt;
  }
  return json;
}

} // namespace dlc
