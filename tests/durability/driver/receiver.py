"""A webhook receiver that remembers when each delivery of a task began and ended."""
import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Delivery:
    group: str
    sequence: int
    effect: str  # the same at every attempt
    began: float
    ended: float = 0.0


class Receiver:
    def __init__(self):
        self.lock = threading.Lock()
        self.deliveries = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # the sender was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        data = body["data"]
        delivery = Delivery(data["group"], data["sequence"], request.headers["webhook-id"], time.monotonic())
        with self.lock:
            self.deliveries.append(delivery)
        time.sleep(random.uniform(0, 0.02))  # long enough for another of the group to be seen beside it
        delivery.ended = time.monotonic()
        request.send_response(204)
        request.end_headers()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
