"""The open TCP ports of an address, one per line: open_ports.py ADDRESS"""

import asyncio
import sys


async def is_open(address, port, limit):
    async with limit:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 5)
        except OSError:
            return False
        writer.close()
        return True


async def main(address):
    limit = asyncio.Semaphore(500)
    answers = await asyncio.gather(*(is_open(address, port, limit) for port in range(1, 65536)))
    print(*(port for port, answer in enumerate(answers, 1) if answer), sep="\n")


asyncio.run(main(sys.argv[1]))
