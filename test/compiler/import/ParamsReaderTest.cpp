// SPDX-License-Identifier: Apache-2.0
// All versions of .params, written by hand, and what is wrong with files.
#include "compiler/import/mxnet/ParamsReader.h"

#include <array>
#include <cstring>
#include <gtest/gtest.h>

using namespace dlc;

namespace {
/// Builds a container from little-endian numbers.
class Writer {
public:
  template <typename T>
  Writer &put(T value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
    return *this;
  }
  Writer &u32(uint32_t value) { return put(value); }
  Writer &i64(int64_t value) { return put(value); }
  Writer &text(const std::string &value) {
    put<uint64_t>(value.size());
    bytes += value;
    return *this;
  }
  /// The file's head, for one array.
  Writer &head() {
    return put<uint64_t>(0x112).put<uint64_t>(0).put<uint64_t>(1);
  }
  /// Device and dtype, then six floats.
  Writer &data(uint32_t dtype = 0) {
    u32(1).u32(0).u32(dtype);
    for (int i = 0; i < 6; ++i)
      put<float>(i);
    return *this;
  }
  Writer &name(const std::string &value) {
    return put<uint64_t>(1).text(value);
  }

  std::string bytes;
};

std::string makeV2(const std::string &name = "arg:w") {
  return Writer()
      .head()
      .u32(0xF993FAC9)
      .u32(0)
      .u32(2)
      .i64(2)
      .i64(3)
      .data()
      .name(name)
      .bytes;
}

class ParamsReaderTest : public testing::Test {
protected:
  bool read(const std::string &bytes) {
    store = WeightStore();
    diagnostics = DiagnosticList();
    return mxnet::readParams(bytes, "w.params", store, diagnostics);
  }
  void expectMatrix(const std::string &bytes) {
    ASSERT_TRUE(read(bytes));
    const Weight *weight = store.find("w");
    ASSERT_NE(weight, nullptr);
    EXPECT_EQ(weight->shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(weight->type, ElementType::F32);
    ASSERT_EQ(weight->data.size(), 24u);
    float last;
    std::memcpy(&last, weight->data.data() + 20, 4);
    EXPECT_EQ(last, 5.0f);
  }
  DiagnosticCode code() const { return diagnostics.get().at(0).code; }

  WeightStore store;
  DiagnosticList diagnostics;
};
} // namespace

TEST_F(ParamsReaderTest, ReadsEveryVersion) {
  expectMatrix(Writer().head().u32(2).u32(2).u32(3).data().name("arg:w").bytes);
  expectMatrix(Writer()
                   .head()
                   .u32(0xF993FAC8)
                   .u32(2)
                   .i64(2)
                   .i64(3)
                   .data()
                   .name("aux:w")
                   .bytes);
  expectMatrix(makeV2());
  expectMatrix(Writer()
                   .head()
                   .u32(0xF993FACA)
                   .u32(0)
                   .u32(2)
                   .i64(2)
                   .i64(3)
                   .data()
                   .name("w")
                   .bytes);
}

TEST_F(ParamsReaderTest, ReadsEveryElementTypeInEveryVersion) {
  // MXNet's codes, in their order.
  const ElementType types[] = {
      ElementType::F32, ElementType::F64, ElementType::F16, ElementType::U8,
      ElementType::I32, ElementType::I8,  ElementType::I64, ElementType::Bool,
      ElementType::I16, ElementType::U16, ElementType::U32, ElementType::U64,
      ElementType::BF16};
  const uint32_t magics[] = {0, 0xF993FAC8, 0xF993FAC9, 0xF993FACA};
  for (uint32_t code = 0; code < std::size(types); ++code)
    for (uint32_t magic : magics) {
      Writer writer;
      writer.head();
      if (magic)
        writer.u32(magic);
      if (magic > 0xF993FAC8)
        writer.u32(0); // dense
      writer.u32(2);
      for (int64_t dim : {2, 3})
        magic ? writer.i64(dim) : writer.u32(dim);
      // From a GPU: its values are loaded wherever they were.
      writer.u32(2).u32(1).u32(code);
      std::string data;
      for (size_t i = 0; i < 6 * getElementSize(types[code]); ++i)
        data += static_cast<char>(i + code);
      writer.bytes += data;
      ASSERT_TRUE(read(writer.name("w").bytes)) << code << " " << magic;
      const Weight *weight = store.find("w");
      ASSERT_NE(weight, nullptr);
      EXPECT_EQ(weight->type, types[code]);
      EXPECT_EQ(weight->shape, (std::vector<int64_t>{2, 3}));
      EXPECT_EQ(weight->data, data);
    }
}

TEST_F(ParamsReaderTest, KeepsOrderAndNamesOfLists) {
  std::string one = makeV2().substr(24, 64), two(one);
  auto list = [&](uint64_t names) {
    Writer writer;
    writer.put<uint64_t>(0x112).put<uint64_t>(0).put<uint64_t>(2);
    writer.bytes += one + two;
    return std::move(writer.put<uint64_t>(names));
  };
  std::vector<mxnet::NamedArray> arrays;
  ASSERT_TRUE(mxnet::readArrays(list(0).bytes, "l", arrays, diagnostics));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[1].name, "");
  arrays.clear();
  ASSERT_TRUE(mxnet::readArrays(list(2).text("arg:z").text("a").bytes, "l",
                                arrays, diagnostics));
  EXPECT_EQ(arrays[0].name, "arg:z");
  EXPECT_EQ(arrays[1].name, "a");
  // As weights they need names, and different ones.
  EXPECT_FALSE(read(list(0).bytes));
  EXPECT_FALSE(read(list(2).text("arg:a").text("a").bytes));
  EXPECT_FALSE(read(list(1).text("a").bytes));
}

