# Eager tasks: what runs when, whose context it is, what remains; native bookkeeping of tasks; many loops on many threads.
import asyncio
import contextvars
import threading

value = contextvars.ContextVar("value", default="outer")


async def quick(result=None):
    return result


async def changing():
    value.set("inner")
    return asyncio.current_task(), asyncio.current_task() in asyncio.all_tasks()


async def main():
    loop, me, log = asyncio.get_running_loop(), asyncio.current_task(), []
    loop.set_task_factory(asyncio.eager_task_factory)

    task = asyncio.create_task(changing())
    assert task.done() and task.result() == (task, True) and task.get_coro() is None
    assert value.get() == "outer" and asyncio.current_task() is me and task not in asyncio.all_tasks()
    context = contextvars.copy_context()
    asyncio.create_task(changing(), context=context)
    assert context[value] == "inner"

    task.add_done_callback(lambda _: log.append("told"))
    assert not log
    await asyncio.sleep(0)
    assert log == ["told"]

    async def parent(name, depth):
        log.append(name)
        if depth:
            for child in "lr":
                asyncio.create_task(parent(name + child, depth - 1))
        await asyncio.sleep(0)
        log.append(name.upper())

    log.clear()
    await parent("t", 1)
    print("order", *log)

    assert asyncio.gather(quick(), quick()).done()
    assert not asyncio.create_task(quick(), eager_start=False).done()

    async def stops_itself():
        asyncio.current_task().cancel()
        return "never seen"

    assert asyncio.create_task(stops_itself()).cancelled()

    async def fails():
        raise LookupError("at once")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            assert group.create_task(quick(3)).result() == 3
    except* LookupError as errors:
        print("group", errors.exceptions)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(quick(number)) for number in range(5)]
        assert all(task.done() for task in tasks)

    async def leaves():
        raise SystemExit(3)

    try:
        asyncio.create_task(leaves())
    except SystemExit as left:
        print("left", left.code)


asyncio.run(main())


async def names():
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    first, named, last = (asyncio.create_task(quick()), asyncio.create_task(quick(), name=7), asyncio.create_task(quick()))
    late, early = last.get_name(), first.get_name()
    assert named.get_name() == "7" and int(late.removeprefix("Task-")) > int(early.removeprefix("Task-"))
    assert asyncio.tasks._swap_current_task(loop, named) is me and asyncio.current_task() is named
    assert asyncio.tasks._swap_current_task(loop, me) is named
    await asyncio.gather(first, named, last)


asyncio.run(names())
seen, barrier, failures = [], threading.Barrier(4), []


def thread():
    async def body():
        barrier.wait()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        barrier.wait()
        tasks = [asyncio.create_task(quick(number)) for number in range(200)]
        seen.extend(task.get_name() for task in tasks)
        assert len(asyncio.all_tasks()) == 201
        assert await asyncio.gather(*tasks) == list(range(200))
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        assert all(asyncio.create_task(quick()).done() for _ in range(200))

    try:
        asyncio.run(body())
    except BaseException as error:
        failures.append(error)
        barrier.abort()


threads = [threading.Thread(target=thread) for _ in range(4)]
for one in threads:
    one.start()
for one in threads:
    one.join()
assert not failures, failures
print("names", len(set(seen)))
