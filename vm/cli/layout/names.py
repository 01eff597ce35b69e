"""Writes the list of functions that `build.rs` gathers: `names.py SYMBOLS PROFILE...`.

SYMBOLS is what `nm -S --defined-only` tells of the measured program. Each PROFILE is a callgrind file with mangled names; functions of the first one come
first, then those that more of the programs have called.
"""

import collections
import re
import sys

HASH = re.compile(r"17h[0-9a-f]{16}E")


def called(profile):
    """The names of the functions in a callgrind file."""
    names = set()
    with open(profile, errors="replace") as lines:
        for line in lines:
            if match := re.match(r"c?fn=\(\d+\) (.*)", line):
                names.add(re.sub(r"('\d+)?\s*$", "", match[1]))
    return names


def general(name):
    """A pattern for the symbol in other builds, of other versions of Rust."""
    name = re.sub(r"\.llvm\.\d+$", "", name)
    if name.startswith("_R"):
        return re.sub(r"Cs[0-9A-Za-z]{8,}_", "Cs*_", name) + "*"
    return HASH.sub("17h*", name)


def main():
    symbols, first, *others = sys.argv[1:]
    sizes, places, aliases = {}, {}, collections.defaultdict(list)
    with open(symbols) as lines:
        for line in lines:
            fields = line.split()
            if len(fields) == 4 and fields[2] in "tT":
                sizes[fields[3]] = int(fields[1], 16)
                places[fields[3]] = fields[0]
                aliases[fields[0]].append(fields[3])

    def everyone(names):
        """The names with all those that the linker gave the same code, which may keep it under any of them."""
        return {alias for name in names for alias in aliases[places.get(name)]}

    start = everyone(called(first))
    callers = collections.Counter(name for profile in others for name in everyone(called(profile)))
    every = sizes.keys() & (start | callers.keys())
    # Patterns that mean other functions as well, instances of a generic one mostly: those are named exactly if they are large.
    wanted, meant = collections.Counter(), collections.Counter()
    for name, size in sizes.items():
        meant[general(name)] += size
        if name in every:
            wanted[general(name)] += size
    ordered = sorted(every, key=lambda name: (name not in start, -callers[name], general(name), name))
    seen = set()
    for name in ordered:
        pattern = general(name)
        if meant[pattern] > wanted[pattern] * 2 + 1000:
            pattern = re.sub(r"\.llvm\.\d+$", "*", name)
        if pattern not in seen:
            seen.add(pattern)
            print(pattern)


if __name__ == "__main__":
    main()
