// SPDX-License-Identifier: Apache-2.0
// emulator-ptx-tests [--driver] [--sm=N] [--data=FOLDER] [GoogleTest's options]
//
// Runs every line of the .table files, which says what an instruction makes of
// operands, and every `// TEST` of the .ptx files beside it; see their heads
// for the formats. Over the interpreter in this process, or with --driver over
// whatever libcuda.so.1 is found, the emulated one or a real one.
#include "Device.h"
#include "Values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace emulator::test {
void registerMatrixTests();
std::unique_ptr<Device> device;

namespace {

/// `head | types = types` and its cases.
struct TableEntry {
  unsigned sm = 80;
  std::string instruction, file;
  unsigned line = 0;
  std::vector<ValueType> results, operands;
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>
      cases;
};

const char *const resultNames[] = {"%d", "%e", "%g", "%h"};
const char *const operandNames[] = {"%a", "%b", "%c", "%k"};

std::string header(unsigned sm) {
  return ".version 8.0\n.target sm_" + std::to_string(sm) +
         "\n.address_size 64\n";
}

std::string declaration(const char *name, const ValueType &type) {
  if (type.name == "pred")
    return std::string(".reg .pred ") + name + "; .reg .b32 " + name + "_;\n";
  unsigned bytes = std::max(2u, type.bytes());
  return ".reg .b" + std::to_string(8 * bytes) + " " + name + ";\n";
}

std::string kernelOf(const TableEntry &entry) {
  std::string text =
      header(entry.sm) +
      ".visible .entry test(.param .u64 pin, .param .u64 pout) {\n"
      ".reg .b32 %t; .reg .b64 %in, %out, %o;\n";
  auto access = [](const char *what, const ValueType &type) {
    return std::string(what) + ".global.b" +
           std::to_string(8 * (type.name == "pred" ? 4 : type.bytes()));
  };
  for (size_t k = 0; k < entry.results.size(); ++k)
    text += declaration(resultNames[k], entry.results[k]);
  for (size_t k = 0; k < entry.operands.size(); ++k)
    text += declaration(operandNames[k], entry.operands[k]);
  text += "mov.u32 %t, %tid.x; mul.wide.u32 %o, %t, 32;\n"
          "ld.param.u64 %in, [pin]; add.s64 %in, %in, %o;\n"
          "ld.param.u64 %out, [pout]; add.s64 %out, %out, %o;\n";
  for (size_t k = 0; k < entry.operands.size(); ++k) {
    std::string name = operandNames[k],
                at = "[%in+" + std::to_string(8 * k) + "]";
    bool isPredicate = entry.operands[k].name == "pred";
    text += access("ld", entry.operands[k]) + " " + name +
            (isPredicate ? "_" : "") + ", " + at + ";\n";
    if (isPredicate)
      text += "setp.ne.u32 " + name + ", " + name + "_, 0;\n";
  }
  text += entry.instruction + "\n";
  for (size_t k = 0; k < entry.results.size(); ++k) {
    std::string name = resultNames[k],
                at = "[%out+" + std::to_string(8 * k) + "]";
    bool isPredicate = entry.results[k].name == "pred";
    if (isPredicate)
      text += "selp.b32 " + name + "_, 1, 0, " + name + ";\n";
    text += access("st", entry.results[k]) + " " + at + ", " + name +
            (isPredicate ? "_" : "") + ";\n";
  }
  return text + "ret;\n}\n";
}

class TableTest : public testing::Test {
public:
  explicit TableTest(TableEntry entry) : entry(std::move(entry)) {}
  void TestBody() override {
    if (device->sm() < entry.sm)
      GTEST_SKIP() << "needs sm_" << entry.sm;
    Shape shape;
    shape.block = unsigned((entry.cases.size() + 31) / 32 * 32);
    std::vector<uint8_t> input(shape.block * 32);
    for (size_t t = 0; t < shape.block; ++t)
      for (size_t k = 0; k < entry.operands.size(); ++k) {
        const auto &texts = entry.cases[t < entry.cases.size() ? t : 0].first;
        uint64_t bits = parseValue(entry.operands[k], texts[k]);
        std::memcpy(&input[t * 32 + k * 8], &bits, 8);
      }
    Outcome outcome =
        device->run(kernelOf(entry), "test", shape, input, input.size());
    ASSERT_EQ(outcome.error, "") << kernelOf(entry);
    ASSERT_EQ(outcome.fault, "");
    for (size_t t = 0; t < entry.cases.size(); ++t)
      for (size_t k = 0; k < entry.results.size(); ++k) {
        uint64_t bits;
        std::memcpy(&bits, &outcome.output[t * 32 + k * 8], 8);
        std::string problem =
            Expectation{entry.results[k], entry.cases[t].second[k]}.check(bits);
        std::string operands;
        for (const std::string &operand : entry.cases[t].first)
          operands += " " + operand;
        EXPECT_EQ(problem, "")
            << entry.instruction << " of" << operands << ", result " << k;
      }
  }

private:
  TableEntry entry;
};

[[noreturn]] void malformed(const std::string &file, unsigned line,
                            const std::string &text) {
  std::cerr << file << ":" << line << ": malformed: " << text << "\n";
  std::exit(2);
}

std::vector<ValueType> types(const std::string &text) {
  std::vector<ValueType> result;
  for (const std::string &word : words(text))
    result.push_back({word});
  return result;
}

void addEntry(const std::string &suite, TableEntry entry) {
  if (entry.instruction.empty())
    return;
  std::string name = std::to_string(entry.line) + "_";
  const std::string opcode = words(entry.instruction)[0];
  for (char c : opcode)
    name += std::isalnum(uint8_t(c)) ? c : '_';
  std::string file = entry.file;
  int line = int(entry.line);
  testing::RegisterTest(
      suite.c_str(), name.c_str(), nullptr, nullptr, file.c_str(), line,
      [entry]() -> testing::Test * { return new TableTest(entry); });
}

void readTable(const std::filesystem::path &path) {
  std::ifstream in(path);
  TableEntry entry;
  unsigned number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#')
      continue;
    size_t bar = line.find(" | "), equals = line.rfind('=');
    if (equals == std::string::npos)
      malformed(path, number, line);
    if (bar == std::string::npos) {
      auto operands = words(line.substr(0, equals)),
           results = words(line.substr(equals + 1));
      if (operands.size() != entry.operands.size() ||
          results.size() != entry.results.size())
        malformed(path, number, line);
      entry.cases.push_back({operands, results});
      continue;
    }
    addEntry(path.stem(), entry);
    entry = TableEntry();
    entry.file = path;
    entry.line = number;
    std::string head = line.substr(0, bar);
    if (head.rfind("[sm", 0) == 0) {
      entry.sm = unsigned(std::atoi(head.c_str() + 3));
      head = head.substr(head.find(']') + 1);
    }
    entry.instruction = head;
    entry.results = types(line.substr(bar + 3, equals - bar - 3));
    entry.operands = types(line.substr(equals + 1));
  }
  addEntry(path.stem(), entry);
}

