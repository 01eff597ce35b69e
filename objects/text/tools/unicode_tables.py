"""Writes src/unicode_data/tables.rs: the Unicode Character Database as two-stage tables.

Run with the Python whose behaviour is wanted (its `unicodedata.unidata_version` is what the tables hold):

    python3.14 objects/text/tools/unicode_tables.py > objects/text/src/unicode_data/tables.rs
"""

import _sre
import sys
import unicodedata

CATEGORIES = "Cn Lu Ll Lt Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co Lm Lo Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So".split()
BIDI = ["", *"L LRE LRO R AL RLE RLO PDF EN ES ET AN CS NSM BN B S WS ON LRI RLI FSI PDI".split()]
WIDTHS = "F H W Na A N".split()
FLAGS = (
    "ALPHA LOWER UPPER PRINTABLE XID_START XID_CONTINUE SPACE DECIMAL DIGIT NUMERIC "
    "CASED CASE_IGNORABLE SPECIAL_CASE MIRRORED"
).split()
BIT = {name: 1 << i for i, name in enumerate(FLAGS)}


def flags_of(code, char):
    flags = 0

    def put(name, condition):
        nonlocal flags
        if condition:
            flags |= BIT[name]

    put("ALPHA", char.isalpha())
    put("LOWER", char.islower())
    put("UPPER", char.isupper())
    put("PRINTABLE", char.isprintable())
    put("XID_START", char.isidentifier())
    put("XID_CONTINUE", ("a" + char).isidentifier())
    put("SPACE", char.isspace())
    put("DECIMAL", char.isdecimal())
    put("DIGIT", char.isdigit())
    put("NUMERIC", char.isnumeric())
    # The two properties are not exposed; str.title() and the final-sigma rule of str.lower() tell them.
    put("CASED", (char + "a").title().endswith("a"))
    final_after = (char + "\u03a3").lower().endswith("\u03c2")
    final_behind = ("A" + char + "\u03a3").lower().endswith("\u03c2")
    put("CASE_IGNORABLE", final_behind and not final_after)
    put("MIRRORED", unicodedata.mirrored(char))
    return flags


def special_case(code, char):
    upper, lower, title, fold = char.upper(), char.lower(), char.title(), char.casefold()
    if max(map(len, (upper, lower, title, fold))) > 1 or fold != lower:
        return (upper, lower, title, fold)
    return None


def two_stage(values, default_shift=7):
    best = None
    for shift in range(5, 9):
        size = 1 << shift
        blocks, index = {}, []
        for start in range(0, len(values), size):
            block = tuple(values[start : start + size])
            index.append(blocks.setdefault(block, len(blocks)))
        first_bytes = 1 if len(blocks) < 256 else 2
        second_bytes = 1 if max(values) < 256 else 2
        cost = len(index) * first_bytes + len(blocks) * size * second_bytes
        if best is None or cost < best[0]:
            best = (cost, shift, index, [v for block in blocks for v in block])
    return best[1:]


def emit_array(name, kind, numbers, doc):
    print(f"/// {doc}")
    print(f"pub(super) static {name}: [{kind}; {len(numbers)}] = [")
    line = "   "
    for number in numbers:
        piece = f" {number},"
        if len(line) + len(piece) > 118:
            print(line)
            line = "   "
        line += piece
    print(line)
    print("];\n")


def small(numbers):
    return "u8" if max(numbers) < 256 else "u16" if max(numbers) < 65536 else "u32"


