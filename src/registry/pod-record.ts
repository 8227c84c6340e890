import { isIP } from 'node:net';
import { isPort } from '@ws-connect/callback-client/internal/address';
import type { Unchecked } from '@ws-connect/callback-client/internal/entry';
import { parseObject } from '@ws-connect/callback-client/internal/entry';
import type { PodRecord } from './registry.ts';

/** Reads a pod's record. What is none counts as none, so that one bad record spoils no list. */
export function parsePodRecord(text: string | null): PodRecord | undefined {
  const record = parseObject<PodRecord>(text);
  if (!record || !isPodRecord(record)) return undefined;
  const { serverIp, port, state, connections, startedAt } = record as unknown as PodRecord;
  return { serverIp, port, state, connections, startedAt };
}

function isPodRecord({ serverIp, port, state, connections, startedAt }: Unchecked<PodRecord>): boolean {
  return (
    typeof serverIp === 'string' &&
    isIP(serverIp) !== 0 &&
    isPort(port) &&
    (state === 'serving' || state === 'draining') &&
    Number.isSafeInteger(connections) &&
    (connections as number) >= 0 &&
    typeof startedAt === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(startedAt) &&
    !Number.isNaN(Date.parse(startedAt))
  );
}
