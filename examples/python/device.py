#!/usr/bin/env python3
"""A device in Python: prints what it is sent, and comes back whenever it may.

    python3 device.py ws://127.0.0.1:8080 lamp-1

Needs the package websockets, 10.4 or newer (Debian: python3-websockets). DEVICE_TOKEN is its token where the pods ask
for one. Ends with 1 when it was told not to come back.
"""

import asyncio
import json
import os
import random
import sys

import websockets


def handle(message):
    """What a real device would act upon: a str for text, bytes for anything else."""
    print(message if isinstance(message, str) else message.hex(), flush=True)


async def live(url, subprotocols):
    failures = 0  # in a row
    while True:
        try:
            # The gateway does not compress, and pings answer themselves.
            async with websockets.connect(url, subprotocols=subprotocols, compression=None) as socket:
                say("connected")
                failures = 0
                try:
                    async for message in socket:
                        handle(message)
                except websockets.ConnectionClosed:
                    pass  # how it ended stands in the socket
            wait = wait_after_close(socket.close_code, socket.close_reason)
        except websockets.InvalidHandshake as error:
            wait = wait_after_refusal(error)
        except (OSError, asyncio.TimeoutError) as error:
            say(f"cannot connect: {error}")
            wait = None
        failures += 1
        await asyncio.sleep(backoff(failures) if wait is None else wait)


def wait_after_close(code, reason):
    """Seconds, or None to back off. 4500 to 4999 means: do not come back."""
    say(f"closed: {code} {reason}")
    if code is not None and 4500 <= code <= 4999:
        sys.exit(1)
    if code == 1012:  # the pod is draining, and spreads its devices over some time
        try:
            return json.loads(reason)["reconnectAfterMs"] / 1000
        except (ValueError, KeyError, TypeError):
            return None
    return None


def wait_after_refusal(error):
    """Seconds, or None to back off. What is wrong with the request will be so the next time."""
    answer = getattr(error, "response", error)  # up to websockets 13 the error itself has status and headers
    status = getattr(answer, "status_code", None)
    say(f"refused: {status or error}")
    if status in (400, 401, 403, 404):
        sys.exit(1)
    retry_after = answer.headers.get("Retry-After", "") if status in (429, 503) else ""
    return float(retry_after) + random.random() if retry_after.isdigit() else None


def backoff(failures):
    """Seconds: up to 1, 2, 4 ... 30. A random part of it, or all devices of a failed pod would come at once."""
    return random.uniform(0, min(30, 2 ** (failures - 1)))


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: device.py ws://HOST:PORT DEVICE")
    gateway, device_id = sys.argv[1:]
    token = os.environ.get("DEVICE_TOKEN")
    try:
        asyncio.run(
            live(
                f"{gateway}/connect?deviceId={device_id}",
                ["ws-connect.plain", f"bearer.{token}"] if token else ["ws-connect.plain"],
            )
        )
    except KeyboardInterrupt:
        pass
