# Compressed data in all formats: whole, in pieces, with limited output, damaged, concatenated.
import bz2
import gzip
import io
import lzma
import tarfile
import threading
import zipfile
import zlib
from compression import zstd

text = b"".join(b"line %d of the text\n" % (i % 100) for i in range(5000))
formats = {
    "zlib": (zlib.compress, zlib.decompress),
    "gzip": (gzip.compress, gzip.decompress),
    "bz2": (bz2.compress, bz2.decompress),
    "lzma": (lzma.compress, lzma.decompress),
    "zstd": (zstd.compress, zstd.decompress),
}
for name, (compress, decompress) in formats.items():
    packed = compress(text)
    print(name, len(packed) < len(text) // 10, decompress(packed) == text)

for name, make, module in [
    ("bz2", bz2.BZ2Decompressor, bz2),
    ("lzma", lzma.LZMADecompressor, lzma),
    ("zstd", zstd.ZstdDecompressor, zstd),
]:
    packed = module.compress(text)
    decompressor = make()
    out = [decompressor.decompress(packed, 100)]
    print(name, len(out[0]), decompressor.needs_input, decompressor.eof)
    while not decompressor.eof:
        out.append(decompressor.decompress(b"", 4096))
    print(name, b"".join(out) == text, max(map(len, out)), decompressor.unused_data)
    decompressor = make()
    print(decompressor.decompress(module.compress(b"x") + b"rest"), decompressor.unused_data)
    try:
        decompressor.decompress(b"more")
    except EOFError as e:
        print("EOFError:", e)
    try:
        make().decompress(b"this is not compressed at all, not even a bit")
    except Exception as e:
        print(type(e).__name__, e)
    try:
        module.decompress(packed[:-5])
    except Exception as e:
        print(type(e).__name__, e)
    print(module.decompress(module.compress(b"one ") + module.compress(b"two")))

filters = [{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
raw = lzma.compress(text, lzma.FORMAT_RAW, filters=filters)
print(lzma.decompress(raw, lzma.FORMAT_RAW, filters=filters) == text)
for arguments in ({"preset": 10}, {"format": 9}, {"filters": [{"id": 99}]}, {"preset": 1, "filters": []}):
    try:
        lzma.LZMACompressor(**arguments)
    except Exception as e:
        print(type(e).__name__, e)

words = zstd.ZstdDict(b"line of the text " * 10, is_raw=True)
small = zstd.compress(b"line 1 of the text", zstd_dict=words)
print(words, zstd.decompress(small, zstd_dict=words), len(small) < len(zstd.compress(b"line 1 of the text")))

for mode in ("w:gz", "w:bz2", "w:xz", "w:zst"):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode=mode) as tar:
        member = tarfile.TarInfo("text")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        print(mode, tar.getnames(), tar.extractfile("text").read() == text)
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_ZSTANDARD):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as z:
        z.writestr("text", text)
    with zipfile.ZipFile(archive) as z:
        print(method, z.namelist(), z.read("text") == text)

# One compressor for several threads: no piece is lost.
compressor = bz2.BZ2Compressor()
pieces, lock = [], threading.Lock()


def work():
    for _ in range(50):
        with lock:
            pieces.append(compressor.compress(b"piece of text "))


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(bz2.decompress(b"".join(pieces) + compressor.flush())))
