"""A viewer who knows the password and asks for screens of any size: screen_size.py HOST PORT PASSWORD WIDTHxHEIGHT…

Prints what the X server answers to each: the size that the screen has afterwards, or how the connection ended.
"""

import socket
import struct
import sys

EXTENDED_DESKTOP_SIZE = -308
REQUEST = """GET /rfb HTTP/1.1\r
Host: x\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r
Sec-WebSocket-Protocol: binary, {}\r
\r
"""


class Viewer:
    """RFB (RFC 6143) in WebSocket messages."""

    def __init__(self, host, port, password):
        self.socket = socket.create_connection((host, port), 60)
        self.socket.sendall(REQUEST.format(password).encode())
        self.stream = self.socket.makefile("rb")
        assert b" 101 " in self.stream.readline()
        while self.stream.readline().strip():
            pass
        self.bytes = b""
        self.read(12)
        self.send(b"RFB 003.008\n")
        self.read(self.read(1)[0])
        self.send(b"\1")  # no security: the web server has seen the password
        self.read(4)
        self.send(b"\1")  # shared
        self.width, self.height = struct.unpack(">HH", self.read(4))
        self.read(16)
        self.read(struct.unpack(">I", self.read(4))[0])
        self.send(struct.pack(">BxHii", 2, 2, 0, EXTENDED_DESKTOP_SIZE))
        self.screen = bytes(16)
        self.update()

    def send(self, data):
        self.socket.sendall(bytes([0x82, 0x80 | len(data)]) + bytes(4) + data)

    def receive(self, count):
        data = self.stream.read(count)
        if len(data) < count:
            raise ConnectionError("the connection ended")
        return data

    def read(self, count):
        while len(self.bytes) < count:
            length = self.receive(2)[1]
            if length >= 126:
                length = int.from_bytes(self.receive(2 if length == 126 else 8), "big")
            self.bytes += self.receive(length)
        data, self.bytes = self.bytes[:count], self.bytes[count:]
        return data

    def skip(self, count):
        while count:
            count -= len(self.read(min(count, 1 << 16)))

    def update(self):
        """Reads the next whole picture. Returns whether it answers a request for another size."""
        self.send(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        answered = False
        for _ in range(struct.unpack(">xxH", self.read(4))[0]):
            reason, status, width, height, encoding = struct.unpack(">HHHHi", self.read(12))
            if encoding == EXTENDED_DESKTOP_SIZE:
                screens = self.read(4)[0]
                self.screen = self.read(16 * screens)[:16]
                if status == 0:
                    self.width, self.height = width, height
                answered |= reason == 1
            else:
                self.skip(width * height * 4)
        return answered

    def ask_for(self, width, height):
        place = struct.pack(">HHHH", 0, 0, width, height)
        self.send(struct.pack(">BxHHBx", 251, width, height, 1) + self.screen[:4] + place + self.screen[12:])
        while not self.update():
            pass
        self.update()


for size in sys.argv[4:]:
    try:
        viewer = Viewer(sys.argv[1], int(sys.argv[2]), sys.argv[3])
        viewer.ask_for(*map(int, size.split("x")))
        print(f"{size}: {viewer.width}x{viewer.height}", flush=True)
    except (ConnectionError, TimeoutError) as error:
        print(f"{size}: {error}", flush=True)