def main():
    out = sys.stdout
    out.reconfigure(encoding="utf-8")
    print("//! The Unicode Character Database as tables. Written by tools/unicode_tables.py; do not edit.")
    print("//!")
    print("//! A code point's record is `RECORDS[SECOND[(FIRST[c >> SHIFT] << SHIFT) + (c & mask)]]`.\n")
    print("use super::{OldRecord, Record};\n")
    print(f'/// The version of the database.\npub const UNIDATA_VERSION: &str = "{unicodedata.unidata_version}";\n')
    print('/// General categories, by their number in a record.')
    print(f"pub(super) static CATEGORIES: [&str; {len(CATEGORIES)}] = {rust_strings(CATEGORIES)};\n")
    print('/// Bidirectional classes, by their number in a record.')
    print(f"pub(super) static BIDI: [&str; {len(BIDI)}] = {rust_strings(BIDI)};\n")
    print('/// East Asian widths, by their number in a record.')
    print(f"pub(super) static WIDTHS: [&str; {len(WIDTHS)}] = {rust_strings(WIDTHS)};\n")
    for name in FLAGS:
        print(f"pub(super) const {name}: u16 = {BIT[name]:#x};")
    print()

    records, values, specials, numerics, decompositions = {}, [], [], [], []
    for code in range(0x110000):
        char = chr(code)
        flags = flags_of(code, char)
        special = special_case(code, char)
        simple_lower = _sre.unicode_tolower(code)
        if special:
            flags |= BIT["SPECIAL_CASE"]
            specials.append((code, *special))
            upper = title = 0
        else:
            upper = ord(char.upper()) - code
            title = ord(char.title()) - code
        record = (
            CATEGORIES.index(unicodedata.category(char)),
            BIDI.index(unicodedata.bidirectional(char)),
            unicodedata.combining(char),
            WIDTHS.index(unicodedata.east_asian_width(char)),
            flags,
            unicodedata.decimal(char, -1),
            unicodedata.digit(char, -1),
            upper,
            simple_lower - code,
            title,
        )
        values.append(records.setdefault(record, len(records)))
        if char.isnumeric():
            numerics.append((code, unicodedata.numeric(char)))
        decomposition = unicodedata.decomposition(char)
        if decomposition and not 0xAC00 <= code <= 0xD7A3:  # Hangul syllables are computed
            decompositions.append((code, decomposition))

    shift, first, second = two_stage(values)
    print(f"pub(super) const SHIFT: u32 = {shift};\n")
    emit_array("FIRST", small(first), first, "Block numbers.")
    emit_array("SECOND", small(second), second, "Record numbers.")
    print("/// Distinct sets of properties.")
    print(f"pub(super) static RECORDS: [Record; {len(records)}] = [")
    for record in records:
        print(f"    Record::new({', '.join(map(str, record))}),")
    print("];\n")

    print("/// Code points whose case mappings are not single code points (upper, lower, title, folded).")
    print("#[rustfmt::skip]")
    print(f"pub(super) static SPECIAL_CASES: [(u32, [&str; 4]); {len(specials)}] = [")
    for code, *mapped in specials:
        print(f"    ({code:#x}, [{', '.join(rust_string(m) for m in mapped)}]),")
    print("];\n")

    print("/// Numeric values: runs of (first, last, value of the first, step).")
    joined = []
    for code, value in numerics:
        if joined:
            last = joined[-1]
            if code == last[1] + 1:
                step = value - (last[2] + (last[1] - last[0]) * last[3])
                if last[0] == last[1] and step in (0.0, 1.0, 10.0):
                    last[3] = step
                    last[1] = code
                    continue
                if last[0] != last[1] and step == last[3]:
                    last[1] = code
                    continue
        joined.append([code, code, value, 0.0])
    print("#[rustfmt::skip]")
    print("#[allow(clippy::excessive_precision)]")
    print(f"pub(super) static NUMERIC_VALUES: [(u32, u32, f64, f64); {len(joined)}] = [")
    line = "   "
    for a, b, value, step in joined:
        piece = f" ({a:#x}, {b:#x}, {value!r}, {step!r}),".replace("e+", "e")
        if len(line) + len(piece) > 118:
            print(line)
            line = "   "
        line += piece
    print(line)
    print("];\n")

    tags = sorted({d.split()[0] for _, d in decompositions if d.startswith("<")})
    tags.insert(0, "")
    print("/// Tags of compatibility decompositions; 0 is canonical.")
    print(f"pub(super) static DECOMPOSITION_TAGS: [&str; {len(tags)}] = {rust_strings(tags)};\n")
    pool, rows = [], []
    pool_index = {}
    for code, text in decompositions:
        parts = text.split()
        tag = 0
        if parts[0].startswith("<"):
            tag = tags.index(parts.pop(0))
        codes = tuple(int(p, 16) for p in parts)
        if codes not in pool_index:
            pool_index[codes] = len(pool)
            pool.extend(codes)
        rows.append((code, pool_index[codes], len(codes), tag))
    print("/// Decompositions: (code point, offset into the pool, length, tag), by code point.")
    print("#[rustfmt::skip]")
    print(f"pub(super) static DECOMPOSITIONS: [(u32, u16, u8, u8); {len(rows)}] = [")
    line = "   "
    for row in rows:
        piece = f" ({row[0]:#x},{row[1]},{row[2]},{row[3]}),"
        if len(line) + len(piece) > 118:
            print(line)
            line = "   "
        line += piece
    print(line)
    print("];\n")
    assert len(pool) < 65536
    emit_array("DECOMPOSITION_POOL", "u32", pool, "What code points decompose to.")

    pairs = []
    for code, text in decompositions:
        parts = text.split()
        if parts[0].startswith("<") or len(parts) != 2:
            continue
        a, b = (int(p, 16) for p in parts)
        if unicodedata.normalize("NFC", chr(a) + chr(b)) == chr(code):
            pairs.append((a, b, code))
    pairs.sort()
    print("/// Canonical compositions: (first, second, composed), sorted.")
    print("#[rustfmt::skip]")
    print(f"pub(super) static COMPOSITIONS: [(u32, u32, u32); {len(pairs)}] = [")
    line = "   "
    for a, b, c in pairs:
        piece = f" ({a:#x},{b:#x},{c:#x}),"
        if len(line) + len(piece) > 118:
            print(line)
            line = "   "
        line += piece
    print(line)
    print("];\n")

    old_database(decompositions)


