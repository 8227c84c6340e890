/** What one frame carries. */
export type Frame = { text: string } | { base64: string };

/** What the library says of the close frame of the pod: null is what it could not read. */
export interface SeenClose {
  code: number | null;
  reason: string | null;
}

/** A device with a WebSocket implementation that is not the tests' own. */
export interface InteropDevice {
  /** Resolves with the subprotocol the pod has chosen once the connection is open; empty for none. */
  opened(): Promise<string>;
  /** Resolves with the first `count` frames once they are here. */
  received(count: number): Promise<Frame[]>;
  send(frame: Frame): void;
  /** Resolves once the connection is over. */
  closed(): Promise<SeenClose>;
}

/** Connects to `ws://…` offering these subprotocols. The device is gone at the end of the test. */
export type Connect = (url: string, protocols: string[]) => Promise<InteropDevice>;

/** What a device tells of itself. */
export type Told = { open: string } | { frame: Frame } | { close: SeenClose };
