"""flask, werkzeug: an application served over loopback and asked by four threads."""

import threading
import urllib.request
import json
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, jsonify, render_template_string, request
from werkzeug.serving import make_server

app = Flask(__name__)
visits = []


@app.get("/hello/<name>")
def hello(name):
    return render_template_string("Hello, {{ name }}!", name=name)


@app.post("/add")
def add():
    numbers = request.get_json()
    visits.append(len(numbers))
    return jsonify(total=sum(numbers))


def ask(base, number):
    with urllib.request.urlopen(f"{base}/hello/{number}", timeout=30) as answer:
        greeting = answer.read().decode()
    data = json.dumps([number, 1, 2]).encode()
    wanted = urllib.request.Request(f"{base}/add", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(wanted, timeout=30) as answer:
        return greeting, json.load(answer)["total"]


def main():
    with app.test_client() as client:
        assert client.get("/nothing").status_code == 404
        assert client.get("/hello/%3Cb%3E").text == "Hello, &lt;b&gt;!"
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda n: ask(f"http://127.0.0.1:{server.server_port}", n), range(40)))
    finally:
        server.shutdown()
    assert answers == [(f"Hello, {n}!", n + 3) for n in range(40)], answers
    assert len(visits) == 40
    print("flask:", answers[-1])


main()
