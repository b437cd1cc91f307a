# SPDX-License-Identifier: Apache-2.0
# Finds CUDA's compilers and headers: an installed toolkit of version 13 or
# newer, else the packages of cmake/cuda.txt that `./dev` installs into
# build/cuda. No GPU and no driver is asked for.
#
#   DLC_CUDA_ROOT       the toolkit's folder
#   DLC_CUDA_INCLUDE    the folder of cuda.h
#   DLC_CUDA_NVCC       nvcc
#   DLC_CUDA_PTXAS      ptxas
#   DLC_CUDA_LIBDEVICE  libdevice.10.bc
#
# As a script, `cmake -DDLC_CUDA_FOLDERS=... -P DlcCuda.cmake` fails if none of
# these folders holds a toolkit, nor where toolkits are installed.

# dlc_check_cuda(FOLDER OUT): whether the folder holds all that is needed.
function(dlc_check_cuda folder out)
  set(${out} FALSE PARENT_SCOPE)
  foreach(file include/cuda.h include/cudaTypedefs.h include/cuda_runtime.h
               include/crt/host_config.h bin/nvcc bin/ptxas nvvm/bin/cicc
               nvvm/libdevice/libdevice.10.bc)
    if(NOT EXISTS ${folder}/${file})
      return()
    endif()
  endforeach()
  file(STRINGS ${folder}/include/cuda.h version REGEX "^#define CUDA_VERSION ")
  if(version MATCHES "([0-9]+)" AND CMAKE_MATCH_1 GREATER_EQUAL 13000)
    set(${out} TRUE PARENT_SCOPE)
  endif()
endfunction()

set(dlc_cuda_candidates ${DLC_CUDA_FOLDERS} $ENV{CUDA_HOME} $ENV{CUDA_PATH}
    /usr/local/cuda /opt/cuda)
file(GLOB dlc_cuda_wheels ${CMAKE_BINARY_DIR}/cuda/lib/python3*/site-packages/nvidia/cu*)
list(APPEND dlc_cuda_candidates ${dlc_cuda_wheels})
set(DLC_CUDA_ROOT "")
foreach(folder ${dlc_cuda_candidates})
  dlc_check_cuda(${folder} dlc_cuda_found)
  if(dlc_cuda_found)
    set(DLC_CUDA_ROOT ${folder})
    break()
  endif()
endforeach()

if(NOT DLC_CUDA_ROOT)
  message(FATAL_ERROR "No CUDA toolkit of version 13 or newer: neither in CUDA_HOME, "
    "/usr/local/cuda nor ${CMAKE_BINARY_DIR}/cuda. `./dev setup` installs one from PyPI.")
endif()
set(DLC_CUDA_INCLUDE ${DLC_CUDA_ROOT}/include)
set(DLC_CUDA_NVCC ${DLC_CUDA_ROOT}/bin/nvcc)
set(DLC_CUDA_PTXAS ${DLC_CUDA_ROOT}/bin/ptxas)
set(DLC_CUDA_LIBDEVICE ${DLC_CUDA_ROOT}/nvvm/libdevice/libdevice.10.bc)
