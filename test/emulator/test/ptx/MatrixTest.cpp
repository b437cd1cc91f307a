// SPDX-License-Identifier: Apache-2.0
// mma of every shape and type: fragments are loaded by the manual's formulas,
// the product is compared with loops over the matrices. Small integers are
// exact in every type.
#include "Device.h"
#include "Values.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

namespace emulator::test {
extern std::unique_ptr<Device> device;
namespace {

struct Case {
  unsigned m, n, k;
  std::string a, d; ///< types of A and B, and of C and D
  unsigned sm;
};

/// How many bits an element of A or B has.
unsigned bitsOf(const std::string &type) {
  if (type == "bf16")
    return 16;
  if (type == "tf32")
    return 32;
  if (type == "e4m3" || type == "e5m2")
    return 8;
  return unsigned(std::atoi(type.c_str() + 1));
}

uint64_t bitsFor(const std::string &type, int value) {
  if (type == "e4m3" || type == "e5m2") { // 0, 1, 2 and their negatives
    uint64_t one = type == "e4m3" ? 0x38 : 0x3c, two = 0x40;
    uint64_t magnitude = std::abs(value) == 0   ? 0
                         : std::abs(value) == 1 ? one
                                                : two;
    return magnitude | (value < 0 ? 0x80 : 0);
  }
  if (type[0] == 's' || type[0] == 'u' || type[0] == 'b') {
    if (type != "bf16")
      return uint64_t(value) & ((1ull << bitsOf(type)) - 1);
  }
  return parseValue({type == "tf32" ? "f32" : type}, std::to_string(value));
}

int small(const std::string &type, unsigned row, unsigned column) {
  int value = int((row * 7 + column * 5 + row * column) % 5) - 2;
  if (type[0] == 'u' || type == "b1")
    value = std::abs(value);
  return type == "b1" ? value & 1 : value;
}

class MatrixTest : public testing::Test {
public:
  explicit MatrixTest(Case test) : c(std::move(test)) {}

  void TestBody() override {
    if (device->sm() < c.sm)
      GTEST_SKIP() << "needs sm_" << c.sm;
    const unsigned bits = bitsOf(c.a), registerBits = bits == 64 ? 64 : 32;
    aRegisters = c.m * c.k * bits / 32 / registerBits;
    bRegisters = c.n * c.k * bits / 32 / registerBits;
    elements = c.m * c.n / 32;
    Outcome outcome =
        device->run(kernel(), "test", Shape(), input(), c.m * c.n * 8);
    ASSERT_EQ(outcome.error, "") << kernel();
    ASSERT_EQ(outcome.fault, "");
    for (unsigned row = 0; row < c.m; ++row)
      for (unsigned column = 0; column < c.n; ++column) {
        int sum = initial(row, column);
        for (unsigned depth = 0; depth < c.k; ++depth) {
          int x = small(c.a, row, depth), y = small(c.a, depth + 3, column);
          sum += c.a == "b1" ? x ^ y : x * y;
        }
        uint64_t bits = 0;
        std::memcpy(&bits, &outcome.output[(row * c.n + column) * 8], 8);
        ASSERT_EQ((Expectation{{c.d}, std::to_string(sum)}.check(bits)), "")
            << "row " << row << ", column " << column;
      }
  }

private:
  static int initial(unsigned row, unsigned column) {
    return int(row) - int(column);
  }

  // The manual's formulas, for element i of a lane.
  void placeA(unsigned lane, unsigned i, unsigned &row,
              unsigned &column) const {
    unsigned per = bitsOf(c.a) == 64 ? 1 : 32 / bitsOf(c.a), group = lane >> 2,
             thread = lane & 3;
    unsigned reg = i / per;
    row = group + (c.m == 16 && reg % 2 ? 8 : 0);
    column = thread * per + i % per + (c.m == 16 ? reg / 2 : reg) * 4 * per;
  }
  void placeB(unsigned lane, unsigned i, unsigned &row,
              unsigned &column) const {
    unsigned per = bitsOf(c.a) == 64 ? 1 : 32 / bitsOf(c.a);
    row = (lane & 3) * per + i % per + i / per * 4 * per;
    column = lane >> 2;
  }
  void placeC(unsigned lane, unsigned i, unsigned &row,
              unsigned &column) const {
    row = (lane >> 2) + (i < 2 ? 0 : 8);
    column = (lane & 3) * 2 + (i & 1);
  }

  /// Registers of A, B and C, 8 bytes each, lane after lane.
  std::vector<uint8_t> input() const {
    std::vector<uint8_t> result;
    const unsigned bits = bitsOf(c.a), per = bits == 64 ? 1 : 32 / bits;
    auto push = [&](uint64_t word) {
      const auto *raw = reinterpret_cast<uint8_t *>(&word);
      result.insert(result.end(), raw, raw + 8);
    };
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned row, column;
      for (unsigned r = 0; r < aRegisters + bRegisters; ++r) {
        bool isA = r < aRegisters;
        uint64_t word = 0;
        for (unsigned e = 0; e < per; ++e) {
          isA ? placeA(lane, r * per + e, row, column)
              : placeB(lane, (r - aRegisters) * per + e, row, column);
          word |= bitsFor(c.a, small(c.a, isA ? row : row + 3, column))
                  << (e * bits % 64);
        }
        push(word);
      }
      for (unsigned i = 0; i < elements; i += c.d == "f16" ? 2 : 1) {
        placeC(lane, i, row, column);
        uint64_t word = parseValue({c.d}, std::to_string(initial(row, column)));
        if (c.d == "f16")
          word |= parseValue({c.d}, std::to_string(initial(row, column + 1)))
                  << 16;
        push(word);
      }
    }
    return result;
  }