/// One `// TEST` of a .ptx file.
struct Program {
  std::string name, file, text;
  unsigned line = 0, sm = 80;
  Shape shape;
  std::vector<uint8_t> input;
  std::vector<Expectation> output;
  std::string fault; ///< its kind
  unsigned faultLine = 0;
};

/// "TYPE v v ...", "TYPE iota N START STEP", "TYPE fill N V".
std::vector<std::string> expand(const std::vector<std::string> &list) {
  std::vector<std::string> result;
  for (size_t k = 1; k < list.size();) {
    if (list[k] == "iota" && k + 3 < list.size()) {
      long long start = std::atoll(list[k + 2].c_str()),
                step = std::atoll(list[k + 3].c_str());
      for (int i = 0; i < std::atoi(list[k + 1].c_str()); ++i)
        result.push_back(std::to_string(start + step * i));
      k += 4;
    } else if (list[k] == "fill" && k + 2 < list.size()) {
      for (int i = 0; i < std::atoi(list[k + 1].c_str()); ++i)
        result.push_back(list[k + 2]);
      k += 3;
    } else {
      result.push_back(list[k++]);
    }
  }
  return result;
}

class ProgramTest : public testing::Test {
public:
  explicit ProgramTest(Program program) : program(std::move(program)) {}
  void TestBody() override {
    if (device->sm() < program.sm)
      GTEST_SKIP() << "needs sm_" << program.sm;
    if (!program.fault.empty() && !device->isEmulated())
      GTEST_SKIP() << "a real device may not notice";
    size_t bytes = 0;
    for (const Expectation &value : program.output)
      bytes += value.type.bytes();
    Outcome outcome = device->run(program.text, program.name, program.shape,
                                  program.input, bytes);
    ASSERT_EQ(outcome.error, "");
    if (outcome.faultLine || program.fault.empty())
      ASSERT_EQ(outcome.fault, program.fault);
    else
      ASSERT_NE(outcome.fault, "");
    if (!program.fault.empty()) {
      if (outcome.faultLine && program.faultLine)
        EXPECT_EQ(outcome.faultLine, program.faultLine);
      return;
    }
    size_t at = 0;
    for (size_t k = 0; k < program.output.size(); ++k) {
      uint64_t bits = 0;
      unsigned size = program.output[k].type.bytes();
      std::memcpy(&bits, &outcome.output[at], size);
      at += size;
      EXPECT_EQ(program.output[k].check(bits), "") << "value " << k;
    }
  }

private:
  Program program;
};

