#!/bin/sh
# Makes build/pytorch-venv with PyTorch's CPU build, the other side of `npm run bench:cpu`.
set -eu
venv=$(dirname "$0")/../../build/pytorch-venv
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet torch numpy
"$venv/bin/python" -c 'import torch; print("PyTorch", torch.__version__)'
