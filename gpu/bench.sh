#!/usr/bin/env bash
# Speed on the GPU of this machine, both sides in one run where PyTorch is there. Runs where gpu/test.sh does.
# Usage: gpu/bench.sh [--only PART]...   PARTs (all by default):
#   ops        single ops, with cuBLASLt and with our own matrix kernels
#   attention  dense and radial attention at real sizes, and a sweep over lengths and densities
#   portable   the same attention by the kernels for GPUs other than Hopper
#   models     Wan 2.1 14B, its VAE, UMT5-XXL and a clip in 4 steps; 40 GiB of random weights are written to $WEIGHTS first
#   steady     the first against the tenth prediction of Wan 2.1 14B in a fresh process
#   scaling    dense and radial predictions at 69, 141 and 285 frames, and scaling.svg
#   wan22      Wan 2.2 A14B at 77 frames (its experts are of Wan 2.1 14B's shape) and the VAE of TI2V 5B
#   hunyuan    HunyuanVideo 13B at 117 and, once, 465 frames, and its VAE; 25 GiB in $WEIGHTS/hunyuan, removed afterwards
#   mochi      Mochi 1 at 163 frames, and its VAE; 20 GiB in $WEIGHTS/mochi, removed afterwards
#   reference  the same work in PyTorch, where python3 has it; models too, where it has diffusers or DIFFUSERS names a folder with it
#   table      every bound with the figures of the run; exits with 1 when one is broken
# JSON lines go to ${OUT:-output/gpu}. WEIGHTS (default $OUT/../weights) wants 65 GiB; ROUNDS (default 5) are timed of each.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-output/gpu}
weights=${WEIGHTS:-$out/../weights}
rounds=${ROUNDS:-5}
mkdir -p "$out"
node=node
[[ -x ./node ]] && node=./node
parts=()
while (($# > 0)); do
  [[ "$1" == --only && $# -gt 1 ]] || { sed -n '3,3p' "$0" >&2; exit 2; }
  parts+=("$2")
  shift 2
done
wanted() { ((${#parts[@]} == 0)) || [[ " ${parts[*]} " == *" $1 "* ]]; }
clocks() { nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,power.draw --format=csv,noheader || true; }
ops() { "$node" dist/scripts/gpu-bench/main.js "$@" --json "$out/bench.jsonl"; }
make_weights() { "$node" dist/scripts/gpu-model/make-weights.js "$@"; }
model() { "$node" dist/scripts/gpu-model/main.js --weights "$weights" "$@" --rounds "$rounds" --json "$out/bench.jsonl"; }

clocks
if wanted ops; then
  ops --only linear --only norm --only residual --only add --only lu --only upsample --only cast --only conv3d
  UMBEL_CUBLASLT=none ops --only linear
  UMBEL_LINEAR=cublaslt ops --only linear
fi
if wanted attention; then ops --only attention; fi
if wanted portable; then
  UMBEL_ATTENTION=portable ops --only "attention dense" --only "attention radial"
fi
if wanted models; then
  make_weights "$weights"
  model load
  model radial
  model dense
  model radial --weight-type fp8_e4m3fn_fast
  model radial --vram $((8 << 30))
  model decode encode
  model text
  model clip
  model clip --weight-type fp8_e4m3fn_fast
fi
if wanted steady; then
  make_weights "$weights" --only diffusion
  model steady
fi
if wanted scaling; then
  make_weights "$weights"
  for frames in 69 141 285; do
    "$node" dist/scripts/gpu-model/main.js radial dense --frames "$frames" --weights "$weights" --rounds 1 \
      --json "$out/scaling.jsonl"
  done
  "$node" dist/scripts/gpu-bench/scaling-plot.js "$out/scaling.jsonl" "$out/scaling.svg"
fi
if wanted wan22; then
  make_weights "$weights" --only diffusion --only vae
  model radial dense decode --frames 77
  make_weights "$weights/wan22" --family wan22 --only vae
  model decode --family wan22 --weights "$weights/wan22"
fi
for family in hunyuan mochi; do
  wanted $family || continue
  make_weights "$weights/$family" --family $family
  model radial dense decode --family $family --weights "$weights/$family"
  if [[ $family == hunyuan ]]; then
    rounds=1 model radial dense --family hunyuan --frames 465 --weights "$weights/hunyuan"
  fi
  rm -r "${weights:?}/$family"
done
if wanted reference; then
  "$node" scripts/attention-masks.js "$out/masks"
  python3 scripts/gpu-bench/reference/main.py --masks "$out/masks" ${DIFFUSERS:+--diffusers "$DIFFUSERS"} \
    --rounds "$rounds" --json "$out/reference.jsonl" || echo "The other side was not measured as a whole." >&2
fi
clocks
if wanted table; then
  files=("$out/bench.jsonl")
  [[ ! -f "$out/reference.jsonl" ]] || files+=("$out/reference.jsonl")
  "$node" dist/scripts/gpu-bench/table.js "${files[@]}"
fi
