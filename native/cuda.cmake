# The CUDA part of CMakeLists.txt: the backend's host files by the C++ compiler, kernels by nvcc, for the GPUs that
# UMBEL_CUDA_ARCHS names.
set(UMBEL_GPUS ${UMBEL_CUDA_ARCHS})
if(NOT UMBEL_GPUS)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
    OUTPUT_VARIABLE UMBEL_FOUND_GPUS ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE UMBEL_NO_GPU)
  if(UMBEL_NO_GPU EQUAL 0 AND UMBEL_FOUND_GPUS)
    string(REPLACE "\n" ";" UMBEL_GPUS "${UMBEL_FOUND_GPUS}")
    string(REPLACE "." "" UMBEL_GPUS "${UMBEL_GPUS}")
    list(REMOVE_DUPLICATES UMBEL_GPUS)
    # Hopper's own instructions need the architecture-specific target.
    list(TRANSFORM UMBEL_GPUS REPLACE "^90$" "90a")
  else()
    set(UMBEL_GPUS 90a)
  endif()
endif()
message(STATUS "CUDA kernels for ${UMBEL_GPUS} by ${UMBEL_NVCC}")

get_filename_component(UMBEL_CUDA_ROOT "${UMBEL_NVCC}" REALPATH)
get_filename_component(UMBEL_CUDA_ROOT "${UMBEL_CUDA_ROOT}" DIRECTORY)
get_filename_component(UMBEL_CUDA_ROOT "${UMBEL_CUDA_ROOT}" DIRECTORY)
find_path(UMBEL_CUDA_INCLUDE cuda_runtime_api.h HINTS ${UMBEL_CUDA_ROOT} PATH_SUFFIXES include targets/x86_64-linux/include REQUIRED)
find_library(UMBEL_CUDART cudart_static HINTS ${UMBEL_CUDA_ROOT} PATH_SUFFIXES lib64 lib lib/x64 targets/x86_64-linux/lib REQUIRED)

set(UMBEL_NVCC_FLAGS -std=c++20 -O3 -DNDEBUG --extended-lambda --expt-relaxed-constexpr
  -ccbin ${CMAKE_CXX_COMPILER} -Xcompiler -fPIC,-fvisibility=hidden,-fvisibility-inlines-hidden,-Wall
  -I${CMAKE_CURRENT_SOURCE_DIR} --threads 0)
if(UMBEL_WERROR)
  list(APPEND UMBEL_NVCC_FLAGS -Werror all-warnings)
endif()

# nvcc is called directly: each file for its own list of GPUs, no separable compilation, no CUDA support of CMake's that
# would have to know the newest GPUs.
function(umbel_cuda_kernels level gpus)
  set(targets "")
  foreach(gpu ${gpus})
    list(APPEND targets -gencode arch=compute_${gpu},code=sm_${gpu})
  endforeach()
  foreach(source ${ARGN})
    cmake_path(IS_PREFIX CMAKE_CURRENT_BINARY_DIR ${source} NORMALIZE generated)
    if(generated)
      file(RELATIVE_PATH name ${CMAKE_CURRENT_BINARY_DIR} ${source})
    else()
      file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    endif()
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${object}
      COMMAND ${UMBEL_NVCC} ${UMBEL_NVCC_FLAGS} ${targets} -DUMBEL_ISA_LEVEL=${level} -MMD -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d COMMENT "nvcc ${name}" VERBATIM)
    target_sources(umbel PRIVATE ${object})
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  endforeach()
endfunction()

# Small kernel files take nvcc four seconds each, nearly all of it for CUDA's headers, so they are compiled several at a
# time: a generated file includes those of `kernels` whose name matches `pattern`, which then leave the list. Each file
# still stands alone, but the names in its unnamed namespace must differ from those of the others in its unit.
function(umbel_cuda_unit unit pattern kernels)
  set(members ${${kernels}})
  list(FILTER members INCLUDE REGEX "/(${pattern})[.]cu$")
  set(includes "")
  foreach(member ${members})
    file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR} ${member})
    string(APPEND includes "#include \"${name}\"\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/cuda/units/${unit}.cu)
  file(CONFIGURE OUTPUT ${source} CONTENT "${includes}" @ONLY)
  list(REMOVE_ITEM ${kernels} ${members})
  list(APPEND ${kernels} ${source})
  set(${kernels} ${${kernels}} PARENT_SCOPE)
endfunction()

file(GLOB UMBEL_CUDA_HOST CONFIGURE_DEPENDS cuda/*.cc)
file(GLOB UMBEL_CUDA_PORTABLE CONFIGURE_DEPENDS cuda/portable/*.cu)
file(GLOB UMBEL_CUDA_SM90 CONFIGURE_DEPENDS cuda/sm90/*.cu)
# Large kernel files are left out, so that they run beside each other.
umbel_cuda_unit(norms "row_norm|(channel_rms|group|layer|rms)_norm.*" UMBEL_CUDA_PORTABLE)
umbel_cuda_unit(linear "linear.*|quantize_rows" UMBEL_CUDA_PORTABLE)
umbel_cuda_unit(attention "attention|block_sparse_attention" UMBEL_CUDA_PORTABLE)
umbel_cuda_unit(moves "cast|cat|copy|cos_sin|dequantize|embedding|lora_merge|upsample2x" UMBEL_CUDA_PORTABLE)
umbel_cuda_unit(elementwise "add|affine|clamp|gated_residual|gelu|lincomb|mul|silu|sub|tanh" UMBEL_CUDA_PORTABLE)
umbel_cuda_kernels(0 "${UMBEL_GPUS}" ${UMBEL_CUDA_PORTABLE})
if("90a" IN_LIST UMBEL_GPUS)
  umbel_cuda_kernels(1 90a ${UMBEL_CUDA_SM90})
endif()

target_sources(umbel PRIVATE ${UMBEL_CUDA_HOST})
target_include_directories(umbel SYSTEM PRIVATE ${UMBEL_CUDA_INCLUDE})
target_link_libraries(umbel PRIVATE ${UMBEL_CUDART})
if(UNIX AND NOT APPLE)
  target_link_libraries(umbel PRIVATE rt)
endif()
