# taipan: only
# Immortal objects, visiting the heap, stale overrides.
import os
import subprocess
import sys
import threading
import types
from typing import override

import taipan


class Node:
    def __init__(self, name, *children):
        self.name = name
        self.children = list(children)


def immortal():
    tree = Node("root" * 3, Node("a" * 500, {"k": [1.5, "x" * 500]}), (2, frozenset([b"y" * 300])))
    assert not taipan.is_immortal(tree)
    assert taipan.immortalize(tree) == 1 and taipan.immortalize(tree) == 0
    assert taipan.is_immortal(tree) and not taipan.is_immortal(tree.children)
    assert taipan.immortalize(tree, deep=True) > 5
    assert taipan.is_immortal(tree.children[0].children[0]["k"])
    assert sys.getrefcount(tree) == 3 << 30
    assert not taipan.is_immortal(Node) and not taipan.is_immortal(immortal)
    # Immortal objects can be changed.
    tree.children.append(Node("later"))
    del tree.children[0]
    shared = [Node(str(n)) for n in range(200)]

    def make():
        for node in shared:
            taipan.immortalize(node, deep=True)

    def use():
        for _ in range(20):
            for node in shared:
                node.children = [node.name]

    threads = [threading.Thread(target=target) for target in (make, use, make, use)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(taipan.is_immortal, shared))
    print("immortal")


def heap():
    program = """if 1:
        import gc, taipan, weakref
        class K: pass
        kept, cyclic = K(), K()
        cyclic.me = cyclic
        gone = weakref.ref(cyclic)
        del cyclic
        number = taipan.immortalize_heap()
        assert gone() is None and number > 1000, number
        assert taipan.is_immortal(kept) and taipan.is_immortal(K)
        kept.x = K(); assert not taipan.is_immortal(kept.x)
        gc.collect()
        print("immortal heap")
    """
    print(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip())


def visiting():
    marker = Node("marker")
    found, count = [], [0]

    def visit(obj):
        count[0] += 1
        if obj is marker:
            found.append(obj)
            return False

    assert taipan.visit_heap(visit) is False and found == [marker]
    assert taipan.visit_heap(lambda obj: None) is True
    try:
        taipan.visit_heap(lambda obj: 1 / 0)
    except ZeroDivisionError:
        print("visiting")


def overrides():
    class Base:
        def kept(self): ...

    class Sub(Base):
        @override
        def kept(self): ...

        @override
        def stale(self): ...

        @property
        @override
        def old(self): ...

        @classmethod
        @override
        def older(cls): ...

        @override
        @staticmethod
        def oldest(): ...

    assert taipan.check_overrides(Sub) == [(Sub, "stale"), (Sub, "old"), (Sub, "older"), (Sub, "oldest")]
    module = types.ModuleType("module")
    Sub.__module__ = "module"
    module.Sub, module.Base = Sub, Base
    assert len(taipan.check_overrides(module)) == 4
    program = """if 1:
        from typing import override
        class A:
            @override
            def __repr__(self): return "A"
        try:
            class B(A):
                @override
                def wrong(self): ...
        except TypeError as error:
            print(error)
    """
    for mode in ("error", "warn"):
        result = subprocess.run([sys.executable, "-X", f"override={mode}", "-c", program], capture_output=True, text=True)
        print(result.returncode, (result.stdout + result.stderr).splitlines()[0])


for test in (immortal, heap, visiting, overrides):
    test()
