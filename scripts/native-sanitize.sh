#!/bin/sh
# Builds the addon with the address and undefined-behaviour sanitizers (native/build/Sanitize) and runs the tests of ops,
# tensors and the addon on it. Usage: scripts/native-sanitize.sh [test files]
set -eu
cd "$(dirname "$0")/.."

UMBEL_SANITIZE=1 npm run --silent native:build
UMBEL_ADDON="$PWD/native/build/Sanitize/Release/umbel.node"
export UMBEL_ADDON

compiler=${CXX:-c++}
preload="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libubsan.so)"
# Leaks are off: the JavaScript engine keeps its memory at exit. Node's own handlers for bad accesses stay out of the way.
export ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"

[ $# -gt 0 ] || set -- test/ops test/runtime/tensor test/native
LD_PRELOAD="$preload" exec node node_modules/vitest/vitest.mjs run --testTimeout 300000 "$@"
