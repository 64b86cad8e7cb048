"""Lines over TCP with the standard library's socketserver: one thread per connection."""

from __future__ import annotations

import socketserver

from shouting import shout


class Lines(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    # Unbuffered: every reply is one send.  A buffer would need a flush per line to the same effect,
    # because iterating over rfile does not tell whether another line is there already.
    wbufsize = 0

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(shout(line[:-1]) + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    # The default of 5 would make the 50 connections of a run wait for retransmitted handshakes.
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Lines) as server:
        print("ready", server.server_address[1], flush=True)
        server.serve_forever()
