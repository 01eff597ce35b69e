"""Search a directory tree for a regular expression, several files at a time.

Without arguments it looks for uses of locks, conditions and events in the Python standard library.
Matches are printed in the order of the file names, whichever thread found them.
"""

import argparse
import concurrent.futures
import contextlib
import os
import re
import sys
import time

from library_sources import library_directory

DEFAULT_PATTERN = r"\b\w*(?:lock|cond|event)\w*\.(?:acquire|release|wait|notify(?:_all)?)\("


def files_under(directory, suffix):
    for folder, subfolders, names in os.walk(directory):
        subfolders[:] = sorted(name for name in subfolders if name not in ("__pycache__", "site-packages"))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(suffix) and os.path.isfile(path):
                yield path


def search(pattern, path):
    """The matching lines of one file as (number, text) and the number of lines read."""
    found, number = [], 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if pattern.search(line):
                    found.append((number, line.rstrip("\n")))
    except OSError as error:
        print(f"grep: {error}", file=sys.stderr)
    return found, number


def main():
    parser = argparse.ArgumentParser(description="Search files for a regular expression on several threads.")
    parser.add_argument("pattern", nargs="?", default=DEFAULT_PATTERN, help="what to look for")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of threads (default: 1)")
    parser.add_argument("--directory", metavar="DIR",
                        help="where to look (default: the standard library)")
    parser.add_argument("--suffix", default=".py", help="only files with this ending (default: %(default)s)")
    parser.add_argument("--ignore-case", action="store_true", help="take A for a")
    parser.add_argument("--count", action="store_true", help="print only the number of matches of each file")
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")
    if args.directory is not None and not os.path.isdir(args.directory):
        sys.exit(f"grep: no such directory: {args.directory}")
    try:
        pattern = re.compile(args.pattern, re.IGNORECASE if args.ignore_case else 0)
    except re.error as error:
        sys.exit(f"grep: bad pattern: {error}")

    with contextlib.ExitStack() as stack:
        directory = args.directory or library_directory(stack)
        run(args, directory, pattern)


def run(args, directory, pattern):
    begin = time.perf_counter()
    paths = list(files_under(directory, args.suffix))
    matches = lines = files = 0
    with concurrent.futures.ThreadPoolExecutor(args.threads) as pool:
        for path, (found, count) in zip(paths, pool.map(lambda path: search(pattern, path), paths)):
            lines += count
            matches += len(found)
            files += bool(found)
            shown = os.path.relpath(path, directory)
            if args.count and found:
                print(f"{shown}: {len(found)}")
            elif not args.count:
                for number, text in found:
                    print(f"{shown}:{number}: {text}")
    elapsed = time.perf_counter() - begin

    print(f"{matches} matches in {files} of {len(paths)} files, {lines} lines")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")


if __name__ == "__main__":
    main()
