import type { IncomingMessage } from 'node:http';
import { TypedChannel } from '@ws-connect/callback-client/internal/channel';

export interface AnsweredRequest {
  request: IncomingMessage;
  status: number;
  deviceId: string | undefined;
  /** `delivered` and the like, or the code of a problem. */
  outcome: string | undefined;
  /** Of an error. */
  message: string | undefined;
}

/** A request to the callback or admin port. `request` is the same object in both. */
export const requests = {
  started: new TypedChannel<{ request: IncomingMessage; path: string }>('request.started'),
  answered: new TypedChannel<AnsweredRequest>('request.answered'),
};
