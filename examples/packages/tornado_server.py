"""tornado, without its extension: requests and a web socket over loopback."""

import asyncio
import json

from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect


class Double(RequestHandler):
    async def get(self, number):
        await asyncio.sleep(0.001)
        self.write({"double": 2 * int(number)})


class Echo(WebSocketHandler):
    async def on_message(self, message):
        await self.write_message(message[::-1])


async def run():
    socket, port = bind_unused_port()
    server = HTTPServer(Application([(r"/double/(\d+)", Double), (r"/echo", Echo)]))
    server.add_socket(socket)
    client = AsyncHTTPClient()
    answers = await asyncio.gather(*(client.fetch(f"http://127.0.0.1:{port}/double/{n}") for n in range(50)))
    doubles = [json.loads(answer.body)["double"] for answer in answers]
    assert doubles == [2 * n for n in range(50)], doubles
    connection = await websocket_connect(f"ws://127.0.0.1:{port}/echo")
    echoes = []
    for text in ("abc", "ÄÖÜ", "x" * 100_000):
        await connection.write_message(text)
        echoes.append(await connection.read_message())
    connection.close()
    assert echoes == ["cba", "ÜÖÄ", "x" * 100_000]
    server.stop()
    await server.close_all_connections()
    print("tornado:", sum(doubles), echoes[:2])


asyncio.run(run())
