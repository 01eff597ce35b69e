"""Draw the Mandelbrot set into a PGM picture, one row after the other on several threads."""

import argparse
import hashlib
import itertools
import threading
import time


def draw_row(y, width, height, iterations):
    """One row of grey values: how soon each point escapes."""
    row = bytearray(width)
    ci = 2.4 * y / height - 1.2
    for x in range(width):
        cr = 3.2 * x / width - 2.3
        zr = zi = 0.0
        n = 0
        while n < iterations:
            zr2 = zr * zr
            zi2 = zi * zi
            if zr2 + zi2 > 4.0:
                break
            zi = 2.0 * zr * zi + ci
            zr = zr2 - zi2 + cr
            n += 1
        row[x] = 0 if n == iterations else 255 - n * 255 // iterations
    return row


def worker(tickets, rows, width, height, iterations):
    # next() on a shared itertools.count hands every row to exactly one thread.
    while (y := next(tickets)) < height:
        rows[y] = draw_row(y, width, height, iterations)


def draw(threads, width, height, iterations):
    rows = [None] * height
    tickets = itertools.count()
    workers = [threading.Thread(target=worker, args=(tickets, rows, width, height, iterations))
               for _ in range(threads)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    return b"".join(rows)


def main():
    parser = argparse.ArgumentParser(description="Draw the Mandelbrot set on several threads.")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of threads (default: 1)")
    parser.add_argument("--size", type=int, default=800, metavar="N", help="width in pixels (default: 800)")
    parser.add_argument("--iterations", type=int, default=100, metavar="N", help="limit per point (default: 100)")
    parser.add_argument("--output", metavar="FILE", default="mandelbrot.pgm",
                        help="where to write the picture (default: %(default)s)")
    args = parser.parse_args()
    if args.threads < 1 or args.size < 2 or args.iterations < 1:
        parser.error("--threads, --size and --iterations must be positive")

    width, height = args.size, args.size * 3 // 4
    begin = time.perf_counter()
    pixels = draw(args.threads, width, height, args.iterations)
    elapsed = time.perf_counter() - begin

    with open(args.output, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (width, height))
        file.write(pixels)
    inside = pixels.count(0)
    print(f"{args.output}: {width} x {height} pixels, {inside} in the set")
    print(f"sha256 {hashlib.sha256(pixels).hexdigest()}")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")


if __name__ == "__main__":
    main()
