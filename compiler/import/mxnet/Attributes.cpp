// SPDX-License-Identifier: Apache-2.0
// Parses attribute specifications and the texts of attribute values.
#include "compiler/import/mxnet/Attributes.h"

#include <algorithm>
#include <charconv>

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

static std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\n\r");
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\n\r") - begin + 1);
}

/// Calls \p use with each part of \p text between separators.
template <typename Use>
static void split(std::string_view text, char separator, Use use) {
  while (true) {
    size_t end = text.find(separator);
    use(text.substr(0, end));
    if (end == text.npos)
      return;
    text.remove_prefix(end + 1);
  }
}

static bool parseInt(std::string_view text, int64_t &value) {
  text = trim(text);
  // Python 2 wrote long integers as 3L.
  if (!text.empty() && text.back() == 'L')
    text.remove_suffix(1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-')
    text.remove_prefix(1);
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

static bool parseFloat(std::string_view text, double &value) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-')
    text.remove_prefix(1);
  if (text.size() > 1 && text.back() == 'f' && text.find("inf") == text.npos)
    text.remove_suffix(1);
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

static bool parseBool(std::string_view text, int64_t &value) {
  text = trim(text);
  if (text == "True" || text == "true" || text == "1")
    value = 1;
  else if (text == "False" || text == "false" || text == "0")
    value = 0;
  else
    return false;
  return true;
}

/// Strips the brackets of a tuple; a bare value is a tuple of one.
static bool stripBrackets(std::string_view &text) {
  text = trim(text);
  if (text.empty() || (text.front() != '(' && text.front() != '['))
    return !text.empty();
  char close = text.front() == '(' ? ')' : ']';
  if (text.size() < 2 || text.back() != close)
    return false;
  text = trim(text.substr(1, text.size() - 2));
  // "(1,)"
  if (!text.empty() && text.back() == ',')
    text = trim(text.substr(0, text.size() - 1));
  return true;
}

bool parseSlots(std::string_view text, bool allowNone,
                std::vector<std::optional<int64_t>> &slots) {
  slots.clear();
  if (!stripBrackets(text))
    return false;
  bool good = true;
  if (!text.empty())
    split(text, ',', [&](std::string_view part) {
      int64_t value;
      if (parseInt(part, value))
        slots.push_back(value);
      else if (allowNone && trim(part) == "None")
        slots.push_back(std::nullopt);
      else
        good = false;
    });
  return good;
}

static bool parseFloats(std::string_view text, std::vector<double> &numbers) {
  if (!stripBrackets(text))
    return false;
  bool good = true;
  if (!text.empty())
    split(text, ',', [&](std::string_view part) {
      good &= parseFloat(part, numbers.emplace_back());
    });
  return good;
}

//===----------------------------------------------------------------------===//
// Values of a node
//===----------------------------------------------------------------------===//

const AttributeValue &Attributes::get(std::string_view name) const {
  static const AttributeValue none;
  auto it = values.find(name);
  return it == values.end() ? none : it->second;
}

void Attributes::set(std::string_view name, AttributeValue value) {
  values.insert_or_assign(std::string(name), std::move(value));
}

std::vector<int64_t> Attributes::getShape(std::string_view name) const {
  std::vector<int64_t> shape;
  for (const std::optional<int64_t> &dim : get(name).slots)
    shape.push_back(dim.value_or(0));
  return shape;
}

bool Attributes::test(std::string_view condition) const {
  auto is = [&](std::string_view name, std::string_view word) {
    const AttributeValue &value = get(name);
    return value.text == word || (word == "None" && value.isNone);
  };
  if (size_t unequal = condition.find("!="); unequal != condition.npos)
    return !is(condition.substr(0, unequal), condition.substr(unequal + 2));
  if (size_t equal = condition.find('='); equal != condition.npos)
    return is(condition.substr(0, equal), condition.substr(equal + 1));
  if (condition.front() == '!')
    return !getBool(condition.substr(1));
  return getBool(condition);
}

//===----------------------------------------------------------------------===//
// Specifications
//===----------------------------------------------------------------------===//

static void parseKind(std::string_view text, AttributeSpec &spec) {
  struct Kind {
    std::string_view name;
    AttributeKind kind;
    int64_t minimum = INT32_MIN, maximum = INT32_MAX;
  };
  static constexpr Kind kinds[] = {
      {"bool", AttributeKind::Bool},
      {"int", AttributeKind::Int},
      {"count", AttributeKind::Int, 1},
      {"float", AttributeKind::Float},
      {"shape", AttributeKind::Shape},
      {"counts", AttributeKind::Shape, 1},
      {"sizes", AttributeKind::Shape, 0},
      {"slots", AttributeKind::Slots},
      {"floats", AttributeKind::Floats},
      {"dtype", AttributeKind::DType},
      {"long", AttributeKind::Int, INT64_MIN, INT64_MAX}};
  for (const Kind &kind : kinds)
    if (kind.name == text) {
      spec.kind = kind.kind;
      spec.minimum = kind.minimum;
      spec.maximum = kind.maximum;
    }
}

/// Parses "name:type", then "!" or "?", then "=default".
static AttributeSpec parseSpec(std::string_view text) {
  AttributeSpec spec;
  size_t colon = text.find(':');
  spec.name = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  if (size_t equal = text.find('='); equal != text.npos) {
    spec.defaultText = text.substr(equal + 1);
    text = text.substr(0, equal);
  }
  for (; text.back() == '!' || text.back() == '?'; text.remove_suffix(1))
    (text.back() == '!' ? spec.isRequired : spec.isOptional) = true;
  if (text.front() == '{') {
    spec.kind = AttributeKind::Enum;
    split(text.substr(1, text.size() - 2), '|',
          [&](std::string_view word) { spec.words.push_back(word); });
  } else {
    parseKind(text, spec);
  }
  return spec;
}

std::vector<AttributeSpec> parseAttributeSpecs(std::string_view text) {
  std::vector<AttributeSpec> specs;
  split(text, ' ', [&](std::string_view part) {
    if (!part.empty())
      specs.push_back(parseSpec(part));
  });
  return specs;
}

/// What a value of this kind looks like, for messages.
static std::string describe(const AttributeSpec &spec) {
  std::string text;
  switch (spec.kind) {
  case AttributeKind::Bool:
    text = "True or False";
    break;
  case AttributeKind::Int:
    text = "an integer";
    break;
  case AttributeKind::Float:
    text = "a number";
    break;
  case AttributeKind::Shape:
    text = "a tuple of integers";
    break;
  case AttributeKind::Slots:
    text = "a tuple of integers or None";
    break;
  case AttributeKind::Floats:
    text = "a tuple of numbers";
    break;
  case AttributeKind::DType:
    text = "an element type such as float32";
    break;
  case AttributeKind::String:
    text = "a text";
    break;
  case AttributeKind::Enum:
    text = "one of";
    for (std::string_view word : spec.words)
      text += (word == spec.words.front() ? " " : ", ") + std::string(word);
    break;
  }
  if (spec.minimum > INT32_MIN)
    text += " of at least " + std::to_string(spec.minimum);
  return text + (spec.isOptional ? " or None" : "");
}

static bool isInRange(int64_t value, const AttributeSpec &spec) {
  return value >= spec.minimum && value <= spec.maximum;
}

static bool parseByKind(const AttributeSpec &spec, std::string_view text,
                        AttributeValue &value) {
  switch (spec.kind) {
  case AttributeKind::Bool:
    return parseBool(text, value.integer);
  case AttributeKind::Int:
    return parseInt(text, value.integer) && isInRange(value.integer, spec);
  case AttributeKind::Float:
    return parseFloat(text, value.number);
  case AttributeKind::Shape:
    return parseSlots(text, /*allowNone=*/false, value.slots) &&
           std::all_of(value.slots.begin(), value.slots.end(),
                       [&](const std::optional<int64_t> &entry) {
                         return isInRange(*entry, spec);
                       });
  case AttributeKind::Slots:
    return parseSlots(text, /*allowNone=*/true, value.slots);
  case AttributeKind::Floats:
    return parseFloats(text, value.numbers);
  case AttributeKind::DType: {
    std::optional<ElementType> type = parseElementType(trim(text));
    value.type = type.value_or(ElementType::F32);
    return type.has_value();
  }
  case AttributeKind::String:
    value.text = text;
    return true;
  case AttributeKind::Enum:
    value.text = trim(text);
    return std::find(spec.words.begin(), spec.words.end(), value.text) !=
           spec.words.end();
  }
  return false;
}

std::string parseAttributeValue(const AttributeSpec &spec,
                                std::string_view text, AttributeValue &value) {
  if (spec.isOptional && trim(text) == "None") {
    value.isNone = true;
    return "";
  }
  if (parseByKind(spec, text, value))
    return "";
  auto isBeyond = [&](std::optional<int64_t> number) {
    return number && (*number < INT32_MIN || *number > INT32_MAX);
  };
  bool isLarge = isBeyond(value.integer) ||
                 std::any_of(value.slots.begin(), value.slots.end(), isBeyond);
  return "attribute '" + std::string(spec.name) + "' is '" + std::string(text) +
         "', but must be " + describe(spec) + (isLarge ? " of 32 bits" : "");
}

/// Keys that any operator may carry and that inference on a CPU ignores.
static bool isIgnored(std::string_view name) {
  static constexpr std::string_view names[] = {
      "cudnn_off", "cudnn_tune", "cudnn_tensor_core", "cudnn_tensor_core_only",
      "workspace", "ctx"};
  // Old files write these without underscores around them, and with the name
  // of an input in front.
  static constexpr std::string_view hidden[] = {
      "ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage"};
  auto endsWith = [&](std::string_view ending) {
    return name.size() >= ending.size() &&
           name.substr(name.size() - ending.size()) == ending;
  };
  if (name.size() > 4 && name.substr(0, 2) == "__" && endsWith("__"))
    return true;
  return name.substr(0, 11) == "cudnn_algo_" ||
         std::find(std::begin(names), std::end(names), name) !=
             std::end(names) ||
         std::any_of(std::begin(hidden), std::end(hidden), endsWith);
}

static bool checkNames(const std::vector<AttributeSpec> &specs,
                       const std::map<std::string, std::string> &texts,
                       const DiagnosticPlace &place,
                       DiagnosticList &diagnostics) {
  bool good = true;
  for (const auto &[name, text] : texts) {
    std::vector<std::string_view> names;
    for (const AttributeSpec &spec : specs)
      names.push_back(spec.name);
    if (isIgnored(name) ||
        std::find(names.begin(), names.end(), name) != names.end())
      continue;
    std::string what = "has no attribute '" + name + "'";
    if (std::string_view nearest = findNearest(name, names); !nearest.empty())
      what += "; did you mean '" + std::string(nearest) + "'?";
    good = diagnostics.add(DiagnosticCode::UnknownAttribute, place, what);
  }
  return good;
}

bool parseAttributes(const std::vector<AttributeSpec> &specs,
                     const std::map<std::string, std::string> &texts,
                     const DiagnosticPlace &place, Attributes &attributes,
                     DiagnosticList &diagnostics) {
  bool good = checkNames(specs, texts, place, diagnostics);
  for (const AttributeSpec &spec : specs) {
    auto given = texts.find(std::string(spec.name));
    if (given == texts.end() && spec.isRequired) {
      good = diagnostics.add(DiagnosticCode::MissingAttribute, place,
                             "attribute '" + std::string(spec.name) +
                                 "' is missing; it must be " + describe(spec));
      continue;
    }
    AttributeValue value;
    value.isGiven = given != texts.end();
    std::string what = parseAttributeValue(
        spec, value.isGiven ? given->second : spec.defaultText, value);
    if (!what.empty())
      good = diagnostics.add(DiagnosticCode::BadAttribute, place, what);
    attributes.set(spec.name, std::move(value));
  }
  return good;
}

//===----------------------------------------------------------------------===//
// Suggestions
//===----------------------------------------------------------------------===//

/// Levenshtein distance, one row at a time.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string_view findNearest(std::string_view word,
                             const std::vector<std::string_view> &candidates) {
  // Beyond this length the quadratic comparison helps nobody.
  if (word.size() > 100)
    return {};
  std::string_view nearest;
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

} // namespace dlc::mxnet
