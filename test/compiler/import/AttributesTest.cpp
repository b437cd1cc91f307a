// SPDX-License-Identifier: Apache-2.0
// The grammar of attribute specifications and values.
#include "compiler/import/mxnet/Attributes.h"

#include <gtest/gtest.h>

using namespace dlc;
using namespace dlc::mxnet;

namespace {
class AttributesTest : public testing::Test {
protected:
  bool parse(const char *specs, std::map<std::string, std::string> texts) {
    return parseAttributes(parseAttributeSpecs(specs), texts,
                           {"model.json", "conv0", "Convolution", 0},
                           attributes, diagnostics);
  }
  /// The code and text of the only problem.
  std::string problem() const {
    return diagnostics.size() == 1 ? diagnostics.get()[0].getText() : "";
  }

  Attributes attributes;
  DiagnosticList diagnostics;
};

using Slots = std::vector<std::optional<int64_t>>;
} // namespace

TEST_F(AttributesTest, ParsesEveryKind) {
  ASSERT_TRUE(parse("b:bool! i:int! f:float! s:shape! n:slots! v:floats! "
                    "d:dtype! t:string! e:{red|green}!",
                    {{"b", "True"},
                     {"i", "-3"},
                     {"f", "1e-05"},
                     {"s", "(1, 3)"},
                     {"n", "(None, 4)"},
                     {"v", "[0.5, 2]"},
                     {"d", "int32"},
                     {"t", "any text"},
                     {"e", "green"}}));
  EXPECT_TRUE(attributes.getBool("b"));
  EXPECT_EQ(attributes.getInt("i"), -3);
  EXPECT_EQ(attributes.getFloat("f"), 1e-5);
  EXPECT_EQ(attributes.getShape("s"), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(attributes.getSlots("n"), (Slots{std::nullopt, 4}));
  EXPECT_EQ(attributes.getFloats("v"), (std::vector<double>{0.5, 2}));
  EXPECT_EQ(attributes.getType("d"), ElementType::I32);
  EXPECT_EQ(attributes.getText("t"), "any text");
  EXPECT_EQ(attributes.getText("e"), "green");
}

TEST_F(AttributesTest, ParsesTuplesOfAllWriters) {
  for (const char *text :
       {"(3, 3)", "[3,3]", "(3L, 3L)", " ( 3 ,3 ) ", "(3, 3,)"}) {
    Slots slots;
    EXPECT_TRUE(parseSlots(text, false, slots)) << text;
    EXPECT_EQ(slots, (Slots{3, 3})) << text;
  }
  Slots slots;
  EXPECT_TRUE(parseSlots("()", false, slots) && slots.empty());
  EXPECT_TRUE(parseSlots("7", false, slots) && slots == Slots{7});
  EXPECT_TRUE(parseSlots("(7,)", false, slots) && slots == Slots{7});
  for (const char *text : {"", "(", "(1", "1)", "(1;2)", "(1,,2)", "(a)",
                           "None", "(1,None)", "99999999999999999999"})
    EXPECT_FALSE(parseSlots(text, false, slots)) << text;
}

TEST_F(AttributesTest, UsesDefaults) {
  ASSERT_TRUE(parse("stride:counts=() axis:int?=None eps:float=1e-3", {}));
  EXPECT_TRUE(attributes.getShape("stride").empty());
  EXPECT_TRUE(attributes.isNone("axis"));
  EXPECT_FALSE(attributes.isGiven("eps"));
  EXPECT_EQ(attributes.getFloat("eps"), 1e-3);
}

TEST_F(AttributesTest, IgnoresWhatOnlyMattersElsewhere) {
  EXPECT_TRUE(parse("", {{"cudnn_off", "1"},
                         {"workspace", "1024"},
                         {"__lr_mult__", "0.1"},
                         {"weight_lr_mult", "2"},
                         {"ctx_group", "dev1"}}));
}

TEST_F(AttributesTest, RefusesUnknownNames) {
  EXPECT_FALSE(parse("kernel:shape=()", {{"kernle", "(3, 3)"}}));
  EXPECT_EQ(problem(),
            "error: model.json: node 'conv0' (Convolution): has no attribute "
            "'kernle'; did you mean 'kernel'? [DLC0302]");
}

TEST_F(AttributesTest, RefusesMissingAttributes) {
  EXPECT_FALSE(parse("num_filter:count!", {}));
  EXPECT_EQ(problem(),
            "error: model.json: node 'conv0' (Convolution): attribute "
            "'num_filter' is missing; it must be an integer of at least 1 "
            "[DLC0303]");
}

TEST_F(AttributesTest, RefusesBadValues) {
  EXPECT_FALSE(parse(
      "kernel:counts! n:count! b:bool! e:{a|b}!",
      {{"kernel", "(3, 0)"}, {"n", "4294967296"}, {"b", "yes"}, {"e", "c"}}));
  ASSERT_EQ(diagnostics.size(), 4u);
  for (const Diagnostic &diagnostic : diagnostics.get())
    EXPECT_EQ(diagnostic.code, DiagnosticCode::BadAttribute);
  EXPECT_EQ(diagnostics.get()[3].message,
            "attribute 'e' is 'c', but must be one of a, b");
}

TEST_F(AttributesTest, LimitsIntegers) {
  ASSERT_TRUE(parse("a:int! b:shape! c:long! d:slots!",
                    {{"a", "-2147483648"},
                     {"b", "(2147483647,)"},
                     {"c", "9223372036854775807"},
                     {"d", "(-9223372036854775808, None)"}}));
  EXPECT_EQ(attributes.getInt("a"), INT32_MIN);
  EXPECT_EQ(attributes.getShape("b"), std::vector<int64_t>{INT32_MAX});
  EXPECT_EQ(attributes.getInt("c"), INT64_MAX);
  EXPECT_EQ(attributes.getSlots("d")[0], INT64_MIN);

  EXPECT_FALSE(parse("a:int! b:shape!",
                     {{"a", "-2147483649"}, {"b", "(0,2147483648)"}}));
  ASSERT_EQ(diagnostics.size(), 2u);
  EXPECT_EQ(
      diagnostics.get()[0].message,
      "attribute 'a' is '-2147483649', but must be an integer of 32 bits");
  EXPECT_EQ(
      diagnostics.get()[1].message,
      "attribute 'b' is '(0,2147483648)', but must be a tuple of integers "
      "of 32 bits");
}

TEST_F(AttributesTest, EvaluatesConditions) {
  ASSERT_TRUE(parse("no_bias:bool=False act_type:{a|b}=a", {}));
  EXPECT_TRUE(attributes.test("!no_bias"));
  EXPECT_FALSE(attributes.test("no_bias"));
  EXPECT_TRUE(attributes.test("act_type=a"));
  EXPECT_FALSE(attributes.test("act_type=b"));
}

TEST(FindNearest, SuggestsLikelySlips) {
  std::vector<std::string_view> names = {"Convolution", "Pooling", "Concat"};
  EXPECT_EQ(findNearest("Convolutoin", names), "Convolution");
  EXPECT_EQ(findNearest("Poling", names), "Pooling");
  EXPECT_EQ(findNearest("Embedding", names), "");
}
