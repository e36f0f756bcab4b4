#!/usr/bin/env bash
# Correctness on the GPU of this machine: every op against the CPU, then the models against reference data. Runs inside an
# unpacked archive of `npm run gpu:pack`, or in a checkout after `npm ci`. Usage: gpu/test.sh [--sanitize] [FOLDER...]
# FOLDERs hold reference data (by default goldens/ beside this folder); --sanitize also runs the ops under compute-sanitizer.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-output/gpu}
mkdir -p "$out"
node=node
[[ -x ./node ]] && node=./node
sanitize=0
if [[ "${1:-}" == "--sanitize" ]]; then
  sanitize=1
  shift
fi
folders=("$@")
[[ ${#folders[@]} -gt 0 || ! -d goldens ]] || folders=(goldens)
status=0

for mode in f32 bf16 large device; do
  "$node" dist/scripts/op-check/main.js --mode "$mode" --json "$out/ops-$mode.json" || status=1
done
echo "bf16 without cuBLASLt:"
UMBEL_CUBLASLT=none "$node" dist/scripts/op-check/main.js --mode bf16 --only linear || status=1
echo "bf16 by the portable kernels:"
UMBEL_LINEAR=portable "$node" dist/scripts/op-check/main.js --mode bf16 --only linear || status=1
if [[ ${#folders[@]} -gt 0 ]]; then
  for precision in f32 bf16; do
    echo "conformance, $precision:"
    "$node" dist/scripts/conformance/main.js "${folders[@]}" --device cuda --precision "$precision" || status=1
  done
fi
if ((sanitize)); then
  for tool in memcheck racecheck initcheck synccheck; do
    echo "compute-sanitizer $tool:"
    compute-sanitizer --tool "$tool" --target-processes all --print-limit 20 \
      "$node" dist/scripts/op-check/main.js --mode bf16 --from 0 2>&1 | grep -v '^{' || status=1
  done
fi
exit "$status"
