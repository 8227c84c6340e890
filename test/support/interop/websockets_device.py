"""A device with python3-websockets: says in JSON lines what it sees, and sends what it is told on stdin."""

import asyncio
import base64
import json
import sys

import websockets


def tell(what):
    print(json.dumps(what))


def frame(message):
    return {"text": message} if isinstance(message, str) else {"base64": base64.b64encode(message).decode()}


def send_lines_of_stdin(socket, loop):
    for line in sys.stdin:
        told = json.loads(line)
        message = told["text"] if "text" in told else base64.b64decode(told["base64"])
        asyncio.run_coroutine_threadsafe(socket.send(message), loop).result()


async def main(url, protocols):
    async with websockets.connect(url, subprotocols=protocols or None) as socket:
        tell({"open": socket.subprotocol or ""})
        asyncio.get_running_loop().run_in_executor(None, send_lines_of_stdin, socket, asyncio.get_running_loop())
        try:
            async for message in socket:
                tell({"frame": frame(message)})
        except websockets.ConnectionClosed:
            pass
        tell({"close": {"code": socket.close_code, "reason": socket.close_reason}})


asyncio.run(main(sys.argv[1], sys.argv[2:]))
