"""A parent builds a large graph of objects and forks workers that traverse it: how much memory does each worker make its own?

    taipan examples/prefork.py [MEGABYTES] [WORKERS]          (500 and 4 if not given)
    python3 examples/prefork.py                               (the same under CPython, to compare)

Reading an object under CPython writes its reference count, and so copies the page that it is on. Under Taipan the parent makes
its heap immortal before it forks; then neither reading nor collecting writes to it.
"""

import gc
import os
import resource
import sys

try:
    import taipan
except ImportError:
    taipan = None


class Node:
    def __init__(self, number, children):
        self.number = number
        self.name = f"node {number}"
        self.children = children
        self.data = {"half": number / 2, "digits": list(str(number)), "pair": (number, number + 1)}


def build(megabytes):
    """A tree of objects that takes about so much memory."""
    nodes = []
    while memory() < megabytes:
        for _ in range(10_000):
            count = len(nodes)
            nodes.append(Node(count, nodes[count // 2:count // 2 + 2]))
    return nodes


def memory():
    """Megabytes that this process has in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def private_dirty():
    """Megabytes that this process has to itself."""
    with open("/proc/self/smaps_rollup") as file:
        for line in file:
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) / 1024
    return 0.0


def traverse(nodes):
    total = 0
    for node in nodes:
        total += node.number + len(node.name) + len(node.children)
        for value in node.data.values():
            total += value is not None
    return total


def worker(nodes, report):
    before = private_dirty()
    before = private_dirty()
    traverse(nodes)
    gc.collect()
    os.write(report, f"{private_dirty() - before:.1f}\n".encode())
    os._exit(0)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    base = memory()
    nodes = build(megabytes)
    graph = memory() - base
    traverse(nodes)
    if taipan is not None:
        taipan.immortalize_heap()
    else:
        gc.collect()
        gc.freeze()
    readable, writable = os.pipe()
    children = []
    for _ in range(workers):
        child = os.fork()
        if child == 0:
            worker(nodes, writable)
        children.append(child)
    os.close(writable)
    for child in children:
        os.waitpid(child, 0)
    with open(readable) as file:
        dirtied = [float(line) for line in file]
    print(f"{sys.implementation.name}: {graph:.0f} MB in {len(nodes)} nodes")
    for number, size in enumerate(dirtied):
        print(f"worker {number}: {size:.1f} MB of its own, {size / graph:.1%} of the graph")


if __name__ == "__main__":
    main()
