#!/bin/bash
# Writes the expected output of the programs in python/ by running them with CPython 3.14.
# Usage: vm/cli/tests/regenerate.sh [PROGRAM.py ...]     PYTHON names the interpreter (default python3.14)
# Output goes to NAME.out; a program whose first lines say "# stderr: compare" also gets NAME.err,
# and one that says "# exit: N" must leave with that status (otherwise 0). "# taipan: only" marks programs that CPython
# cannot run: their output is written by hand.
set -euo pipefail
cd "$(dirname "$0")/python"
python=${PYTHON:-python3.14}
"$python" -c 'import sys; assert sys.version_info[:2] == (3, 14), sys.version' || exit 2
[ $# -gt 0 ] || set -- *.py
for program in "$@"; do
    program=$(basename "$program")
    name=${program%.py}
    if sed -n 1,5p "$program" | grep -q '^# taipan: only'; then continue; fi
    wanted=$(sed -n '1,5s/^# exit: *//p' "$program")
    status=0
    PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1 PYTHONHASHSEED=0 "$python" "$program" >"$name.out" 2>"$name.err" </dev/null || status=$?
    if [ "$status" != "${wanted:-0}" ]; then
        echo "$program: exit status $status, expected ${wanted:-0}" >&2
        tail -n 3 "$name.err" >&2
    fi
    { PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1 PYTHONHASHSEED=1 "$python" "$program" 2>/dev/null </dev/null || true; } |
        cmp -s - "$name.out" || echo "$program: output depends on the hash seed" >&2
    # Tracebacks name files by their whole path; where the repository lies must not matter.
    sed -i "s|$PWD/||g" "$name.out" "$name.err"
    # Nor which release of the library it is.
    sed -i -E 's|^( *)File "/[^"]*/([^"/]*)", line [0-9]+|\1File "\2", line N|' "$name.out" "$name.err"
    if ! sed -n 1,5p "$program" | grep -q '^# stderr: compare'; then rm "$name.err"; fi
done
