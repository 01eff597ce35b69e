# taipan: only
# Perf maps: entries of many threads, of forked children, and of Python code while the trampoline is active.
import os
import re
import stat
import struct
import subprocess
import sys
import threading

import taipan


def path(pid=None):
    return f"/tmp/perf-{pid or os.getpid()}.map"


def lines(name):
    with open(name) as file:
        return file.read().splitlines()


def entries():
    def write(number):
        for index in range(200):
            taipan.write_perf_map_entry(0x1000 * (number + 1) + index, 16, f"f{number}_{index}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(path())
    assert len(set(found)) == 1600 and all(re.fullmatch(r"[0-9a-f]+ 10 f\d_\d+", line) for line in found)
    assert stat.S_IMODE(os.stat(path()).st_mode) == 0o600
    taipan.write_perf_map_entry(255, 16, "two\nlines")
    assert lines(path())[-1] == "ff 10 two lines"
    print("entries")


def trampoline():
    sys.activate_stack_trampoline("perf")
    assert sys.is_stack_trampoline_active()

    def named():
        return sorted([3, 1, 2], key=lambda n: -n)

    assert named() == [3, 2, 1]
    child = os.fork()
    if child == 0:
        def in_child():
            return 1
        os._exit(in_child())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    sys.deactivate_stack_trampoline()
    assert not sys.is_stack_trampoline_active()
    assert any("py::trampoline.<locals>.named:" in line for line in lines(path()))
    assert any("py::trampoline.<locals>.in_child:" in line for line in lines(path(child)))
    os.unlink(path(child))
    for _ in range(1000):
        sys.activate_stack_trampoline("perf")
        sys.deactivate_stack_trampoline()
    names = [line.split(" ", 2)[0] for line in lines(path()) if "py::" in line]
    assert len(names) == len(set(names))
    os.unlink(path())
    try:
        sys.activate_stack_trampoline("none")
    except ValueError as error:
        print("trampoline:", error)


def link():
    """A symbolic link in the place of the map is not followed."""
    program = """if 1:
        import os, taipan
        os.symlink("/tmp/hooks_perf_target", f"/tmp/perf-{os.getpid()}.map")
        try:
            taipan.write_perf_map_entry(1, 1, "x")
        except OSError:
            print("refused")
        os.unlink(f"/tmp/perf-{os.getpid()}.map")
        print(os.path.exists("/tmp/hooks_perf_target"))
    """
    print(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.split())


def option():
    program = "import os, sys; print(os.getpid(), sys.is_stack_trampoline_active())"
    for arguments, environment in ((["-X", "perf"], {}), ([], {"PYTHONPERFSUPPORT": "1"}), (["-X", "perf=0"], {"PYTHONPERFSUPPORT": "1"})):
        result = subprocess.run([sys.executable, *arguments, "-c", program], capture_output=True, text=True,
                                env=os.environ | environment)
        pid, active = result.stdout.split()
        print("option", active)
        if active == "True":
            assert any("py::<module>:" in line for line in lines(path(pid)))
            os.unlink(path(pid))


def jitdump():
    program = "import os\ndef f(): return os.getpid()\nprint(max(f(), f()))"
    pid = int(subprocess.run([sys.executable, "-X", "perf_jit", "-c", program], capture_output=True, text=True).stdout)
    name = f"/tmp/jit-{pid}.dump"
    with open(name, "rb") as file:
        data = file.read()
    os.unlink(name)
    magic, version, size, _, _, process, _, _ = struct.unpack_from("=6I2Q", data)
    assert (magic, version, size, process) == (0x4A695444, 1, 40, pid)
    at, names, last = size, [], 0
    while at < len(data):
        kind, length, when = struct.unpack_from("=IIQ", data, at)
        assert kind == 0 and when >= last
        process, _, address, again, code, index = struct.unpack_from("=2I4Q", data, at + 16)
        text = data[at + 56:data.index(b"\0", at + 56)]
        assert process == pid and address == again and length == 56 + len(text) + 1 + code and index == len(names) + 1
        names.append(text.decode())
        at, last = at + length, when
    assert at == len(data) and any(text.startswith("py::f:") for text in names)
    print("jitdump")


for test in (entries, trampoline, link, option, jitdump):
    test()
