"""A device with python3-websocket (websocket-client): says in JSON lines what it sees, and sends what it is told on stdin."""

import base64
import json
import sys
import threading

import websocket


def tell(what):
    print(json.dumps(what))


def on_open(app):
    tell({"open": app.sock.getsubprotocol() or ""})
    threading.Thread(target=send_lines_of_stdin, args=[app], daemon=True).start()


def on_data(_app, data, opcode, _last):
    if opcode == websocket.ABNF.OPCODE_TEXT:
        tell({"frame": {"text": data}})
    else:
        tell({"frame": {"base64": base64.b64encode(data).decode()}})


def on_close(_app, code, reason):
    tell({"close": {"code": code, "reason": reason}})


def send_lines_of_stdin(app):
    for line in sys.stdin:
        told = json.loads(line)
        if "text" in told:
            app.send(told["text"])
        else:
            app.send(base64.b64decode(told["base64"]), websocket.ABNF.OPCODE_BINARY)


url, protocols = sys.argv[1], sys.argv[2:]
app = websocket.WebSocketApp(url, subprotocols=protocols or None, on_open=on_open, on_data=on_data, on_close=on_close)
app.run_forever()
