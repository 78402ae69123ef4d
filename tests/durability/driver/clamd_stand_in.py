"""A stand-in for clamd that speaks its protocol over a local socket and answers at once.

The durability suites kill the server some hundred times; a real clamd would cost them minutes and
show nothing more. EICAR is found, everything else is clean.
"""
import os
import socketserver
import struct
import threading

EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
ANSWERS = {
    b"PING": b"PONG",
    b"VERSION": b"ClamAV 1.4.6/27800/Fri Nov 20 00:00:00 2026",
    b"RELOAD": b"RELOADING",
}


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        in_session = False
        while True:
            marker = self.rfile.read(1)
            if marker not in (b"z", b"n"):
                return
            end = b"\0" if marker == b"z" else b"\n"
            command = self.read_to(end)
            if command == b"IDSESSION":
                in_session = True
                continue
            if command == b"END":
                return
            answer = self.scan() if command == b"INSTREAM" else ANSWERS.get(command, b"UNKNOWN COMMAND")
            self.wfile.write((b"1: " if in_session else b"") + answer + end)
            if not in_session:
                return

    def read_to(self, end):
        word = b""
        while not word.endswith(end):
            byte = self.rfile.read(1)
            if not byte:
                return b"END"
            word += byte
        return word[:-1]

    def scan(self):
        data = b""
        while True:
            (length,) = struct.unpack(">I", self.rfile.read(4))
            if length == 0:
                break
            data += self.rfile.read(length)
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in data else b"stream: OK"


class Quiet(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def handle_error(self, request, address):
        """A server that was killed hangs up in the middle of a scan; that is the test's own doing."""


class ClamdStandIn:
    def __init__(self, folder):
        self.socket = os.path.join(folder, "clamd.sock")
        self.server = Quiet(self.socket, Session)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
