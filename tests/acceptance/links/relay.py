#!/usr/bin/env python3
"""A bad link: a TCP relay that is slow, breaks off, stands still, or is gone.

usage: relay.py TARGET [--cut LOW:HIGH] [--stall SHARE:LOW:HIGH] [--half-open SHARE] [--reset SHARE]
                [--rate BYTES_PER_SECOND] [--delay SECONDS] [--seed N]
Prints its port, then relays until standard input ends. A line there is a command: `away` refuses everything,
`back` ends that, `clear` takes all faults away.
"""
import argparse
import asyncio
import contextlib
import random
import socket
import struct
import sys
import threading
from dataclasses import dataclass

PIECE = 16 * 1024


@dataclass
class Profile:
    """What happens to connections. Shares are of all connections; ranges are bytes that the client sent."""
    cut: tuple = None         # (low, high): every connection is reset after so many bytes
    stall: tuple = None       # (share, low, high): nothing is passed on any more, and nobody is told
    half_open: float = 0      # accepted, and that is all
    reset: float = 0          # reset at once
    rate: float = 0           # bytes a second of all connections together; 0: no limit
    delay: float = 0          # seconds, each way, once a connection


class Relay:
    """Runs in a thread of its own; `port` is free before `target` need be known."""

    def __init__(self, profile, seed=1):
        self.profile = profile
        self.target = None
        self.away = False
        self.broken = 0       # connections that a fault ended
        self.passed = 0       # bytes towards the target
        self.random = random.Random(seed)
        self.free_at = 0
        self.loop = asyncio.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        # The kernel must not take in megabytes that the link has not carried.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        serving = asyncio.start_server(self.serve, sock=self.listener, limit=PIECE)
        self.loop.run_until_complete(serving)
        self.loop.run_forever()

    def stop(self):
        def end():
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_soon(self.loop.stop)
        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
        self.listener.close()

    @staticmethod
    def reset(writer):
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def chance(self, share):
        return share > 0 and self.random.random() < share

    async def serve(self, reader, writer):
        profile = self.profile
        if self.away or self.chance(profile.reset):
            self.broken += 1
            return self.reset(writer)
        if self.chance(profile.half_open):
            self.broken += 1
            with contextlib.suppress(OSError):
                await asyncio.sleep(3600)
            return None
        await asyncio.sleep(profile.delay)
        try:
            there, onward = await asyncio.open_connection(*self.target, limit=PIECE)
        except OSError:
            return self.reset(writer)
        back = asyncio.ensure_future(self.copy(there, writer))
        try:
            await self.forward(reader, onward, profile)
        except ConnectionError:
            self.reset(writer)
        finally:
            back.cancel()
            onward.transport.abort()
            writer.transport.abort()

    async def forward(self, reader, onward, profile):
        cut = self.random.uniform(*profile.cut) if profile.cut else None
        stall = self.random.uniform(*profile.stall[1:]) if profile.stall and self.chance(profile.stall[0]) else None
        sent = 0
        while piece := await reader.read(PIECE):
            await self.pay(len(piece), profile.rate)
            sent += len(piece)
            if self.away or (cut is not None and sent > cut):
                self.broken += 1
                raise ConnectionResetError
            if stall is not None and sent > stall:
                self.broken += 1
                await asyncio.sleep(3600)
            self.passed += len(piece)
            onward.write(piece)
            await onward.drain()
        # The client may still wait for its answer after closing its side.
        await asyncio.sleep(0.05)

    async def copy(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                writer.write(piece)
                await writer.drain()
            writer.close()

    async def pay(self, size, rate):
        if not rate:
            return
        now = self.loop.time()
        self.free_at = max(self.free_at, now) + size / rate
        await asyncio.sleep(self.free_at - now)


def numbers(text):
    return tuple(float(part) for part in text.split(":"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    for name in ("cut", "stall"):
        parser.add_argument("--" + name, type=numbers)
    for name in ("half-open", "reset", "rate", "delay"):
        parser.add_argument("--" + name, type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    relay = Relay(Profile(wanted.cut, wanted.stall, wanted.half_open, wanted.reset, wanted.rate, wanted.delay),
                  wanted.seed)
    host, port = wanted.target.rsplit(":", 1)
    relay.target = (host, int(port))
    print(relay.port, flush=True)
    for line in sys.stdin:
        if line.strip() == "clear":
            relay.profile = Profile()
        else:
            relay.away = line.strip() == "away"
        print("done", flush=True)


if __name__ == "__main__":
    main()