TEST_F(ParamsReaderTest, SkipsArraysWithoutValue) {
  ASSERT_TRUE(
      read(Writer().head().u32(0xF993FAC9).u32(0).u32(0).name("w").bytes));
  EXPECT_TRUE(store.get().empty());
}

TEST_F(ParamsReaderTest, RefusesEveryTruncation) {
  std::string whole = makeV2();
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read(whole.substr(0, length))) << length;
    EXPECT_EQ(diagnostics.size(), 1u);
  }
}

TEST_F(ParamsReaderTest, RefusesWhatCannotBe) {
  auto v2 = [] { return std::move(Writer().head().u32(0xF993FAC9).u32(0)); };
  // A product that overflows, a negative extent, an absurd rank and count.
  EXPECT_FALSE(
      read(v2().u32(2).i64(1LL << 40).i64(1LL << 40).data().name("w").bytes));
  EXPECT_EQ(code(), DiagnosticCode::SizeOverflow);
  EXPECT_FALSE(read(v2().u32(1).i64(-5).data().name("w").bytes));
  EXPECT_FALSE(read(v2().u32(1000).i64(1).data().name("w").bytes));
  EXPECT_FALSE(read(Writer()
                        .put<uint64_t>(0x112)
                        .put<uint64_t>(0)
                        .put<uint64_t>(UINT64_MAX)
                        .bytes));
  // An unknown dtype, no names, the wrong magic number.
  EXPECT_FALSE(read(v2().u32(2).i64(2).i64(3).data(77).name("w").bytes));
  EXPECT_FALSE(read(v2().u32(2).i64(2).i64(3).data().put<uint64_t>(0).bytes));
  EXPECT_FALSE(read("hello world, this is no container"));
}

TEST_F(ParamsReaderTest, RefusesOtherKindsOfFiles) {
  EXPECT_FALSE(read("PK\x03\x04zip"));
  EXPECT_EQ(code(), DiagnosticCode::UnsupportedParams);
}

TEST_F(ParamsReaderTest, RefusesSparseArraysByName) {
  // Two of three rows of a matrix, and a csr matrix of one value.
  auto rows = [](const std::string &name) {
    return Writer()
        .head()
        .u32(0xF993FAC9)
        .u32(1)
        .u32(2)
        .i64(2)
        .i64(3) // stored
        .u32(2)
        .i64(3)
        .i64(3) // whole
        .u32(1)
        .u32(0)
        .u32(0) // device, float32
        .u32(6)
        .u32(1)
        .i64(2) // row numbers: int64
        .put(std::array<float, 6>())
        .i64(0)
        .i64(2)
        .name(name)
        .bytes;
  };
  EXPECT_FALSE(read(rows("arg:embed")));
  EXPECT_EQ(code(), DiagnosticCode::UnsupportedParams);
  EXPECT_EQ(diagnostics.get()[0].message,
            "array 'arg:embed' (row_sparse) is sparse, which is not supported: "
            "convert with tostype('default') and save the file again");
  EXPECT_FALSE(read(Writer()
                        .head()
                        .u32(0xF993FAC9)
                        .u32(2)
                        .u32(1)
                        .i64(1)
                        .u32(2)
                        .i64(2)
                        .i64(3)
                        .u32(1)
                        .u32(0)
                        .u32(0)
                        .u32(6)
                        .u32(1)
                        .i64(3)
                        .u32(6)
                        .u32(1)
                        .i64(1)
                        .put(1.0f)
                        .i64(0)
                        .i64(1)
                        .i64(1)
                        .i64(2)
                        .name("c")
                        .bytes));
  EXPECT_NE(diagnostics.get()[0].message.find("'c' (csr)"), std::string::npos);
  std::string whole = rows("arg:embed");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read(whole.substr(0, length))) << length;
    EXPECT_EQ(code(), DiagnosticCode::MalformedParams) << length;
  }
}
