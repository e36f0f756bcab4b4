#!/bin/sh
# Builds linear_check for a machine that has only a driver: build-linear.sh OUTPUT [nvcc flags]
# -DUMBEL_TRAP_ON_STALL makes a kernel that waits in vain say which barrier it was.
set -eu
out=$1
shift
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -O3 -DNDEBUG --extended-lambda --expt-relaxed-constexpr -I."
portable="-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90"
nvcc $flags "$@" -gencode arch=compute_90a,code=sm_90a -c cuda/sm90/linear.cu -o "$work/sm90.o"
for name in linear_product quantize_rows cast; do
  nvcc $flags "$@" $portable -c cuda/portable/$name.cu -o "$work/$name.o"
done
nvcc $flags "$@" $portable -c cuda/test/linear_check.cu -o "$work/check.o"
nvcc $flags -c cuda/linear.cc -o "$work/choice.o"
nvcc $flags -c cuda/cublaslt.cc -o "$work/cublaslt.o"
nvcc -cudart static -o "$out" "$work"/*.o -ldl
