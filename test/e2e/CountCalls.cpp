// SPDX-License-Identifier: Apache-2.0
// What runs of an artifact ask of the system once its session is made:
//
//   count-calls MODEL.so THREADS
//
// Prints one JSON object: the calls of the allocator, and the system calls of
// all threads by name or number, over 30 runs from the first one on. The
// allocator's functions are replaced by ones that count. A seccomp filter turns
// each system call into a signal, whose handler counts it and makes it from the
// one instruction that the filter lets through; no privilege is needed.
#include "dlc/model.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <dlfcn.h>
#include <fstream>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

[[noreturn]] static void die(const char *what, const char *why) {
  std::fprintf(stderr, "count-calls: %s: %s\n", what, why);
  std::exit(2);
}

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

static constexpr unsigned maxNumber = 1024;
static std::atomic<bool> isCounting{false};
static std::atomic<uint64_t> allocatorCalls{0};
static std::atomic<uint64_t> systemCalls[maxNumber];

static void countAllocatorCall() {
  if (isCounting.load(std::memory_order_relaxed))
    allocatorCalls.fetch_add(1, std::memory_order_relaxed);
}

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

void *malloc(size_t size) {
  countAllocatorCall();
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  countAllocatorCall();
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  countAllocatorCall();
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  countAllocatorCall();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  countAllocatorCall();
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void *memory) {
  countAllocatorCall();
  __libc_free(memory);
}
}

//===----------------------------------------------------------------------===//
// System calls
//===----------------------------------------------------------------------===//

// A system call whose instruction is followed by `gateEnd`.
asm(R"(
.text
.type gate, @function
gate:
  movq %rdi, %rax
  movq %rsi, %rdi
  movq %rdx, %rsi
  movq %rcx, %rdx
  movq %r8, %r10
  movq %r9, %r8
  movq 8(%rsp), %r9
  syscall
gateEnd:
  retq
.size gate, . - gate
)");
extern "C" {
long gate(long number, long a, long b, long c, long d, long e, long f);
extern const char gateEnd[];
}

static void handleSystemCall(int, siginfo_t *info, void *context) {
  auto number = unsigned(info->si_syscall);
  if (isCounting.load(std::memory_order_relaxed) && number < maxNumber)
    systemCalls[number].fetch_add(1, std::memory_order_relaxed);
  greg_t *registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  registers[REG_RAX] =
      gate(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
           registers[REG_R10], registers[REG_R8], registers[REG_R9]);
}

/// Whether a thread can't take the signal: a new one until it has started, in
/// which case its system calls would end the program.
static bool isSignalBlocked(const std::string &thread) {
  std::ifstream status("/proc/self/task/" + thread + "/status");
  for (std::string key, value; status >> key;)
    if (key == "SigBlk:" && status >> value)
      return std::stoull(value, nullptr, 16) >> (SIGSYS - 1) & 1;
  return false;
}

static bool isSignalBlockedAnywhere() {
  DIR *threads = opendir("/proc/self/task");
  if (!threads)
    die("/proc/self/task", std::strerror(errno));
  bool isBlocked = false;
  while (dirent *thread = readdir(threads))
    isBlocked |= thread->d_name[0] != '.' && isSignalBlocked(thread->d_name);
  closedir(threads);
  return isBlocked;
}

static void sleepMs(long ms) {
  timespec pause = {0, ms * 1000000};
  nanosleep(&pause, nullptr);
}

/// From here on the system calls of all threads go through handleSystemCall,
/// but for its own return.
static void trapSystemCalls() {
  struct sigaction action = {};
  action.sa_sigaction = handleSystemCall;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
  while (isSignalBlockedAnywhere())
    sleepMs(1);

  auto address = reinterpret_cast<uintptr_t>(gateEnd);
  const uint32_t pointer = offsetof(seccomp_data, instruction_pointer);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 4, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pointer),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(address), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pointer + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(address >> 32), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)};
  sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
              &program) != 0)
    die("seccomp", std::strerror(errno));
}

/// What is not counted would be taken for nothing.
static void checkCounters() {
  isCounting = true;
  void *volatile memory = std::malloc(1);
  std::free(memory);
  getppid();
  isCounting = false;
  if (allocatorCalls.exchange(0) != 2 ||
      systemCalls[SYS_getppid].exchange(0) != 1)
    die("the counters", "they do not count");
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static const dlc_api *load(const char *path) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    die(path, dlerror());
  auto entry =
      reinterpret_cast<dlc_model_v1_fn>(dlsym(handle, DLC_MODEL_V1_SYMBOL));
  if (!entry)
    die(path, dlerror());
  return entry();
}

/// A tensor of zeros, which are valid values of every input.
static DLTensor makeTensor(const dlc_tensor_info &info) {
  DLTensor tensor = {};
  tensor.data = std::calloc(1, info.size_bytes);
  tensor.device.device_type = kDLCPU;
  tensor.ndim = info.ndim;
  tensor.dtype = info.dtype;
  tensor.shape = const_cast<int64_t *>(info.shape);
  return tensor;
}

/// Makes a session with all inputs and outputs bound.
static dlc_session *makeSession(const dlc_api &api, uint32_t numThreads) {
  dlc_session_options options = {};
  options.struct_size = sizeof options;
  options.num_threads = numThreads;
  dlc_session *session;
  dlc_model_info model = {};
  model.struct_size = sizeof model;
  if (api.model_get_info(api.model, &model) ||
      api.session_create(api.model, &options, &session))
    die("session", api.last_error());
  dlc_tensor_info info = {};
  info.struct_size = sizeof info;
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    api.model_get_input(api.model, i, &info);
    DLTensor tensor = makeTensor(info);
    if (api.session_bind_input(session, i, &tensor))
      die("input", api.last_error());
  }
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    api.model_get_output(api.model, i, &info);
    DLTensor tensor = makeTensor(info);
    if (api.session_bind_output(session, i, &tensor))
      die("output", api.last_error());
  }
  return session;
}

static void print() {
  std::printf("{\"allocator\": %llu, \"system\": {",
              (unsigned long long)allocatorCalls.load());
  const char *separator = "";
  for (unsigned number = 0; number < maxNumber; ++number) {
    uint64_t count = systemCalls[number];
    if (count == 0)
      continue;
    std::printf("%s\"", separator);
    if (number == SYS_futex)
      std::printf("futex");
    else if (number == SYS_sched_yield)
      std::printf("sched_yield");
    else
      std::printf("%u", number);
    std::printf("\": %llu", (unsigned long long)count);
    separator = ", ";
  }
  std::printf("}}\n");
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: count-calls MODEL.so THREADS\n");
    return 2;
  }
  const dlc_api &api = *load(argv[1]);
  dlc_session *session =
      makeSession(api, uint32_t(std::strtoul(argv[2], nullptr, 10)));
  trapSystemCalls();
  checkCounters();
  for (int run = 0; run < 30; ++run) {
    isCounting = true;
    dlc_status status = api.session_run(session, nullptr);
    isCounting = false;
    if (status)
      die("run", api.last_error());
    // Long enough for workers to fall asleep, so that the next run wakes them.
    if (run % 3 == 0)
      sleepMs(5);
  }
  print();
  // Threads that end block all signals.
  std::fflush(stdout);
  std::_Exit(0);
}
