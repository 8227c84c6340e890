/** What a device does with the text frames of one kind of server. */
export interface Wire {
  /** Path and query of the upgrade. */
  path: (deviceId: string) => string;
  /** The device is connected with the upgrade; otherwise with the frame for which `reaction` says so. */
  connectedByUpgrade: boolean;
  /** The payload in which this callback body arrives. */
  pushed: (body: string) => string;
  /** What to do with a frame: take it for a push, be connected, or send this text back. */
  reaction: (payload: Buffer) => 'push' | 'connected' | { reply: string };
}

/** One callback body is one frame. */
export const plainWire: Wire = {
  path: (deviceId) => `/connect?deviceId=${deviceId}`,
  connectedByUpgrade: true,
  pushed: (body) => body,
  reaction: () => 'push',
};

/** Engine.IO 4 and Socket.IO 5: "0" opens, "40" joins the namespace, "2" is a ping, "42" an event. */
export const socketIoWire: Wire = {
  path: (deviceId) => `/socket.io/?EIO=4&transport=websocket&deviceId=${deviceId}`,
  connectedByUpgrade: false,
  pushed: (body) => `42${JSON.stringify(['push', body])}`,
  reaction(payload) {
    const [packet, kind] = payload.toString('latin1', 0, 2);
    if (packet === '0') return { reply: '40' };
    if (packet === '2') return { reply: '3' };
    return kind === '0' ? 'connected' : 'push';
  },
};