def old_database(decompositions):
    """The 3.2.0 database, which `unicodedata.ucd_3_2_0` (and so stringprep and IDNA) answers from."""
    old = unicodedata.ucd_3_2_0
    records, values, differing = {}, [], []
    now = dict(decompositions)
    numerics = []
    for code in range(0x110000):
        char = chr(code)
        record = (
            CATEGORIES.index(old.category(char)),
            BIDI.index(old.bidirectional(char)),
            old.combining(char),
            WIDTHS.index(old.east_asian_width(char)),
            old.mirrored(char),
            old.decimal(char, -1),
            old.digit(char, -1),
        )
        values.append(records.setdefault(record, len(records)))
        numeric, current = old.numeric(char, None), unicodedata.numeric(char, None)
        if numeric != current and old.category(char) != "Cn":
            numerics.append((code, -1.0 if numeric is None else numeric))
        if old.category(char) != "Cn" and not 0xAC00 <= code <= 0xD7A3 and old.decomposition(char) != now.get(code, ""):
            raise SystemExit(f"3.2.0 decomposition of {code:#x} differs")
        if old.category(char) != "Cn":
            for form in ("NFD", "NFC"):
                if old.normalize(form, char) != unicodedata.normalize(form, char):
                    differing.append((code, ord(old.normalize("NFD", char))))
                    break
    shift, first, second = two_stage(values)
    print(f"pub(super) const OLD_SHIFT: u32 = {shift};\n")
    emit_array("OLD_FIRST", small(first), first, "Block numbers of the 3.2.0 database.")
    emit_array("OLD_SECOND", small(second), second, "Record numbers of the 3.2.0 database.")
    print("/// Distinct sets of properties in the 3.2.0 database.")
    print(f"pub(super) static OLD_RECORDS: [OldRecord; {len(records)}] = [")
    for record in records:
        print(f"    OldRecord::new({', '.join(map(str, record))}),")
    print("];\n")
    print("/// Numeric values that 3.2.0 had otherwise (-1: none).")
    print(f"pub(super) static OLD_NUMERIC_VALUES: [(u32, f64); {len(numerics)}] = [")
    for code, value in numerics:
        print(f"    ({code:#x}, {value!r}),")
    print("];\n")
    print("/// Canonical decompositions that were corrected after 3.2.0: what it had.")
    print(f"pub(super) static OLD_NORMALIZATION: [(u32, u32); {len(differing)}] = [")
    for code, value in differing:
        print(f"    ({code:#x}, {value:#x}),")
    print("];")


def rust_string(text):
    return '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in text) + '"'


def rust_strings(texts):
    return "[" + ", ".join(map(rust_string, texts)) + "]"


if __name__ == "__main__":
    main()
