/** A device connected to a `TestPod`. */
export interface TestDevice {
  readonly deviceId: string;
  readonly traceId: string;
  /** The chart's own dotted state: `registered.idle`. */
  readonly state: string;
  /** Every state its connection has been in, the present one last. */
  readonly states: readonly string[];
  /** The frames it was sent: text as strings, binary as buffers. */
  readonly received: readonly (string | Buffer)[];
  /** How the pod closed it; undefined while it has not. */
  readonly closedWith: { code: number; reason: string } | undefined;
  /** Sends a frame: text for a string, binary for a buffer. Throws when it is not connected any more. */
  send(message: string | Buffer): void;
  /** Closes its connection, as a device does that knows how to; 1000 by default. */
  hangUp(code?: number): void;
  /** Breaks its connection off: no close frame. */
  breakOff(): void;
  /** Answers nothing any more, as a device out of reach: neither a ping nor a close. */
  fallSilent(): void;
}
