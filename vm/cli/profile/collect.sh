#!/bin/sh
# Makes the profile that guides optimized builds (.cargo/rustc):
#
#     profile/collect.sh 'PROGRAM ARGUMENT...'...
#
# Builds the interpreter so that it counts what it executes, has it run the programs of benches and examples, and those given, and adds the counts up. Each runs with machine code and
# without. The profile there is comes from pyperformance's programs besides (`--worker -n1 -w0 -lLOOPS`, a second each). Needs rustup's component llvm-tools.
#
# The counts of a function are found by its name and its form: a function that was changed since is compiled as if there were no profile.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TAIPAN_PROFILE=counts cargo build --release -p taipan-cli --target-dir target/profile
# Processes add their counts to those in the file.
export LLVM_PROFILE_FILE="$folder/counts-%m.profraw"

run() {
    for jit in 0 1; do
        echo | PYTHON_JIT=$jit target/profile/release/taipan "$@" > "$folder/output" 2>&1 || { echo "$*"; cat "$folder/output"; } >&2
    done
}
run -c 'import asyncio, json, re, typing, dataclasses, argparse, logging, pathlib, subprocess, unittest'
for program in benches/python/programs/[!h]*.py; do
    run "$program" --loops 0.3
done
for program in primes mandelbrot bank pipeline; do
    run "examples/$program.py" --threads 2
done
# Foreign reads, locks and stops are executed by threads only.
scaling=benches/python/scaling/runner.py
target/profile/release/taipan $scaling --list > "$folder/rows"
while IFS='	' read -r name kind; do
    run $scaling "$name" "$kind" --threads 2 --scale 0.2 < /dev/null
done < "$folder/rows"
for program in "$@"; do
    # shellcheck disable=SC2086 # words of a command line
    run $program
done

compiler=$(rustc -vV)
release=$(echo "$compiler" | sed -n 's/^release: //p')
host=$(echo "$compiler" | sed -n 's/^host: //p')
"$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" merge --sparse -o "$here/rustc-$release.profdata" "$folder"/*.profraw
