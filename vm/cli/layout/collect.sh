#!/bin/sh
# Finds the functions that programs execute, which build.rs gathers:
#
#     layout/collect.sh TAIPAN 'PROGRAM ARGUMENT...'... > functions.txt
#
# TAIPAN is a plain release build. Each program runs under valgrind; few turns of its loops are enough (`--worker -l1 -n1 -w0` for those of pyperformance, whose
# programs the list comes from, with `import` of the library's common modules and examples/bank.py).
set -eu
taipan=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trace() {
    profile=$1
    shift
    valgrind --tool=callgrind --dump-instr=yes --demangle=no --callgrind-out-file="$folder/$profile" "$taipan" "$@" > "$folder/output" 2>&1 ||
        { cat "$folder/output" >&2; exit 1; }
}
nm -S --defined-only "$taipan" > "$folder/symbols"
trace 0 -c pass
number=0
for program in "$@"; do
    number=$((number + 1))
    # shellcheck disable=SC2086 # words of a command line
    trace $number $program
done
cd "$folder"
rm output
python3 "$here/names.py" symbols 0 $(seq 1 $number)
