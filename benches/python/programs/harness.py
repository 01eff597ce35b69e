"""What the programs share: run(loops) is timed; its result is printed, then the time and the most memory the process had,
each on a line of its own."""

import argparse
import sys
import time

try:
    import resource
except ImportError:
    resource = None


def closing(elapsed):
    """Prints the closing lines: seconds of work, bytes of memory where the system tells them."""
    print(f"time: {elapsed:.6f}")
    if resource:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak: {most if sys.platform == 'darwin' else most * 1024}")


def main(run, loops):
    parser = argparse.ArgumentParser()
    parser.add_argument("--loops", type=float, default=1.0, metavar="FACTOR", help="times the usual work")
    args = parser.parse_args()
    count = max(1, round(loops * args.loops))
    begin = time.perf_counter()
    result = run(count)
    elapsed = time.perf_counter() - begin
    print(result)
    closing(elapsed)
