import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { parseArgs } from 'node:util';
import { collectAnswer } from '../callback/pod-client.ts';
import { PodExchange } from '../callback/pod-exchange.ts';
import { isDeviceId } from '../device-id.ts';
import { UsageError } from '../usage-error.ts';
import { eventsIn } from './event-lines.ts';

/** A pod's admin listener did not do as it was asked. */
export class FollowError extends Error {
  readonly code = 'follow';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'FollowError';
  }
}

const help = `ws-connect follow: shows the events of a device's connections as they happen, one JSON object per line

Usage: ws-connect follow DEVICE [--admin URL]
       ws-connect follow --sample N [--admin URL]

  DEVICE       follow every connection of this device on the pod, from now on
  --sample N   follow the next N connections of the pod, 1 to 100, from beginning to end
  --admin URL  the admin port of the pod; default http://127.0.0.1:8082

A line is {"at","deviceId","traceId","event","from","to"}. It has "reason" when the connection ends. "missed" is the number of
lines that the pod left out before this one because they came too fast. "from" is null at the beginning of a connection. For an
event that does not change the state, "from" equals "to". The command ends with the pod, with the last connection of the sample,
or by Ctrl-C.

Exit codes: 0 the pod or the sample has ended; 1 there was no answer, or it was not from a pod; 2 the arguments are wrong.
`;

/** From the request to the end of the answer, or the beginning of the events, ms. */
const answerWithinMs = 5000;

/** `ws-connect follow`. Returns the exit code. */
export async function follow(args: string[]): Promise<number> {
  const options = parseFollowArguments(args);
  if (!options) {
    process.stdout.write(help);
    return 0;
  }
  const { admin, deviceId } = options;
  if (deviceId !== undefined) await tellOwner(admin, deviceId);
  const query = deviceId === undefined ? `sample=${options.sample}` : `device=${deviceId}`;
  const stream = await ask(new URL(`/events?${query}`, admin), async (response) => {
    if (response.statusCode === 200) return response;
    throw new FollowError(`${response.statusCode} ${await bodyOf(response)}`);
  });
  if (stream.headers['content-type'] !== 'text/event-stream') throw noPod(admin);
  process.stdout.on('error', () => {}); // who read it has enough
  try {
    for await (const step of eventsIn(stream, 'step')) {
      if (!process.stdout.write(`${step}\n`) && process.stdout.destroyed) return 0;
    }
  } catch (error) {
    throw new FollowError(`${admin.origin} broke the connection`, error);
  }
  return 0;
}

/** Undefined: help is wanted. Throws a `UsageError`. */
export function parseFollowArguments(args: string[]) {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const { admin, sample } = values;
  if (!URL.canParse(admin) || new URL(admin).protocol !== 'http:')
    throw misuse(`--admin ${admin} is not allowed. Use an http URL`);
  if (sample !== undefined && (!/^\d{1,3}$/.test(sample) || Number(sample) < 1 || Number(sample) > 100)) {
    throw misuse(`--sample ${sample} is not allowed. Use a whole number from 1 to 100`);
  }
  const [deviceId, ...others] = positionals;
  if (others.length > 0 || (deviceId === undefined) === (sample === undefined)) {
    throw misuse('Name one device, or use --sample');
  }
  if (deviceId !== undefined && !isDeviceId(deviceId))
    throw misuse(`${JSON.stringify(deviceId)} is not a deviceId. Use 1 to 128 of A-Z a-z 0-9 . _ : -`);
  return { admin: new URL(admin), deviceId, sample };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        admin: { type: 'string', default: 'http://127.0.0.1:8082' },
        sample: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw misuse((error as Error).message);
  }
}

function misuse(message: string): UsageError {
  return new UsageError(`${message}\nTry ws-connect follow --help.`);
}

/** A pod shows nothing of a device that is on another one. */
async function tellOwner(admin: URL, deviceId: string): Promise<void> {
  const owner = ownerIn(await ask(new URL(`/connections/${deviceId}`, admin), bodyOf), admin);
  if (owner) process.stderr.write(`${deviceId} is on pod ${owner.podId} at ${owner.serverIp}. Follow it there\n`);
}

function ownerIn(answer: string, admin: URL): { podId: string; serverIp: string } | undefined {
  try {
    return (JSON.parse(answer) as { owner?: ReturnType<typeof ownerIn> } | null)?.owner;
  } catch (error) {
    throw noPod(admin, error);
  }
}

/** Asks, and reads of the answer what is wanted. */
async function ask<T>(url: URL, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
  const exchange = new PodExchange(get(url));
  const overdue = () => exchange.destroy(new Error(`no answer within ${answerWithinMs / 1000} s`));
  const timer = setTimeout(overdue, answerWithinMs);
  try {
    return await new Promise<T>((resolve, reject) => {
      exchange.outgoing.on('error', reject); // it may come a second time, while the answer is read
      exchange.onAnswer((response) => read(response).then(resolve, reject));
    });
  } catch (error) {
    exchange.outgoing.destroy(); // the rest of the answer may never end
    if (error instanceof FollowError) throw error;
    throw new FollowError(`${url.origin} does not answer: ${(error as Error).message}`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body. Rejects when it is larger than any of a pod. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  return (await collectAnswer(response)).body.toString();
}

function noPod(admin: URL, cause?: unknown): FollowError {
  return new FollowError(`${admin.origin} is not the admin listener of a pod`, cause);
}
