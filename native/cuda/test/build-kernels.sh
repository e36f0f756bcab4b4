#!/bin/sh
# Builds kernels_check for a machine that has only a driver: build-kernels.sh OUTPUT [nvcc flags]
# UMBEL_GPUS: what to compile for besides Hopper's own kernels, "90" by default.
set -eu
out=$1
shift
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -O3 -DNDEBUG --extended-lambda --expt-relaxed-constexpr -I."
portable=""
for gpu in ${UMBEL_GPUS:-90}; do portable="$portable -gencode arch=compute_$gpu,code=sm_$gpu"; done
for op in row_norm row_norm_aligned layer_norm_modulate rms_norm rms_norm_rope channel_rms_norm gated_residual silu gelu \
  add cast copy upsample2x conv3d; do
  nvcc $flags "$@" $portable -c "cuda/portable/$op.cu" -o "$work/$op.o"
done
nvcc $flags "$@" -gencode arch=compute_90a,code=sm_90a -c cuda/sm90/conv3d.cu -o "$work/sm90.o"
nvcc $flags "$@" $portable -c cuda/test/kernels_check.cu -o "$work/check.o"
nvcc $flags -c cuda/conv3d.cc -o "$work/choice.o"
nvcc -cudart static -o "$out" "$work"/*.o
