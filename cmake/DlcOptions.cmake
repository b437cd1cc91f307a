# SPDX-License-Identifier: Apache-2.0
# Compiler and linker flags shared by every target of the project.

add_library(dlc_options INTERFACE)
target_include_directories(dlc_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/runtime/include)
target_compile_options(dlc_options INTERFACE -Wall -Wextra -Wno-unused-parameter -Werror)

if(DLC_SANITIZE)
  add_compile_options(-fsanitize=${DLC_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${DLC_SANITIZE})
endif()

find_program(DLC_LLD NAMES ld.lld-22 ld.lld)
if(DLC_LLD)
  add_link_options(-fuse-ld=${DLC_LLD})
endif()
find_program(DLC_CCACHE ccache)
if(DLC_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${DLC_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DLC_CCACHE})
endif()
