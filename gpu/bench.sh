#!/usr/bin/env bash
# Speed on the GPU of this machine: single ops, with cuBLASLt and with our own matrix kernels. Runs where gpu/test.sh does.
# Usage: gpu/bench.sh [--only WORD]...   Writes JSON lines to ${OUT:-output/gpu}/bench.jsonl.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-output/gpu}
mkdir -p "$out"
node=node
[[ -x ./node ]] && node=./node
nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,power.draw --format=csv,noheader || true
"$node" dist/scripts/gpu-bench/main.js "$@" --json "$out/bench.jsonl"
UMBEL_CUBLASLT=none "$node" dist/scripts/gpu-bench/main.js --only linear --json "$out/bench.jsonl"
nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw --format=csv,noheader || true
