"""Datagrams over UDP with the standard library's socketserver, in its one thread.

There is a ThreadingUDPServer too, but it starts a thread for every datagram, which only makes
sense for handlers that block.
"""

from __future__ import annotations

import socketserver

from shouting import shout


class Datagrams(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        datagram, socket = self.request
        socket.sendto(shout(datagram), self.client_address)


if __name__ == "__main__":
    with socketserver.UDPServer(("127.0.0.1", 0), Datagrams) as server:
        print("ready", server.server_address[1], flush=True)
        server.serve_forever()
