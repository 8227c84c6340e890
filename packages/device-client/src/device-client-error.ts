/**
 * What an error is about:
 * `bad-option`: an option of `new DeviceClient` cannot be (thrown); `no-websocket`: there is no global WebSocket and none was given
 * (thrown); `handler-failed`: a `message` listener threw, rejected, or there was none, so that the message was not acknowledged;
 * `listener-failed`: a listener of another event threw; `token-failed`: the token callback threw or rejected; `dial-failed`: the
 * WebSocket could not even be made, say because the token has characters a subprotocol may not have; `bad-frame`: the pod sent
 * what this protocol does not know.
 */
export type DeviceClientErrorCode =
  | 'bad-option'
  | 'no-websocket'
  | 'handler-failed'
  | 'listener-failed'
  | 'token-failed'
  | 'dial-failed'
  | 'bad-frame';

/** Every error of the client has a stable `code`; `cause` is what was caught. */
export class DeviceClientError extends Error {
  override readonly name = 'DeviceClientError';
  readonly code: DeviceClientErrorCode;

  constructor(code: DeviceClientErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
