"""One process for all clients beside a process for each, Polyport's and websocketd's: messages per second.

    python benchmarks/shared_programs.py [SECONDS]

Each client sends a message over WebSocket and waits until it comes back; there are CLIENTS of them, who come
and go: each connection is for so many messages.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

CLIENTS = 20
MESSAGES = (1, 100)
"""Of each connection."""

SHARED = """
import os
from protocols.shared_program import Clients, Message
clients = Clients()
for event in clients:
    if type(event) is Message:
        event.client.send(event.data)
"""

EACH = """
import sys
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
"""

YAML = """
services:
  web:
    listen: tcp://127.0.0.1:{port}
    limits: {{per_source: 1000}}
    http:
      /: {{websocket: {{program: {{command: [{python}, {file}], mode: {mode}}}}}}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """`command`, once it listens on `port`."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


async def client(port: int, messages: int, until: float) -> int:
    """How many messages came back."""
    count = 0
    while time.monotonic() < until:
        try:
            async with connect(f"ws://127.0.0.1:{port}/", compression=None, close_timeout=0.1) as ws:
                for _ in range(messages):
                    await ws.send("hello")
                    await asyncio.wait_for(ws.recv(), 10)
                    count += 1
                    if time.monotonic() >= until:
                        break
        except (OSError, WebSocketException, TimeoutError):
            pass  # refused: it comes again
    return count


async def measured(port: int, messages: int, seconds: float) -> float:
    until = time.monotonic() + seconds
    counts = await asyncio.gather(*(client(port, messages, until) for _ in range(CLIENTS)))
    return sum(counts) / seconds


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shared, each = Path(folder, "shared.py"), Path(folder, "each.py")
        shared.write_text(SHARED)
        each.write_text(EACH)
        kinds = {}
        for mode, file in (("shared", shared), ("connection", each)):
            port = free_port()
            yaml = Path(folder, f"{mode}.yaml")
            yaml.write_text(YAML.format(port=port, python=sys.executable, file=file, mode=mode))
            polyport = [sys.executable, "-m", "protocols.daemon.command", "run", str(yaml)]
            kinds[f"polyport, {mode}"] = polyport, port
        if shutil.which("websocketd"):
            port = free_port()
            peer = ["websocketd", "--address=127.0.0.1", f"--port={port}", sys.executable, str(each)]
            kinds["websocketd"] = peer, port
        for messages in MESSAGES:
            for name, (command, port) in kinds.items():
                with running(command, port):
                    rate = asyncio.run(measured(port, messages, seconds))
                print(f"{messages:4} messages for each connection, {name:22} {rate:9.0f} messages/s")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
