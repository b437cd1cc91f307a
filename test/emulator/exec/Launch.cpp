// SPDX-License-Identifier: Apache-2.0
#include "exec/Launch.h"

#include "exec/Cluster.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <numeric>
#include <thread>

namespace emulator {
namespace {

/// Instructions of a block after which others may start beside it, so that
/// blocks that wait for each other get on.
constexpr int64_t blockTurn = 2'000'000;

/// Blocks of a sample that run before it is seen whether that is enough.
constexpr uint64_t sampleBlocks = 32;

std::string triple(Dim3 n) {
  return "(" + std::to_string(n.x) + "," + std::to_string(n.y) + "," +
         std::to_string(n.z) + ")";
}

/// Hands out a grid's clusters, of one block mostly, to the host's threads.
class Grid {
public:
  Grid(LaunchState &state)
      : state(state),
        count(state.config.grid.count() / state.config.cluster.count()),
        step(state.config.sample ? spreadingStep(count) : 1) {}

  void run(unsigned threads) {
    if (!state.config.sample)
      return runUntil(count, threads);
    while (end < count && !state.stop &&
           state.counters.instructions() < state.config.sample)
      runUntil(std::min(count, end + sampleBlocks), threads);
  }

private:
  /// Which step leads through all of `count` blocks so that those of each
  /// while are spread over them: about the golden ratio.
  static uint64_t spreadingStep(uint64_t count) {
    if (count < 3 || count >> 32)
      return 1;
    auto step = uint64_t(double(count) * 0.6180339887498949);
    while (std::gcd(step, count) != 1)
      ++step;
    return step;
  }

  /// Runs blocks until \p number have run.
  void runUntil(uint64_t number, unsigned threads) {
    threads = unsigned(std::min<uint64_t>(threads, number - end));
    next = end;
    end = number;
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
      others.emplace_back([this] { work(); });
    work();
    for (std::thread &thread : others)
      thread.join();
  }

  bool startNext(Cluster &cluster) {
    uint64_t i = next.fetch_add(1);
    if (i >= end)
      return false;
    i = i * step % count;
    const Dim3 grid = state.config.grid, shape = state.config.cluster;
    const uint32_t x = grid.x / shape.x, y = grid.y / shape.y;
    cluster.start({uint32_t(i % x), uint32_t(i / x % y), uint32_t(i / x / y)});
    return true;
  }

  void work() {
    std::deque<std::unique_ptr<Cluster>> running;
    std::vector<std::unique_ptr<Cluster>> idle;
    Counters counters;
    auto finish = [&](Block &block) {
      Counters &c = block.counters;
      auto &by = block.instructionsByClass;
      for (auto [member, kind] : {std::pair{&Counters::integer, Class::Integer},
                                  {&Counters::floating, Class::Floating},
                                  {&Counters::half, Class::Half},
                                  {&Counters::dbl, Class::Double},
                                  {&Counters::special, Class::Special},
                                  {&Counters::convert, Class::Convert},
                                  {&Counters::move, Class::Move},
                                  {&Counters::control, Class::Control},
                                  {&Counters::memory, Class::Memory},
                                  {&Counters::matrix, Class::Matrix},
                                  {&Counters::other, Class::Other}})
        c.*member += by[size_t(kind)];
      c.largestBlock = c.instructions();
      std::fill(std::begin(by), std::end(by), 0);
      counters.add(c);
      c = Counters();
    };
    // As many as a real device could hold at once.
    const size_t most =
        std::max<size_t>(1, state.config.multiprocessors * size_t(4) /
                                state.config.cluster.count());
    while (!state.stop) {
      if (running.size() < most && (running.empty() || mayStart)) {
        std::unique_ptr<Cluster> cluster;
        if (!idle.empty()) {
          cluster = std::move(idle.back());
          idle.pop_back();
        } else {
          cluster = std::make_unique<Cluster>(state);
        }
        if (startNext(*cluster))
          running.push_front(std::move(cluster));
        else if (running.empty())
          break;
      }
      std::unique_ptr<Cluster> cluster = std::move(running.front());
      running.pop_front();
      Block::Status status = cluster->run(blockTurn);
      mayStart = status == Block::Status::Yield;
      if (status == Block::Status::Yield) {
        running.push_back(std::move(cluster));
        continue;
      }
      for (auto &block : cluster->blocks)
        finish(*block);
      idle.push_back(std::move(cluster));
    }
    std::lock_guard<std::mutex> lock(state.mutex);
    state.counters.add(counters);
  }

