"""Writes the list of functions that `build.rs` gathers: `names.py SYMBOLS PROFILE...`.

SYMBOLS is what `nm -S --defined-only` tells of the measured program. Each PROFILE is a callgrind file with the addresses of instructions; functions of the first one
come first, then those that most of the programs have executed, then those of a few, each beside what the same programs have executed: the system
reads 64 KiB around what is executed first, so that a program takes what lies between its functions, too. `NAME.cold` is the part of a function that the profile of `vm/cli/profile` takes for never executed.
"""

import bisect
import collections
import re
import sys

HASH = re.compile(r"17h[0-9a-f]{16}E")


def executed(profile, symbols):
    """The names of the symbols some instruction of which is in a callgrind file. `symbols`: (place, size, name), sorted."""
    starts = [place for place, _, _ in symbols]
    addresses, address, is_call = set(), 0, False
    with open(profile, errors="replace") as lines:
        for line in lines:
            if line.startswith("calls="):
                is_call = True
            elif line[0] in "0123456789+-*":
                field = line.split()[0]
                if field[0] in "+-":
                    address += int(field, 0)
                elif field != "*":
                    address = int(field, 16)
                if not is_call:
                    addresses.add(address)
                is_call = False
    names = set()
    for address in addresses:
        at = bisect.bisect(starts, address) - 1
        if at >= 0 and address < symbols[at][0] + symbols[at][1]:
            names.add(symbols[at][2])
    return names


def general(name):
    """A pattern for the symbol in other builds, of other versions of Rust."""
    name = re.sub(r"\.llvm\.\d+(?=$|\.cold$)", "", name)
    if name.startswith("_R"):
        return re.sub(r"Cs[0-9A-Za-z]{8,}_", "Cs*_", name) + "*"
    return HASH.sub("17h*", name)


def chain(programs):
    """The sets in an order in which each resembles the one before it."""
    left = sorted(programs, key=len)
    ordered = [left.pop()] if left else []
    while left:
        last = ordered[-1]
        best = max(range(len(left)), key=lambda at: len(left[at] & last) / (1 + len(left[at] | last)))
        ordered.append(left.pop(best))
    return ordered


def main():
    listing, first, *others = sys.argv[1:]
    sizes, places, aliases = {}, {}, collections.defaultdict(list)
    with open(listing) as lines:
        for line in lines:
            fields = line.split()
            if len(fields) == 4 and fields[2] in "tT":
                sizes[fields[3]] = int(fields[1], 16)
                places[fields[3]] = int(fields[0], 16)
                aliases[fields[0]].append(fields[3])
    symbols = sorted((place, sizes[name], name) for name, place in places.items())

    def everyone(names):
        """The names with all those that the linker gave the same code, which may keep it under any of them."""
        return {alias for name in names for alias in aliases[f"{places[name]:016x}"]}

    start = everyone(executed(first, symbols))
    programs = [everyone(executed(profile, symbols)) for profile in others]
    callers = collections.Counter(name for names in programs for name in names)
    every = sizes.keys() & (start | callers.keys())
    # Patterns that mean other functions as well, instances of a generic one mostly: those are named exactly if they are large.
    wanted, meant = collections.Counter(), collections.Counter()
    for name, size in sizes.items():
        meant[general(name)] += size
        if name in every:
            wanted[general(name)] += size
    seldom = {name for name, number in callers.items() if number * 2 < len(programs)} - start
    kinds = chain([names & seldom for names in programs])

    def rank(name):
        if name in seldom:
            return 1, True, False, [name not in names for names in kinds], general(name), name
        # What is not executed often is apart where all of it is needed anyway.
        cold = name in start and name.endswith(".cold")
        return 0, name not in start, cold, [-callers[name]], general(name), name

    ordered = sorted(every, key=rank)
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
