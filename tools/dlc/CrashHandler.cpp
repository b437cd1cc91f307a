// SPDX-License-Identifier: Apache-2.0
// Handles fatal signals. All strings are made beforehand: the handler may call
// only what is safe in a signal.
#include "tools/dlc/CrashHandler.h"

#include "tools/dlc/Commands.h"

#include <csignal>
#include <unistd.h>

namespace dlc::tool {

/// Set once, before the handler can run.
static std::string &partial = *new std::string;
static std::string &message = *new std::string;

static void onFatalSignal(int) {
  if (!partial.empty())
    unlink(partial.c_str());
  // Nothing can be done where even this fails.
  (void)!write(STDERR_FILENO, message.data(), message.size());
  _exit(InternalError);
}

void installCrashHandler(const std::string &partialFile,
                         const std::string &folder) {
  partial = partialFile;
  message = "error: dlc " DLC_VERSION " crashed: please report it with the "
            "command line and ";
  message += folder.empty()
                 ? "the folder that --dump-dir FOLDER makes when you add it"
                 : "the folder '" + folder + "'";
  message += ", which holds the text of each stage up to the crash\n";
  // A stack of its own: the other may be exhausted.
  static char stack[64 * 1024];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_handler = onFatalSignal;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    sigaction(signal, &action, nullptr);
}

} // namespace dlc::tool
