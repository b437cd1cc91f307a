# SPDX-License-Identifier: Apache-2.0
# Fails where ARCHIVE refers to a symbol that it does not define, that the
# compiler does not provide, and that is not listed in the file ALLOWED.
cmake_policy(VERSION 3.25)
execute_process(COMMAND ${NM} ${ARCHIVE} OUTPUT_VARIABLE output
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[A-Za-z] [A-Za-z0-9_.]+\n" lines "${output}")
# dlc_cuda_part is weak, and null in artifacts.
set(defined dlc_abi_model_v1 dlc_cuda_part _GLOBAL_OFFSET_TABLE_)
set(undefined)
foreach(line ${lines})
  string(REGEX REPLACE "([A-Za-z]) (.+)\n" "\\1;\\2" parts "${line}")
  list(GET parts 0 kind)
  list(GET parts 1 name)
  if(kind MATCHES "[Uw]")
    list(APPEND undefined ${name})
  else()
    list(APPEND defined ${name})
  endif()
endforeach()
if(NOT "dlc_model_v1" IN_LIST defined)
  message(FATAL_ERROR "${NM} shows no symbols of ${ARCHIVE}")
endif()
file(STRINGS ${ALLOWED} allowed REGEX "^[A-Za-z_]")
list(REMOVE_DUPLICATES undefined)
list(REMOVE_ITEM undefined ${defined} ${allowed})
if(undefined)
  message(FATAL_ERROR "not in ${ALLOWED}: ${undefined}")
endif()
