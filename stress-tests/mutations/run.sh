#!/bin/sh
# Applies each mutation (or those named, as DIRECTORY/NAME.diff) and expects its loom model to fail. Reverts it whatever happens.
# Prints "killed", "SURVIVED", "STALE" (does not apply any more) or "BROKEN" (does not compile); the exit status is that of the worst.
cd "$(dirname "$0")/../.." || exit 2
: "${CARGO_TARGET_DIR:=$PWD/target/loom}"
export CARGO_TARGET_DIR RUSTFLAGS="--cfg loom" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=8
[ $# -gt 0 ] || set -- stress-tests/mutations/*/*.diff
status=0
output=$(mktemp)
current=
revert() { [ -z "$current" ] || git apply -R "$current"; current=; }
trap 'revert; rm -f "$output"' EXIT
trap 'exit 2' INT TERM
for diff; do
    read -r _ file test <"$diff"
    if ! git apply "$diff" 2>/dev/null; then
        echo "STALE    $diff"; status=1; continue
    fi
    current=$diff
    timeout 120 cargo test -q --release -p taipan-stress --test "$file" -- --exact "$test" >"$output" 2>&1
    code=$?
    if grep -q 'could not compile' "$output"; then
        echo "BROKEN   $diff"; status=1
    elif [ $code -eq 0 ]; then
        echo "SURVIVED $diff"; status=1
    elif grep -qE 'Causality violation|deadlock; threads|assertion' "$output"; then
        echo "killed   $diff"
    else
        echo "BROKEN   $diff (status $code)"; status=1
    fi
    revert
done
exit $status
