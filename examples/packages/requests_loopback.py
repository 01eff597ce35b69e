"""requests, urllib3: a server of the library and four threads that ask it over loopback."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Square(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        number = int(self.rfile.read(int(self.headers["Content-Length"])))
        body = str(number * number).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def ask(port, numbers):
    with requests.Session() as session:
        return [int(session.post(f"http://127.0.0.1:{port}/", data=str(n), timeout=30).text) for n in numbers]


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Square)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with ThreadPoolExecutor(4) as pool:
            parts = [range(first, 100, 4) for first in range(4)]
            answers = list(pool.map(lambda part: ask(server.server_port, part), parts))
    finally:
        server.shutdown()
        server.server_close()
    squares = sorted(number for part in answers for number in part)
    assert squares == [n * n for n in range(100)], squares
    print("requests: 100 answers from four threads, sum", sum(squares))


main()