  std::string kernel() const {
    std::ostringstream text;
    const unsigned width = bitsOf(c.a) == 64 ? 64 : 32;
    const unsigned cRegisters = c.d == "f16" ? elements / 2 : elements;
    const unsigned stride = (aRegisters + bRegisters + cRegisters) * 8;
    text << ".version 8.4\n.target sm_" << c.sm << "\n.address_size 64\n"
         << ".visible .entry test(.param .u64 pin, .param .u64 pout) {\n"
         << ".reg .b" << width
         << " %x<64>; .reg .b32 %t<9>; .reg .b64 %p<9>; .reg .b16 %h<3>;\n"
         << "mov.u32 %t0, %laneid; ld.param.u64 %p0, [pin]; ld.param.u64 %p1, "
            "[pout];\n"
         << "mul.wide.u32 %p2, %t0, " << stride << "; add.s64 %p0, %p0, %p2;\n";
    for (unsigned r = 0; r < aRegisters + bRegisters + cRegisters; ++r)
      text << "ld.global.b" << width << " %x" << r << ", [%p0+" << 8 * r
           << "];\n";
    auto list = [&](unsigned first, unsigned count) {
      text << "{";
      for (unsigned r = 0; r < count; ++r)
        text << (r ? ", " : "") << "%x" << first + r;
      text << "}";
    };
    text << "mma.sync.aligned.m" << c.m << "n" << c.n << "k" << c.k
         << ".row.col." << c.d << "." << c.a << "." << c.a << "." << c.d
         << (c.a == "b1" ? ".xor.popc " : " ");
    list(32, cRegisters);
    text << ", ";
    list(0, aRegisters);
    text << ", ";
    list(aRegisters, bRegisters);
    text << ", ";
    list(aRegisters + bRegisters, cRegisters);
    text << ";\n"
         << "shr.u32 %t1, %t0, 2; and.b32 %t2, %t0, 3; shl.b32 %t2, %t2, 1;\n"
         << "mad.lo.u32 %t3, %t1, " << c.n
         << ", %t2; mul.wide.u32 %p3, %t3, 8; add.s64 %p1, %p1, %p3;\n";
    for (unsigned i = 0; i < elements; ++i) {
      unsigned offset = ((i < 2 ? 0 : 8 * c.n) + (i & 1)) * 8;
      if (c.d == "f16" && i % 2 == 0)
        text << "mov.b32 {%h0, %h1}, %x" << 32 + i / 2 << ";\n";
      if (c.d == "f16")
        text << "st.global.b16 [%p1+" << offset << "], %h" << i % 2 << ";\n";
      else
        text << "st.global.b" << width << " [%p1+" << offset << "], %x"
             << 32 + i << ";\n";
    }
    text << "ret;\n}\n";
    return text.str();
  }

  Case c;
  unsigned aRegisters = 0, bRegisters = 0, elements = 0;
};

} // namespace

void registerMatrixTests() {
  static const Case cases[] = {
      {16, 8, 8, "f16", "f32", 80},   {16, 8, 8, "f16", "f16", 80},
      {16, 8, 16, "f16", "f32", 80},  {16, 8, 16, "f16", "f16", 80},
      {16, 8, 8, "bf16", "f32", 80},  {16, 8, 16, "bf16", "f32", 80},
      {16, 8, 4, "tf32", "f32", 80},  {16, 8, 8, "tf32", "f32", 80},
      {8, 8, 4, "f64", "f64", 80},    {16, 8, 4, "f64", "f64", 90},
      {16, 8, 8, "f64", "f64", 90},   {16, 8, 16, "f64", "f64", 90},
      {8, 8, 16, "s8", "s32", 80},    {16, 8, 16, "s8", "s32", 80},
      {16, 8, 32, "s8", "s32", 80},   {16, 8, 32, "u8", "s32", 80},
      {8, 8, 32, "s4", "s32", 80},    {16, 8, 32, "u4", "s32", 80},
      {16, 8, 64, "s4", "s32", 80},   {8, 8, 128, "b1", "s32", 80},
      {16, 8, 128, "b1", "s32", 80},  {16, 8, 256, "b1", "s32", 80},
      {16, 8, 32, "e4m3", "f32", 90}, {16, 8, 32, "e5m2", "f32", 90}};
  for (const Case &c : cases) {
    std::string name = "m" + std::to_string(c.m) + "n" + std::to_string(c.n) +
                       "k" + std::to_string(c.k) + "_" + c.a + "_" + c.d;
    testing::RegisterTest(
        "mma", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [c]() -> testing::Test * { return new MatrixTest(c); });
  }
}

} // namespace emulator::test
