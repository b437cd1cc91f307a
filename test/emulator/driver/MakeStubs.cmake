# SPDX-License-Identifier: Apache-2.0
# cmake -DINCLUDE=FOLDER -DOUTPUT=Stubs.c -P MakeStubs.cmake
# Writes a weak stub for every function that CUDA's headers know, which the
# emulated ones replace, and the table of them that cuGetProcAddress reads.
# cudaTypedefs.h names each function with the version of CUDA that brought it,
# PFN_cuMemAlloc_v3020; the library exports the second of them as cuMemAlloc_v2.
set(entries "")
foreach(header cudaTypedefs.h cudaProfilerTypedefs.h cudaGLTypedefs.h
        cudaEGLTypedefs.h cudaVDPAUTypedefs.h)
  file(READ ${INCLUDE}/${header} text)
  string(REGEX MATCHALL "PFN_cu[A-Za-z0-9]+_v[0-9]+(_pt[sd][sz])?\\)" found "${text}")
  list(APPEND entries ${found})
endforeach()
list(TRANSFORM entries REPLACE "^PFN_(.*)\\)$" "\\1")
list(REMOVE_DUPLICATES entries)
list(SORT entries COMPARE NATURAL)

set(stubs "")
set(table "")
set(symbols "")
set(lastName "")
set(count 0)
foreach(entry ${entries})
  string(REGEX MATCH "^(.*)_v([0-9]+)(_pt[sd][sz])?$" all ${entry})
  set(name ${CMAKE_MATCH_1})
  set(version ${CMAKE_MATCH_2})
  set(flavour "${CMAKE_MATCH_3}")
  if(NOT name STREQUAL lastName)
    set(lastName ${name})
    set(count 0)
  endif()
  set(perThread 1)
  if(flavour STREQUAL "")
    math(EXPR count "${count} + 1")
    set(perThread 0)
  endif()
  set(symbol ${name})
  if(count GREATER 1)
    set(symbol ${name}_v${count})
  endif()
  string(APPEND symbol "${flavour}")
  list(APPEND symbols ${symbol})
  string(APPEND table "    {\"${name}\", ${version}, ${perThread}, (void *)${symbol}},\n")
endforeach()
# cuda.h gives this name to another function from CUDA 12 on.
string(APPEND table "    {\"cuGraphInstantiate\", 12000, 0, (void *)cuGraphInstantiateWithFlags},\n")
list(REMOVE_DUPLICATES symbols)
foreach(symbol ${symbols})
  string(APPEND stubs "STUB(${symbol});\n")
endforeach()

file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
/* Made by MakeStubs.cmake from CUDA's headers. */
#include "driver/Functions.h"
#include <stddef.h>

int emulatorNotSupported(void) { return 801; /* CUDA_ERROR_NOT_SUPPORTED */ }

#define STUB(NAME)                                                             \
  int NAME(void)                                                               \
      __attribute__((weak, alias("emulatorNotSupported"), visibility("default")))
@stubs@
const struct FunctionEntry functionTable[] = {
@table@    {NULL, 0, 0, NULL}};
]])
