import type { IncomingMessage } from 'node:http';
import { typedChannel } from '../base/channel.ts';

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
  started: typedChannel<{ request: IncomingMessage; path: string }>('request.started'),
  answered: typedChannel<AnsweredRequest>('request.answered'),
};
