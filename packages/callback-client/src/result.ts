/** What is known of a message at the end, whatever its outcome. */
interface Sent {
  deviceId: string;
  /** The id the message had on the wire. */
  id: string | undefined;
  /** Requests made for it; 0: nothing was sent. */
  attempts: number;
}

/** `delivered`: the kernel of the owning pod took the bytes. `acked`: the device said that it has the message. */
export interface Delivered extends Sent {
  outcome: 'delivered' | 'acked';
  /** The connection it went to. */
  traceId: string;
  podId: string;
}

/** The same of a batch, whose answers need not say which connection it was. */
export interface DeliveredInBatch extends Sent {
  outcome: 'delivered' | 'acked';
  traceId: string | undefined;
  podId: string | undefined;
}

/** No pod holds the device. Nothing was delivered. */
export interface Offline extends Sent {
  outcome: 'offline';
}

/** It may have been delivered, or not, or (an idempotent one) more than once. `code` says why that is not known. */
export interface Unknown extends Sent {
  outcome: 'unknown';
  code: string;
}

/** Nothing was delivered, and another try would be answered the same. `code` is that of the pod's problem answer. */
export interface Refused extends Sent {
  outcome: 'refused';
  status: number;
  code: string;
  detail: string;
}

/** Nothing was delivered within the deadline; later it may be. */
export interface Unavailable extends Sent {
  outcome: 'unavailable';
  code: string;
  /** How long the pod asked to wait, ms. */
  retryAfterMs: number | undefined;
}

export type SendResult = Delivered | Offline | Unknown | Refused | Unavailable;
export type BatchResult = DeliveredInBatch | Offline | Unknown | Refused | Unavailable;