void readHead(Program &program, const std::string &key,
              const std::vector<std::string> &list) {
  if (key == "in:")
    for (const std::string &value : expand(list)) {
      ValueType type{list[0]};
      uint64_t bits = parseValue(type, value);
      const auto *raw = reinterpret_cast<const uint8_t *>(&bits);
      program.input.insert(program.input.end(), raw, raw + type.bytes());
    }
  else if (key == "out:")
    for (const std::string &value : expand(list))
      program.output.push_back({{list[0]}, value});
  else if (key == "fault:")
    for (const std::string &word : list)
      program.fault += (program.fault.empty() ? "" : " ") + word;
}

void readProgram(const std::filesystem::path &path) {
  std::ifstream in(path);
  std::stringstream buffer;
  buffer << in.rdbuf();
  const std::string text = buffer.str();
  std::vector<Program> programs;
  std::istringstream lines(text);
  unsigned number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find("// FAULT") != std::string::npos && !programs.empty())
      programs.back().faultLine = number;
    if (line.rfind("// ", 0) != 0)
      continue;
    std::vector<std::string> list = words(line.substr(3));
    if (list.size() < 2)
      continue;
    if (list[0] == "TEST") {
      programs.emplace_back();
      Program &program = programs.back();
      program.name = list[1];
      program.line = number;
      for (size_t k = 2; k < list.size(); ++k) {
        unsigned value =
            unsigned(std::atoi(list[k].substr(list[k].find('=') + 1).c_str()));
        if (list[k].rfind("sm", 0) == 0)
          program.sm = unsigned(std::atoi(list[k].c_str() + 2));
        else if (list[k].rfind("grid=", 0) == 0)
          program.shape.grid = value;
        else if (list[k].rfind("block=", 0) == 0)
          program.shape.block = value;
        else if (list[k].rfind("dynamic=", 0) == 0)
          program.shape.dynamicShared = value;
        else
          malformed(path, number, line);
      }
    } else if (!programs.empty()) {
      readHead(programs.back(), list[0], {list.begin() + 1, list.end()});
    }
  }
  for (Program &program : programs) {
    program.text = text;
    program.file = path;
    testing::RegisterTest(
        path.stem().c_str(), program.name.c_str(), nullptr, nullptr,
        program.file.c_str(), int(program.line),
        [program]() -> testing::Test * { return new ProgramTest(program); });
  }
}

} // namespace
} // namespace emulator::test

int main(int count, char **arguments) {
  using namespace emulator::test;
  bool isDriver = false;
  unsigned sm = 90;
  std::filesystem::path folder = EMULATOR_PTX_FOLDER;
  for (int k = 1; k < count; ++k) {
    std::string argument = arguments[k];
    if (argument == "--driver")
      isDriver = true;
    else if (argument.rfind("--sm=", 0) == 0)
      sm = unsigned(std::atoi(argument.c_str() + 5));
    else if (argument.rfind("--data=", 0) == 0)
      folder = argument.substr(7);
  }
  std::string error;
  device = isDriver ? makeDriverDevice(error) : makeInternalDevice(sm);
  if (!device) {
    std::cerr << "no driver: " << error << "\n";
    return 1;
  }
  std::vector<std::filesystem::path> files;
  for (auto &entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (auto &file : files) {
    if (file.extension() == ".table")
      readTable(file);
    if (file.extension() == ".ptx")
      readProgram(file);
  }
  registerMatrixTests();
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
