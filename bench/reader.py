"""Clients that do nothing but read; `reader.c` for machines without a compiler."""

from __future__ import annotations

import selectors
import socket
import sys

REQUEST = (
    b"GET /realtime/v1/websocket?apikey=bench&vsn=1.0.0 HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def main() -> None:
    port, connection_count = int(sys.argv[1]), int(sys.argv[2])
    selector = selectors.DefaultSelector()
    for _ in range(connection_count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(REQUEST)
        if not connection.recv(4096).startswith(b"HTTP/1.1 101"):
            sys.exit("refused")
        selector.register(connection, selectors.EVENT_READ)
    print("ready", flush=True)
    buffer = bytearray(1 << 18)
    while selector.get_map():
        for key, _ in selector.select():
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                count = connection.recv_into(buffer)
            except ConnectionError:
                count = 0
            if not count:
                selector.unregister(connection)
                connection.close()


if __name__ == "__main__":
    main()
