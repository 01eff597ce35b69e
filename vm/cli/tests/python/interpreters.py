# Interpreters in one process: what is their own, what passes between them, how they end.
import threading
from concurrent import interpreters
from concurrent.futures import InterpreterPoolExecutor


def square(x):
    return x * x


def show(action):
    try:
        print(action())
    except Exception as error:
        print(type(error).__name__, '|', str(error).splitlines()[0])


if __name__ == '__main__':
    one = interpreters.create()
    print(one.is_running(), one.whence, one in interpreters.list_all(), interpreters.get_current() == interpreters.get_main())
    # Modules, builtins and sys are the interpreter's own.
    one.exec('import sys, builtins, json\nsys.mark = builtins.mark = json.mark = 1')
    import builtins
    import json
    import sys
    print(hasattr(sys, 'mark'), hasattr(builtins, 'mark'), hasattr(json, 'mark'))
    one.prepare_main(number=1, text='text', data=b'data', pair=(1, ('two', None)))
    one.exec('print(number, text, data, pair, mark, sys.mark)')
    # Errors stay there; a picture of them comes back.
    show(lambda: one.exec('1 / 0'))
    try:
        one.exec('raise KeyError("key")')
    except interpreters.ExecutionFailed as error:
        print(error.excinfo.type.__name__, error.excinfo.msg, error.excinfo.formatted)
    show(lambda: one.prepare_main(bad=[1]))
    show(lambda: one.call(pow, 2, 10))
    show(lambda: one.call(len, ['pickled', 'list']))
    show(lambda: one.call(lambda: number))
    show(lambda: one.exec('import os\nos.fork()'))
    # Queues and shared memory.
    queue = interpreters.create_queue(2)
    buffer = bytearray(b'....')
    one.prepare_main(queue=queue, view=memoryview(buffer))
    one.exec('view[1:3] = b"ab"\nqueue.put([1, {"two": 3}])\nqueue.put(None)')
    print(buffer, queue.get(), queue.get(), queue.empty())
    one.exec('queue.put("left behind")')
    one.close()
    print(queue.get(), len(interpreters.list_all()))
    show(lambda: one.exec('pass'))

    # Eight threads make and end interpreters at the same time.
    results = []

    def work(number):
        for _ in range(2):
            interpreter = interpreters.create()
            interpreter.exec('import threading\nthread = threading.Thread(target=sum, args=((1, 2),)); thread.start()')
            results.append(interpreter.call(pow, number, 2))
            interpreter.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(results), len(interpreters.list_all()))

    with InterpreterPoolExecutor(3) as pool:
        print(list(pool.map(abs, range(-5, 0))), list(pool.map(square, range(5))))
