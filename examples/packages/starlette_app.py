"""starlette on uvicorn (h11, asyncio): an application served over loopback and asked by four threads."""

import json
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route


async def power(request):
    data = await request.json()
    return JSONResponse({"power": data["base"] ** data["exponent"]})


def stream(request):
    return StreamingResponse((f"{n}\n" for n in range(int(request.query_params["to"]))), media_type="text/plain")


app = Starlette(routes=[Route("/power", power, methods=["POST"]), Route("/stream", stream)])


def ask(base, number):
    data = json.dumps({"base": number, "exponent": 5}).encode()
    wanted = urllib.request.Request(f"{base}/power", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(wanted, timeout=30) as answer:
        result = json.load(answer)["power"]
    with urllib.request.urlopen(f"{base}/stream?to={number}", timeout=30) as answer:
        return result, len(answer.read().splitlines())


def main():
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", loop="asyncio", http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda n: ask(f"http://127.0.0.1:{port}", n), range(40)))
    finally:
        server.should_exit = True
        thread.join()
    assert answers == [(n**5, n) for n in range(40)], answers
    print("starlette:", answers[-1])


main()
