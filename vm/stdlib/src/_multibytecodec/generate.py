"""Writes the tables of the multibyte codecs: `python3.14 generate.py`, with CPython, in this directory."""

import struct
import zlib

CODECS = {
    "cn": ["gb2312", "gbk", "gb18030"],
    "hk": ["big5hkscs"],
    "jp": ["shift_jis", "cp932", "euc_jp", "shift_jis_2004", "euc_jis_2004", "euc_jisx0213", "shift_jisx0213"],
    "kr": ["euc_kr", "cp949", "johab"],
    "tw": ["big5", "cp950"],
}


def decoded(data, name):
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def encoded(text, name):
    try:
        return text.encode(name)
    except UnicodeEncodeError:
        return None


def points(text):
    return struct.pack("<B", len(text)) + b"".join(struct.pack("<I", ord(c)) for c in text)


def table(name):
    inverse = {}
    extras = []
    singles = [0xFFFF] * 256
    for byte in range(256):
        text = decoded(bytes([byte]), name)
        if text is not None and len(text) == 1:
            singles[byte] = ord(text)
            inverse.setdefault(text, bytes([byte]))
    grids = []
    for prefix in [b"", b"\x8f"] if name.startswith("euc_j") else [b""]:
        grid = [0] * (128 * 256)
        for lead in range(0x80, 0x100):
            if not prefix and singles[lead] != 0xFFFF:
                continue
            for trail in range(0x100):
                data = prefix + bytes([lead, trail])
                text = decoded(data, name)
                if text is None or (len(text) > 1 and encoded(text, name) != data):
                    continue
                if len(text) == 1 and ord(text) < 0x10000:
                    grid[(lead - 0x80) * 256 + trail] = ord(text)
                else:
                    extras.append((data, text))
                inverse.setdefault(text, data)
        grids.append((prefix[0] if prefix else 0, grid))
    ranges = []
    overrides = []
    for code in list(range(0xD800)) + list(range(0xE000, 0x30000)):
        text = chr(code)
        data = encoded(text, name)
        if data is not None and len(data) == 4 and name == "gb18030":
            if code < 0x10000:
                pointer = (((data[0] - 0x81) * 10 + data[1] - 0x30) * 126 + data[2] - 0x81) * 10 + data[3] - 0x30
                if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] + code - ranges[-1][0] == pointer:
                    ranges[-1][1] = code
                else:
                    ranges.append([code, code, pointer])
            continue
        if data != inverse.get(text):
            overrides.append((text, data or b""))
    out = bytearray([len(grids)])
    for prefix, grid in grids:
        out.append(prefix)
        out += bytes(c >> 8 for c in grid) + bytes(c & 255 for c in grid)
    out += b"".join(struct.pack("<H", c) for c in singles)
    out += struct.pack("<H", len(extras))
    for data, text in extras:
        out += bytes([len(data)]) + data + points(text)
    out += struct.pack("<H", len(overrides))
    for text, data in overrides:
        out += points(text) + bytes([len(data)]) + data
    out += struct.pack("<H", len(ranges))
    for first, last, pointer in ranges:
        out += struct.pack("<HHH", first, last, pointer)
    return bytes(out)


for names in CODECS.values():
    for name in names:
        data = table(name)
        with open(f"{name}.bin", "wb") as file:
            file.write(struct.pack("<I", len(data)) + zlib.compress(data, 9))
