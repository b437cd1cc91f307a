# SPDX-License-Identifier: Apache-2.0
# Finds MLIR and defines the functions that the compiler's folders use.

find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

add_library(dlc_mlir_options INTERFACE)
target_include_directories(dlc_mlir_options SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_compile_definitions(dlc_mlir_options INTERFACE ${LLVM_DEFINITIONS_LIST})
target_link_libraries(dlc_mlir_options INTERFACE dlc_options)

# One precompiled header for every target that includes MLIR: it is parsed once.
add_library(DlcPch OBJECT ${PROJECT_SOURCE_DIR}/cmake/Pch.cpp)
target_link_libraries(DlcPch PUBLIC dlc_mlir_options)
# Without the headers' times in it its bytes, and so what ccache knows of the
# objects made with it, stay the same when files are written anew.
target_compile_options(DlcPch PUBLIC "SHELL:-Xclang -fno-pch-timestamp")
target_precompile_headers(DlcPch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Pch.h)

# dlc_tablegen(TARGET file.td out -gen-flag... out -gen-flag...): runs
# mlir-tblgen on file.td; outputs lie beside it in the build tree.
function(dlc_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(TABLEGEN_OUTPUT)
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args out)
    set(flags)
    while(args)
      list(GET args 0 flag)
      if(NOT flag MATCHES "^-")
        break()
      endif()
      list(APPEND flags ${flag})
      list(POP_FRONT args)
    endwhile()
    mlir_tablegen(${out} ${flags}
      EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_custom_target(${target} DEPENDS ${TABLEGEN_OUTPUT})
  set_property(GLOBAL APPEND PROPERTY DLC_TABLEGEN_TARGETS ${target})
endfunction()

# dlc_add_library(NAME sources... [DEPENDS targets...] [LINK targets...])
function(dlc_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC dlc_mlir_options ${ARG_LINK})
  # Above the dialects their headers are precompiled too.
  if(TARGET DlcDialectsPch)
    target_precompile_headers(${name} REUSE_FROM DlcDialectsPch)
  else()
    target_precompile_headers(${name} REUSE_FROM DlcPch)
  endif()
  get_property(tablegen GLOBAL PROPERTY DLC_TABLEGEN_TARGETS)
  if(tablegen OR ARG_DEPENDS)
    add_dependencies(${name} ${tablegen} ${ARG_DEPENDS})
  endif()
endfunction()
