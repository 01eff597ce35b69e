"""Writes src/unicode_data/aliases.rs from the Unicode Character Database's lists.

    python3.14 tools/unicode_names.py NameAliases.txt NamedSequences.txt > src/unicode_data/aliases.rs

Entries that the Python running this does not know (of a later version of Unicode) are left out.
"""

import sys
import unicodedata


def rows(path):
    for line in open(path, encoding="utf-8"):
        line = line.partition("#")[0].strip()
        if line:
            yield line.split(";")


def known(name, text):
    try:
        return unicodedata.lookup(name) == text
    except KeyError:
        return False


def main():
    aliases = sorted({(name, int(code, 16)) for code, name, _ in rows(sys.argv[1]) if known(name, chr(int(code, 16)))})
    sequences = []
    for name, codes in rows(sys.argv[2]):
        codes = [int(code, 16) for code in codes.split()]
        if known(name, "".join(map(chr, codes))):
            sequences.append((name, codes))
    print("// Name aliases and named sequences. Written by tools/unicode_names.py; do not edit.\n")
    print("/// Aliases of code points, by alias.")
    print(f"pub(super) static ALIASES: [(&str, u32); {len(aliases)}] = [")
    for name, code in aliases:
        print(f'    ("{name}", {code:#x}),')
    print("];\n\n/// Names of sequences, by name.")
    print(f"pub(super) static SEQUENCES: [(&str, &[u32]); {len(sequences)}] = [")
    for name, codes in sorted(sequences):
        print(f'    ("{name}", &[{", ".join(map(hex, codes))}]),')
    print("];")


if __name__ == "__main__":
    main()
