// SPDX-License-Identifier: Apache-2.0
// Safetensors: what is written is read again, and malformed files are refused.
#include "compiler/import/Safetensors.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace dlc;

static std::string makeFile(const std::string &header, size_t dataSize) {
  uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char *>(&length), sizeof length);
  return bytes + header + std::string(dataSize, '\0');
}

static bool read(const std::string &bytes, WeightStore &store) {
  DiagnosticList diagnostics;
  bool good = readSafetensors(bytes, "w.safetensors", store, diagnostics);
  EXPECT_EQ(good, diagnostics.empty());
  return good;
}

TEST(Safetensors, ReadsWhatItWrites) {
  float values[] = {1, 2, 3};
  int8_t small[] = {4, 5};
  std::vector<NamedWeight> weights(2);
  weights[0] = {"odd \"name\"",
                {ElementType::I8, {2}, {reinterpret_cast<char *>(small), 2}}};
  weights[1] = {
      "w", {ElementType::F32, {3, 1}, {reinterpret_cast<char *>(values), 12}}};
  std::string bytes;
  ASSERT_TRUE(writeSafetensors(weights, [&](std::string_view piece) {
    bytes += piece;
    return true;
  }));
  EXPECT_TRUE(looksLikeSafetensors(bytes));
  WeightStore store;
  ASSERT_TRUE(read(bytes, store));
  const Weight *w = store.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->shape, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(std::memcmp(w->data.data(), values, sizeof values), 0);
  // The odd name before it put it at an odd place; it was aligned again.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(w->data.data()) % 4, 0u);
  ASSERT_NE(store.find("odd \"name\""), nullptr);
  EXPECT_EQ(store.find("odd \"name\"")->data[1], 5);
}

TEST(Safetensors, StopsWhenTheWriterFails) {
  int calls = 0;
  EXPECT_FALSE(writeSafetensors({}, [&](std::string_view) {
    ++calls;
    return false;
  }));
  EXPECT_EQ(calls, 1);
}

TEST(Safetensors, RefusesMalformedFiles) {
  WeightStore store;
  for (const char *header :
       {"", "[]", "{", "{\"w\": 3}", "{\"w\": {}}",
        R"({"w": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}})",
        R"({"w": {"dtype": 7, "shape": [1], "data_offsets": [0, 4]}})",
        R"({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})",
        R"({"w": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}})",
        R"({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}})",
        R"({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})",
        R"({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})",
        R"({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})"})
    EXPECT_FALSE(read(makeFile(header, 8), store)) << header;
  EXPECT_FALSE(read("", store));
  EXPECT_FALSE(read(std::string(8, '\xff'), store));
}
