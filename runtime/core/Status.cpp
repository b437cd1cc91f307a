// SPDX-License-Identifier: Apache-2.0
// The texts of statuses and the last message of each thread.
#include "runtime/core/Status.h"

#include <stdarg.h>
#include <stdio.h>

static thread_local char lastError[512];

dlc_status dlc::runtime::fail(dlc_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(lastError, sizeof lastError, format, arguments);
  va_end(arguments);
  return status;
}

const char *dlc_last_error(void) { return lastError; }

const char *dlc_status_string(dlc_status status) {
  switch (status) {
  case DLC_OK:
    return "done";
  case DLC_ERROR_INVALID_ARGUMENT:
    return "an argument is not valid";
  case DLC_ERROR_NOT_FOUND:
    return "there is nothing of that name";
  case DLC_ERROR_TENSOR:
    return "a tensor does not fit the model";
  case DLC_ERROR_UNBOUND:
    return "an input or output has no tensor";
  case DLC_ERROR_OUT_OF_MEMORY:
    return "there is not enough memory";
  case DLC_ERROR_CPU:
    return "the model was not compiled for this CPU";
  case DLC_ERROR_IO:
    return "a file cannot be read or written";
  case DLC_ERROR_ARTIFACT:
    return "the file is not a compiled model";
  case DLC_ERROR_VERSION:
    return "the model is of another version than the runtime";
  case DLC_ERROR_UNSUPPORTED:
    return "this version cannot do that";
  case DLC_ERROR_TEST_FAILED:
    return "the self-test gave other values";
  case DLC_ERROR_DEVICE:
    return "a device is missing, has no code or has failed";
  }
  return "unknown status";
}
