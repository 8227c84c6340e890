#!/usr/bin/env python3
"""A service in Python: looks a device up in Redis and sends it what it reads on stdin.

    echo hello | python3 service.py lamp-1
    python3 service.py lamp-1 --type application/octet-stream < update.bin

Needs the package redis (Debian: python3-redis). REDIS_URL, REDIS_PREFIX and CALLBACK_TOKEN are those of the pods.
Ends with 0: delivered; 1: not delivered; 3: unknown, the connection broke before the answer.
"""

import argparse
import base64
import hmac
import http.client
import json
import os
import random
import sys
import time

import redis

PREFIX = os.environ.get("REDIS_PREFIX", "ws-connect")
TOKEN = os.environ.get("CALLBACK_TOKEN")


class NotDelivered(Exception):
    """The device did not get it."""


class TryAgain(NotDelivered):
    """It may work in a moment: the device is on its way to another pod, say."""


class Unknown(Exception):
    """The device may have got it, or not."""


def push(store, device, body, content_type, patience=5.0):
    """Sends body to the device and returns the gateway's answer. Tries again for so many seconds where that is safe."""
    deadline = time.monotonic() + patience
    wait = 0.1
    while True:
        try:
            return push_once(store, device, body, content_type)
        except TryAgain:
            if time.monotonic() + wait > deadline:
                raise
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(2 * wait, 1)


def push_once(store, device, body, content_type):
    entry = store.get(f"{PREFIX}:device:{{{device}}}")  # the inner braces are part of the key
    if entry is None:
        raise TryAgain(f"{device} is not connected")
    place = json.loads(entry)
    pod = http.client.HTTPConnection(place["serverIp"], place["port"], timeout=2)
    try:
        pod.connect()
    except OSError as error:  # nothing was sent yet: the pod is gone, and the entry soon will be
        raise TryAgain(f"the pod of {device} does not answer: {error}") from error
    try:
        pod.sock.settimeout(10)
        headers = {"Content-Type": content_type}
        if TOKEN:
            headers["Authorization"] = f"Bearer {derive('hop', place)}"
        pod.request("POST", f"/callback/{device}", body, headers)
        answer = pod.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unknown(f"no answer from the pod of {device}: {error!r}") from error
    finally:
        pod.close()
    problem = f"{answer.status} {text.decode(errors='replace')}"
    if answer.getheader("Ws-Connect-Proof") != (derive("proof", place) if TOKEN else place["podId"]):
        raise TryAgain(f"{problem}, without the proof of the pod")  # another program has its address, or the token is wrong
    if answer.status == 200:
        return json.loads(text)
    if answer.status in (404, 409, 429, 503):  # gone from there, moved, too much at once
        raise TryAgain(problem)
    raise NotDelivered(problem)


def derive(purpose, place):
    """What is shown to this pod instead of the token ("hop"), or what this pod has to show ("proof"): docs/security.md."""
    host = f"[{place['serverIp']}]" if ":" in place["serverIp"] else place["serverIp"]
    text = f"ws-connect-{purpose}-v1:{place['podId']}@{host}:{place['port']}"
    digest = hmac.digest(TOKEN.encode(), text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def main():
    options = argparse.ArgumentParser(description="Sends what it reads on stdin to a device.")
    options.add_argument("device")
    options.add_argument("--type", default="text/plain", help="content type; text/* and JSON reach it as text")
    options.add_argument("--patience", type=float, default=5.0, help="seconds to go on trying")
    given = options.parse_args()
    store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"), socket_timeout=2)
    try:
        answer = push(store, given.device, sys.stdin.buffer.read(), given.type, given.patience)
    except NotDelivered as error:
        sys.exit(f"not delivered: {error}")
    except redis.RedisError as error:
        sys.exit(f"not delivered: Redis: {error}")
    except Unknown as error:
        print(f"unknown: {error}", file=sys.stderr)
        sys.exit(3)
    print(f"{answer['outcome']} to {answer['deviceId']} by pod {answer['podId']}")


if __name__ == "__main__":
    main()
