def numbers(n):
    received = yield n
    yield from (x for x in range(n) if x)
    return received


async def fetch(urls):
    async with session() as s:
        return [await s.get(u) async for u in urls if u]
