"""The one sender for all rivals: a process that writes prepared bytes and does little with the answers.

Each line of its input is a task (JSON), each line of its output what came of it. Clients wait for their
answers before they ask again. It polls plain sockets in one loop, some 15 microseconds a request, so that
it is not what a fast rival waits for; it tells what share of a core it took.
"""

import gc
import json
import re
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

NUMBER = b"000000000000"
"""Where the number of a request stands in its bytes, which so have the same length for all."""
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD, END_OF_CHUNKS = b"\r\n\r\n", b"\r\n0\r\n\r\n"
CHUNK_BYTES = 1 << 20
PATIENCE_MS = 30_000


@dataclass(slots=True)
class Client:
    """A connection with what it asks."""

    socket: socket.socket
    parts: list[bytes]
    buffer: bytes = b""
    asked_at: float = 0.0


@dataclass(slots=True)
class Sender:
    """Counts requests over all tasks, so that no number comes twice."""

    count: int = 0
    clients: dict[int, Client] = field(default_factory=dict)

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """Let the clients of a task ask until its time is over, and hear the last answers."""
        accepted = task["accepted"].encode()
        prepared = [request.encode().split(NUMBER) for request in task["requests"]]
        self.clients = {}
        for number in range(task["clients"]):
            self._connect(task["host"], task["port"], prepared[number % len(prepared)])
        poll = select.poll()
        for descriptor in self.clients:
            poll.register(descriptor, select.POLLIN)
        try:
            return self._played(poll, accepted, task["seconds"])
        finally:
            for client in self.clients.values():
                client.socket.close()

    def _connect(self, host: str, port: int, parts: list[bytes]) -> None:
        connection = socket.create_connection((host, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients[connection.fileno()] = Client(connection, parts)

    def _played(self, poll: "select.poll", accepted: bytes, seconds: float) -> dict[str, Any]:
        clock = time.perf_counter
        times: list[float] = []
        began, used = clock(), time.process_time()
        end = began + seconds
        for client in self.clients.values():
            self._ask(client, clock())
        waiting = len(self.clients)
        while waiting:
            ready = poll.poll(PATIENCE_MS)
            if not ready:
                raise SystemExit("No answer for half a minute.")
            for descriptor, _ in ready:
                client = self.clients[descriptor]
                data = client.socket.recv(CHUNK_BYTES)
                if client.buffer:
                    data = client.buffer + data
                elif not data:
                    raise SystemExit("A connection was closed before its answer.")
                if not _is_whole(data):
                    client.buffer = data
                    continue
                client.buffer = b""
                now = clock()
                times.append(now - client.asked_at)
                if accepted not in data:
                    raise SystemExit(f"Not what was expected: {data[:1000]!r}")
                if now < end:
                    self._ask(client, now)
                else:
                    waiting -= 1
        took = clock() - began
        busy = (time.process_time() - used) / took
        return {"done": len(times), "seconds": took, "busy": busy, **_percentiles(times)}

    def _ask(self, client: Client, now: float) -> None:
        client.asked_at = now
        request = client.parts[0]
        if len(client.parts) > 1:
            request = b"".join(self._numbered(client.parts))
        client.socket.sendall(request)

    def _numbered(self, parts: list[bytes]) -> list[bytes]:
        found = [parts[0]]
        for part in parts[1:]:
            self.count += 1
            found += (b"%012d" % self.count, part)
        return found


def _is_whole(data: bytes) -> bool:
    head = data.find(END_OF_HEAD)
    if head < 0:
        return False
    length = LENGTH.search(data, 0, head)
    if length is None:
        return data.endswith(END_OF_CHUNKS)
    return len(data) >= head + len(END_OF_HEAD) + int(length[1])


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    return {
        name: ranked[min(len(ranked) - 1, len(ranked) * percent // 100)] * 1_000
        for name, percent in (("p50_ms", 50), ("p99_ms", 99))
    }


def main() -> None:
    gc.disable()
    sender = Sender()
    for line in sys.stdin:
        print(json.dumps(sender.run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
