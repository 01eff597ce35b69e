# taipan: only
# Watchers of dicts, classes, functions, code and contexts, on one thread and on many.
import contextvars
import gc
import sys
import threading

import taipan


class Box:
    pass


def dicts():
    events = []
    space = {}
    with taipan.watch_dicts(lambda event, d, key, value: events.append((event, key, value)), space) as watch:
        space["a"] = 1
        space["a"] = 2
        space["a"] = 2
        space.setdefault("a", 3)
        space.setdefault("b", 4)
        del space["b"]
        space.pop("a")
        space.update({"x": 0})
        space.update(y=1)
        space.popitem()
        space.clear()
        space.clear()
        watch.discard(space)
        space["unseen"] = True
        watch.add(space)
    space["unseen"] = False
    names = [event for event, _, _ in events]
    assert names == ["added", "modified", "added", "deleted", "deleted", "cloned", "added", "deleted", "cleared"], names
    assert events[0] == ("added", "a", 1) and events[1] == ("modified", "a", 2)

    seen = []
    watch = taipan.watch_dicts(lambda event, d, key, value: seen.append(key in d), space)
    space["new"] = 1
    watch.close()
    watch = taipan.watch_dicts(lambda event, d, key, value: seen.append(key in d), space, when="after")
    space["newer"] = 1
    watch.close()
    assert seen == [False, True], seen

    gone = []
    space = {1: 2}
    watch = taipan.watch_dicts(lambda event, d, key, value: gone.append((event, d)), space)
    address = id(space)
    del space
    assert gone == [("deallocated", address)], gone
    print("dicts")


def failures():
    got, hook = [], sys.unraisablehook
    sys.unraisablehook = got.append
    space = {}
    with taipan.watch_dicts(lambda *event: 1 / 0, space):
        space["k"] = "v"
    sys.unraisablehook = hook
    assert space == {"k": "v"} and len(got) == 1 and got[0].exc_type is ZeroDivisionError
    assert got[0].err_msg.startswith("Exception ignored in PyDict_EVENT_ADDED watcher callback for <dict at ")
    try:
        taipan.watch_dicts(print, [])
    except TypeError as error:
        print("failures:", error)


def instances():
    events = []
    box = Box()
    box.first = 1
    with taipan.watch_dicts(lambda event, d, key, value: events.append((event, key, value)), box.__dict__):
        box.second = 2
        box.first = 3
        del box.second
    assert events == [("added", "second", 2), ("modified", "first", 3), ("deleted", "second", None)], events
    print("instances")


def classes():
    class Base:
        pass

    class Middle(Base):
        pass

    class Lowest(Middle):
        pass

    events = []
    with taipan.watch_types(lambda *event: events.append(event), Middle, Lowest):
        Base.x = 1
        Lowest.y = 2
        del Base.x
        Lowest.__bases__ = (Base,)
    assert events[:2] == [("set", Lowest, Base, "x", 1), ("set", Middle, Base, "x", 1)], events
    assert events[2] == ("set", Lowest, Lowest, "y", 2)
    assert events[3:5] == [("deleted", Lowest, Base, "x", None), ("deleted", Middle, Base, "x", None)]
    assert ("bases", Lowest, Lowest, None, None) in events[5:]
    print("classes")


def functions():
    events = []
    with taipan.watch_functions(lambda event, function, value: events.append((event, function, value))):
        def made(a, b=1, *, c=2):
            return a

        made.__defaults__ = (5,)
        made.__kwdefaults__ = None
        made.__qualname__ = "renamed"
        made.__code__ = (lambda a, b=1, *, c=2: c).__code__
    own = [(event, value) for event, function, value in events if function is made]
    assert [event for event, _ in own] == ["created", "defaults", "kwdefaults", "qualname", "code"], own
    assert own[1:4] == [("defaults", (5,)), ("kwdefaults", None), ("qualname", "renamed")]
    gone = []
    watch = taipan.watch_functions(lambda event, function, value: event == "destroyed" and gone.append(function))
    address = id(made)
    del made, own, events
    gc.collect()
    watch.close()
    assert address in gone
    print("functions")


def code():
    events = []
    with taipan.watch_code(lambda event, code: events.append((event, code))):
        made = compile("def inner(): pass", "<made>", "exec")
    names = [code.co_name for event, code in events if event == "created"]
    assert names == ["inner", "<module>"], names
    print("code")


def contexts():
    switches = []
    context = contextvars.copy_context()
    with taipan.watch_contexts(switches.append):
        context.run(lambda: None)
    assert switches[0] is context and len(switches) == 2
    print("contexts")


def together():
    """Eight threads: some change what is watched, the others watch it and stop."""
    shared, stop, wrong = {}, threading.Event(), []

    class Shared:
        pass

    def change(number):
        own = {}
        told = []
        with taipan.watch_dicts(lambda event, d, key, value: told.append((event, key)), own):
            for turn in range(300):
                own[turn % 7] = turn
                shared[number, turn % 5] = turn
                setattr(Shared, f"a{number}", turn)
                if turn % 3 == 0:
                    own.pop(turn % 7)
                    shared.pop((number, turn % 5), None)
        expected = 300 + 100
        if len(told) != expected:
            wrong.append((number, len(told)))

    def observe(number):
        count = [0]

        def callback(*event):
            count[0] += 1

        while not stop.is_set():
            with (taipan.watch_dicts(callback, shared), taipan.watch_types(callback, Shared),
                  taipan.watch_functions(callback), taipan.watch_code(callback)):
                shared[number] = count[0]
                Shared.mine = lambda: None

    changers = [threading.Thread(target=change, args=(n,)) for n in range(4)]
    observers = [threading.Thread(target=observe, args=(n,)) for n in range(4, 8)]
    for thread in changers + observers:
        thread.start()
    for thread in changers:
        thread.join()
    stop.set()
    for thread in observers:
        thread.join()
    assert not wrong, wrong
    # What is watched, then read, cannot change untold.
    for turn in range(200):
        space, told, value = {"k": 0}, [], []
        go = threading.Barrier(2)

        def write():
            go.wait()
            space["k"] = 1

        writer = threading.Thread(target=write)
        writer.start()
        go.wait()
        with taipan.watch_dicts(lambda *event: told.append(event), space):
            read = space["k"]
            writer.join()
            assert space["k"] == read or told
    print("together")


for test in (dicts, failures, instances, classes, functions, code, contexts, together):
    test()