  LaunchState &state;
  const uint64_t count; ///< of blocks in the grid
  const uint64_t step;  ///< from a block to the next one to run
  uint64_t end = 0;     ///< how many have run once work() returns
  std::atomic<uint64_t> next{0};
  static thread_local bool mayStart;
};

thread_local bool Grid::mayStart = false;

unsigned hostThreads(const LaunchConfig &config) {
  if (config.threads)
    return config.threads;
  if (const char *text = std::getenv("DLC_EMULATOR_THREADS"))
    if (int count = std::atoi(text); count > 0)
      return unsigned(count);
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

const char *kindName(FaultKind kind) {
  switch (kind) {
  case FaultKind::None:
    return "none";
  case FaultKind::OutOfBounds:
    return "out of bounds";
  case FaultKind::Misaligned:
    return "misaligned";
  case FaultKind::Uninitialised:
    return "uninitialised";
  case FaultKind::Race:
    return "race";
  case FaultKind::Barrier:
    return "barrier";
  case FaultKind::IllegalInstruction:
    return "illegal instruction";
  case FaultKind::Trap:
    return "trap";
  case FaultKind::Assert:
    return "assert";
  case FaultKind::StackOverflow:
    return "stack overflow";
  case FaultKind::BadAddressSpace:
    return "bad address space";
  }
  return "unknown";
}

std::string Fault::message() const {
  return std::string("dlc-emulator: ") + kindName(kind) + ": kernel " + kernel +
         ", block " + triple(block) + ", thread " + triple(thread) +
         ", PTX line " + std::to_string(line) + ": " + text;
}

namespace {
constexpr std::pair<const char *, uint64_t Counters::*> counterNames[] = {
    {"integer", &Counters::integer},
    {"floating", &Counters::floating},
    {"half", &Counters::half},
    {"double", &Counters::dbl},
    {"special", &Counters::special},
    {"convert", &Counters::convert},
    {"move", &Counters::move},
    {"control", &Counters::control},
    {"memory", &Counters::memory},
    {"matrix", &Counters::matrix},
    {"other", &Counters::other},
    {"threadInstructions", &Counters::threadInstructions},
    {"globalLoadBytes", &Counters::globalLoadBytes},
    {"globalStoreBytes", &Counters::globalStoreBytes},
    {"globalLoadSectors", &Counters::globalLoadSectors},
    {"globalStoreSectors", &Counters::globalStoreSectors},
    {"asyncLoadSectors", &Counters::asyncLoadSectors},
    {"atomics", &Counters::atomics},
    {"sharedWavefronts", &Counters::sharedWavefronts},
    {"sharedBankConflicts", &Counters::sharedBankConflicts},
    {"barriers", &Counters::barriers},
    {"matrixFlops", &Counters::matrixFlops},
    {"blocks", &Counters::blocks},
    {"warps", &Counters::warps}};
} // namespace

void Counters::add(const Counters &other) {
  for (auto &[name, member] : counterNames)
    this->*member += other.*member;
  largestBlock = std::max(largestBlock, other.largestBlock);
}

std::string Counters::json(const std::string &kernel, Dim3 grid,
                           Dim3 block) const {
  auto list = [](Dim3 n) {
    return "[" + std::to_string(n.x) + ", " + std::to_string(n.y) + ", " +
           std::to_string(n.z) + "]";
  };
  std::string text = "{\"kernel\": \"" + kernel +
                     "\", \"grid\": " + list(grid) +
                     ", \"block\": " + list(block) +
                     ", \"instructions\": " + std::to_string(instructions());
  for (auto &[name, member] : counterNames)
    text += std::string(", \"") + name + "\": " + std::to_string(this->*member);
  return text + ", \"largestBlock\": " + std::to_string(largestBlock) + "}";
}

Fault launch(Program &program, const Kernel &kernel, const LaunchConfig &config,
             const void *parameters, Counters *counters) {
  static std::atomic<uint64_t> launches{0};
  LaunchState state(program, kernel, config);
  state.gridId = ++launches;
  uint64_t bytes = std::max(16u, kernel.parameterBytes);
  state.parameters = program.memory.allocate(bytes, 64);
  if (!state.parameters) {
    state.fault.kind = FaultKind::StackOverflow;
    state.fault.kernel = kernel.name;
    state.fault.text = "no memory is left for the launch's parameters";
    std::fprintf(stderr, "%s\n", state.fault.message().c_str());
    return state.fault;
  }
  if (kernel.parameterBytes)
    std::memcpy(DeviceMemory::host(state.parameters), parameters,
                kernel.parameterBytes);
  program.memory.markInitialised(state.parameters, bytes);
  if (config.isCooperative) {
    state.workspace = program.memory.allocate(64);
    program.memory.markInitialised(state.workspace, state.workspace ? 64 : 0);
  }
  state.ranges = program.memory.ranges();
  Grid(state).run(hostThreads(config));
  std::fflush(stdout);
  program.memory.free(state.parameters);
  if (state.workspace)
    program.memory.free(state.workspace);
  if (counters)
    counters->add(state.counters);
  if (state.fault)
    std::fprintf(stderr, "%s\n", state.fault.message().c_str());
  return state.fault;
}

} // namespace emulator
