# tracemalloc: where blocks come from, how much there is, what threads and forked children add.

import gc
import linecache
import os
import threading
import tracemalloc


def frames(count, make):
    return make() if count == 0 else frames(count - 1, make)


def line_of(obj):
    return linecache.getline(__file__, tracemalloc.get_object_traceback(obj)[-1].lineno).strip()


print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory(), tracemalloc.get_traceback_limit())
for wrong in 0, -1, 65536:
    try:
        tracemalloc.start(wrong)
    except ValueError as error:
        print(error)
before = bytearray(100)
tracemalloc.start()
print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit(), tracemalloc.get_object_traceback(before))

big = bytearray(1_000_000)
now, peak = tracemalloc.get_traced_memory()
print(1_000_000 <= now < 1_200_000, now <= peak)
print(line_of(big), '|', tracemalloc.get_object_traceback(7))
del big
later, peak = tracemalloc.get_traced_memory()
print(now - later >= 1_000_000, peak >= now)
tracemalloc.reset_peak()
print(tracemalloc.get_traced_memory()[1] < 500_000)

several = [bytearray(10_000) for _ in range(20)]
snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
first = snapshot.statistics('lineno')[0]
print(linecache.getline(__file__, first.traceback[0].lineno).strip(), first.size >= 200_000, first.count >= 20)
more = [bytearray(20_000) for _ in range(20)]
second = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
change = second.compare_to(snapshot, 'lineno')[0]
print(linecache.getline(__file__, change.traceback[0].lineno).strip(), change.size_diff >= 400_000)

tracemalloc.clear_traces()
print(tracemalloc.get_object_traceback(several[0]), tracemalloc.get_traced_memory()[0] < 10_000)
tracemalloc.stop()
print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory(), tracemalloc.get_object_traceback(more[0]))

tracemalloc.start(4)
deep = frames(10, lambda: bytearray(50))
traceback = tracemalloc.get_object_traceback(deep)
print(len(traceback), traceback.total_nframe, [linecache.getline(__file__, f.lineno).strip() for f in traceback])


def fill(kept):
    for number in range(200):
        kept.append([str(number) * 10 for _ in range(50)])


kept = [[] for _ in range(4)]
threads = [threading.Thread(target=fill, args=(part,)) for part in kept]
for thread in threads:
    thread.start()
child = os.fork()
if child == 0:
    fill([])
    os._exit(0 if tracemalloc.is_tracing() else 1)
print(os.waitpid(child, 0)[1])
for thread in threads:
    thread.join()
full = tracemalloc.get_traced_memory()[0]
kept.clear()
gc.collect()
print(full > 1_000_000, tracemalloc.get_traced_memory()[0] < full / 2)
tracemalloc.stop()
