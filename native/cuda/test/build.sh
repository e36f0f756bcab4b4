#!/bin/sh
# Builds attention_check for a machine that has only a driver: build.sh OUTPUT [nvcc flags]
set -eu
out=$1
shift
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -O3 -I."
nvcc $flags "$@" -gencode arch=compute_90a,code=sm_90a -c cuda/sm90/attention.cu -o "$work/sm90.o"
portable="-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90"
nvcc $flags "$@" $portable -c cuda/portable/attention_mma.cu -o "$work/portable.o"
nvcc $flags "$@" $portable -c cuda/portable/attention_wide.cu -o "$work/wide.o"
nvcc $flags "$@" $portable -c cuda/portable/attention_generic.cu -o "$work/generic.o"
nvcc $flags "$@" $portable -c cuda/test/attention_check.cu -o "$work/check.o"
nvcc $flags -c cuda/attention.cc -o "$work/choice.o"
nvcc -cudart static -o "$out" "$work"/*.o
