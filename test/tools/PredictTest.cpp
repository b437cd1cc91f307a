// SPDX-License-Identifier: Apache-2.0
// What predictors share: objects that are made once, hashes, and handles.
#include "tools/predict/Handles.h"
#include "tools/predict/SharedTable.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace dlc::predict;

TEST(Hash, DependsOnEveryByte) {
  std::string text(1000, 'x');
  Hash whole = hashBytes(text);
  for (size_t at = 0; at < text.size(); at += 7) {
    std::string other = text;
    other[at] ^= 1;
    EXPECT_FALSE(hashBytes(other) == whole) << at;
  }
  EXPECT_FALSE(hashBytes(text.substr(1)) == whole);
  EXPECT_EQ(whole.getText().size(), 32u);
  EXPECT_NE(whole.getText(), hashBytes("").getText());
}

TEST(Hash, IsTheSameInPieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += static_cast<char>(i * 7);
  for (size_t piece : {1, 63, 1024}) {
    Hasher hasher;
    for (size_t at = 0; at < text.size(); at += piece)
      hasher.add(std::string_view(text).substr(at, piece));
    EXPECT_TRUE(hasher.finish() == hashBytes(text)) << piece;
  }
}

TEST(SharedTable, MakesOnceForAllWhoAsk) {
  SharedTable<int> table;
  std::atomic<int> made{0};
  std::vector<std::shared_ptr<int>> got(8);
  std::vector<std::thread> threads;
  for (std::shared_ptr<int> &result : got)
    threads.emplace_back([&] {
      result = table.get({1, 1}, [&] {
        // Time for the others to come.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return std::make_shared<int>(++made);
      });
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(made, 1);
  for (const std::shared_ptr<int> &result : got)
    EXPECT_EQ(result, got[0]);
}

TEST(SharedTable, DoesNotWaitForOtherKeys) {
  SharedTable<int> table;
  auto outer = table.get({1, 1}, [&] {
    // Would never return if it did.
    return table.get({2, 2}, [] { return std::make_shared<int>(3); });
  });
  EXPECT_EQ(*outer, 3);
}

TEST(SharedTable, KeepsTheLastOneOnly) {
  SharedTable<int> table;
  int made = 0;
  auto make = [&] { return std::make_shared<int>(++made); };
  std::weak_ptr<int> first = table.get({1, 0}, make);
  EXPECT_FALSE(first.expired());
  EXPECT_EQ(*table.get({1, 0}, make), 1);
  std::weak_ptr<int> second = table.get({2, 0}, make);
  EXPECT_TRUE(first.expired());
  EXPECT_FALSE(second.expired());
  EXPECT_EQ(*table.get({1, 0}, make), 3);
}

TEST(SharedTable, TriesAgainAfterAFailure) {
  SharedTable<int> table;
  EXPECT_EQ(table.get({1, 0}, [] { return std::shared_ptr<int>(); }), nullptr);
  EXPECT_THROW(
      table.get({1, 0},
                []() -> std::shared_ptr<int> { throw std::bad_alloc(); }),
      std::bad_alloc);
  EXPECT_EQ(*table.get({1, 0}, [] { return std::make_shared<int>(5); }), 5);
}

TEST(Handles, KnowWhichAreValid) {
  Handles<int> handles;
  void *handle = handles.add(std::make_shared<int>(1));
  int other;
  EXPECT_EQ(*handles.find(handle), 1);
  EXPECT_EQ(handles.find(&other), nullptr);
  EXPECT_EQ(handles.find(nullptr), nullptr);
  EXPECT_EQ(handles.remove(&other), nullptr);
  // Whoever uses it keeps it.
  std::shared_ptr<int> used = handles.find(handle);
  EXPECT_EQ(*handles.remove(handle), 1);
  EXPECT_EQ(*used, 1);
  EXPECT_EQ(handles.find(handle), nullptr);
  EXPECT_EQ(handles.remove(handle), nullptr);
}
