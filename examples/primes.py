"""Count the primes below a limit by trial division, shared out to threads.

Each thread takes every N-th block of candidates, so all have the same amount of work.
"""

import argparse
import threading
import time

BLOCK = 1000


def is_prime(n):
    if n < 4:
        return n > 1
    if n % 2 == 0 or n % 3 == 0:
        return False
    d = 5
    while d * d <= n:
        if n % d == 0 or n % (d + 2) == 0:
            return False
        d += 6
    return True


def count_primes(start, stop):
    count = 0
    for n in range(start, stop):
        if is_prime(n):
            count += 1
    return count


def worker(index, threads, limit, counts):
    count = 0
    for start in range(index * BLOCK, limit, threads * BLOCK):
        count += count_primes(start, min(start + BLOCK, limit))
    counts[index] = count


def main():
    parser = argparse.ArgumentParser(description="Count primes on several threads.")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of threads (default: 1)")
    parser.add_argument("--limit", type=int, default=1_000_000, metavar="N",
                        help="count the primes below this number (default: 1000000)")
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")

    begin = time.perf_counter()
    counts = [0] * args.threads
    threads = [threading.Thread(target=worker, args=(index, args.threads, args.limit, counts))
               for index in range(args.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begin

    print(f"{sum(counts)} primes below {args.limit}")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")


if __name__ == "__main__":
    main()
