/** The rehearsal could not be held; the message says why. */
export class RehearsalError extends Error {
  readonly code = 'rehearsal';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RehearsalError';
  }
}
