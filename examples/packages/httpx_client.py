"""httpx, httpcore, h11, anyio: an asynchronous client, and a threaded one, ask a server over loopback."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"path": self.path, "agent": self.headers["User-Agent"].split("/")[0]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


async def ask_together(base):
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as client:
        answers = await asyncio.gather(*(client.get("/", params={"n": n}) for n in range(30)))
    return [answer.json()["path"] for answer in answers]


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.request_queue_size = 64
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        paths = asyncio.run(ask_together(base))
        with httpx.Client(base_url=base, timeout=30, trust_env=False) as client, ThreadPoolExecutor(4) as pool:
            threaded = list(pool.map(lambda n: client.get(f"/{n}").json()["path"], range(40)))
            agent = client.get("/").json()["agent"]
    finally:
        server.shutdown()
        server.server_close()
    assert paths == [f"/?n={n}" for n in range(30)], paths
    assert threaded == [f"/{n}" for n in range(40)], threaded
    assert agent == "python-httpx"
    print("httpx:", len(paths), "answers together,", len(threaded), "from four threads")


main()
