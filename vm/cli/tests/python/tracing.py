# What trace functions, profile functions and monitoring tools are told, and that a frame can be sent elsewhere.
import sys
import threading

M = sys.monitoring
E = M.events


def traced(function, *args):
    events = []

    def trace(frame, event, arg):
        line = frame.f_lineno - frame.f_code.co_firstlineno
        events.append(f"{frame.f_code.co_name}:{event}:{line}")
        return trace

    sys.settrace(trace)
    try:
        function(*args)
    except Exception as e:
        events.append(repr(e))
    finally:
        sys.settrace(None)
    print(*events)


def loops(n):
    while True:
        n -= 1
        if n == 0:
            break
    for i in range(2):
        try:
            continue
        finally:
            pass
    return [i for i in range(2)]


def raises():
    try:
        try:
            1 / 0
        except KeyError:
            pass
        finally:
            "a line of its own"
    except ZeroDivisionError:
        raise ValueError


def numbers():
    yield 1
    return 2


def delegates():
    x = yield from numbers()
    return x


def runs():
    for n in delegates():
        print(n)


for function, args in [(loops, (2,)), (raises, ()), (runs, ())]:
    traced(function, *args)


def jumps():
    seen = []
    for i in range(3):
        seen.append(i)
    seen.append("left out")
    seen.append("end")
    return seen


def jump(frame, event, arg):
    if frame.f_code is jumps.__code__ and event == "line":
        line = frame.f_lineno - frame.f_code.co_firstlineno
        if line == 4:
            frame.f_lineno += 1
        elif line == 1:
            try:
                frame.f_lineno += 2
            except ValueError as e:
                print(e)
    return jump


sys.settrace(jump)
result = jumps()
sys.settrace(None)
print(result)


def natives():
    len("abc")
    try:
        int("x")
    except ValueError:
        pass


def profile(frame, event, arg):
    profiled.append(f"{event}:{getattr(arg, '__name__', arg)}")


profiled = []
sys.setprofile(profile)
natives()
sys.setprofile(None)
print(*profiled)


def branches(n):
    if n > 1:
        n += 1
    return n


told = []
M.use_tool_id(3, "program")
M.register_callback(3, E.LINE, lambda code, line: told.append(line - code.co_firstlineno))
M.register_callback(3, E.PY_START, lambda code, at: told.append("start") or M.DISABLE)
M.register_callback(3, E.PY_RETURN, lambda code, at, value: told.append(value))
M.set_local_events(3, branches.__code__, E.LINE | E.PY_START | E.PY_RETURN)
branches(1), branches(2)
M.restart_events()
branches(1)
M.set_local_events(3, branches.__code__, 0)
branches(1)
print(told)

counts = {}


def count(code, at):
    name = threading.current_thread().name
    counts[name] = counts.get(name, 0) + 1


def work():
    for i in range(100):
        branches(i)


M.register_callback(3, E.PY_START, count)
M.set_local_events(3, branches.__code__, E.PY_START)
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
M.free_tool_id(3)
branches(1)
print(sorted(counts.values()))
try:
    M.set_events(3, E.LINE)
except ValueError as e:
    print(e)
