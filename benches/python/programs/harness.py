"""What the programs share: run(loops) is timed, its result printed, then the time on a line of its own."""

import argparse
import time


def main(run, loops):
    parser = argparse.ArgumentParser()
    parser.add_argument("--loops", type=float, default=1.0, metavar="FACTOR", help="times the usual work")
    args = parser.parse_args()
    count = max(1, round(loops * args.loops))
    begin = time.perf_counter()
    result = run(count)
    elapsed = time.perf_counter() - begin
    print(result)
    print(f"time: {elapsed:.6f}")
