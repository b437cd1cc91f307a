// SPDX-License-Identifier: Apache-2.0
#include "Values.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>

namespace emulator::test {

unsigned ValueType::bytes() const {
  if (name == "pred")
    return 4;
  if (name == "bf16")
    return 2;
  unsigned bits = unsigned(std::atoi(name.c_str() + 1));
  if (bits % 8 || bits < 8 || bits > 64)
    throw std::runtime_error("unknown type '" + name + "'");
  return bits / 8;
}

bool ValueType::isFloat() const { return name[0] == 'f' || name == "bf16"; }

namespace {

uint64_t floatBits(const ValueType &type, double value) {
  uint64_t bits = 0;
  if (type.name == "f64") {
    std::memcpy(&bits, &value, 8);
  } else if (type.name == "f16") {
    _Float16 narrow = _Float16(float(value));
    std::memcpy(&bits, &narrow, 2);
  } else {
    float narrow = float(value);
    std::memcpy(&bits, &narrow, 4);
    if (type.name == "bf16")
      bits >>= 16; // the tables' numbers are exact
  }
  return bits;
}

uint64_t masked(const ValueType &type, uint64_t bits) {
  unsigned bytes = type.bytes();
  return bytes == 8 ? bits : bits & ((1ull << (8 * bytes)) - 1);
}

} // namespace

uint64_t parseValue(const ValueType &type, const std::string &text) {
  char *end = nullptr;
  uint64_t bits;
  if (text.rfind("0x", 0) == 0)
    bits = std::strtoull(text.c_str(), &end, 16);
  else if (type.isFloat())
    bits = floatBits(type, std::strtod(text.c_str(), &end));
  else if (text[0] == '-')
    bits = uint64_t(std::strtoll(text.c_str(), &end, 10));
  else
    bits = std::strtoull(text.c_str(), &end, 10);
  if (*end)
    throw std::runtime_error("malformed value '" + text + "'");
  return masked(type, bits);
}

double numberOf(const ValueType &type, uint64_t bits) {
  if (type.name == "f64") {
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  if (type.name == "f16") {
    _Float16 value;
    std::memcpy(&value, &bits, 2);
    return double(float(value));
  }
  if (type.name == "bf16")
    bits <<= 16;
  if (type.isFloat()) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  return double(int64_t(bits));
}

std::string Expectation::check(uint64_t bits) const {
  bits = masked(type, bits);
  if (text == "?")
    return "";
  size_t tilde = text.find('~');
  std::string number = text.substr(0, tilde);
  double actual = numberOf(type, bits), expected = 0;
  bool isMet;
  if (text == "nan") {
    isMet = actual != actual;
  } else if (tilde == std::string::npos) {
    isMet = bits == parseValue(type, text);
  } else {
    expected = std::strtod(number.c_str(), nullptr);
    double tolerance = std::strtod(text.c_str() + tilde + 1, nullptr);
    isMet = std::fabs(actual - expected) <=
            tolerance * std::fmax(1, std::fabs(expected));
  }
  if (isMet)
    return "";
  std::ostringstream out;
  out << "expected " << text << ", got 0x" << std::hex << bits;
  if (type.isFloat())
    out << " (" << std::defaultfloat << actual << ")";
  else
    out << std::dec << " (" << int64_t(bits) << ")";
  return out.str();
}

std::vector<std::string> words(const std::string &line) {
  std::istringstream in(line);
  std::vector<std::string> result;
  for (std::string word; in >> word;)
    result.push_back(word);
  return result;
}

} // namespace emulator::test
