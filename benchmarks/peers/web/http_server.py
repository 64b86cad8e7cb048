"""The standard library: a handler, files, and CGI where Python still has it."""

from __future__ import annotations

import http.server
import os
import sys

Base = getattr(http.server, "CGIHTTPRequestHandler", http.server.SimpleHTTPRequestHandler)


class Handler(Base):  # type: ignore[misc,valid-type]
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path == "/hello":
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"Hello, world!")
        else:
            if self.path.startswith("/cgi-bin/"):
                # The length of what a script says is not known.
                self.protocol_version = "HTTP/1.0"
                self.close_connection = True
                self.wfile.flush()
            super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    os.chdir(sys.argv[2])
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
