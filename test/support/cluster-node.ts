import { join } from 'node:path';
import { onOwnPort } from './own-port.ts';
import type { RedisServer } from './redis.ts';
import { startRedis } from './redis.ts';

export interface ClusterNode extends RedisServer {
  /** Its name in the cluster, which outlives its process. */
  id: string;
}

/** A node of a cluster as one of its nodes sees it. */
export interface SeenNode {
  id: string;
  /** `master` or `slave`, then what is amiss: `fail?`, `fail`, `handshake`, `noaddr`. */
  flags: string;
  /** `-` at a master. */
  masterId: string;
  /** First and last of each range. */
  slots: [number, number][];
}

/** Milliseconds without an answer after which a node counts as failing. */
const nodeTimeout = 1500;

/** A node that knows no other. It keeps what it learns in `dir`. */
export function startNode(dir: string): Promise<ClusterNode> {
  return onOwnPort((port) => startNodeOn(port, dir));
}

/** The node that was on this port, from its state in `dir`, but without its keys; or a new one. */
export async function startNodeOn(port: number, dir: string): Promise<ClusterNode> {
  const state = join(dir, `nodes-${port}.conf`);
  const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', state];
  const hurry = ['--cluster-node-timeout', String(nodeTimeout), '--repl-diskless-sync-delay', '0'];
  const server = await startRedis(['--port', String(port), ...cluster, ...hurry]);
  return { ...server, id: await server.client.cluster('MYID') };
}

/** All nodes this one knows, in the order of their ids. */
export async function nodesSeenBy({ client }: ClusterNode): Promise<SeenNode[]> {
  const lines = ((await client.cluster('NODES')) as string).trim().split('\n').sort();
  return lines.map((line) => {
    const [id = '', , flags = '', masterId = '', , , , , ...slots] = line.split(' ');
    return { id, flags: flags.replace('myself,', ''), masterId, slots: slots.flatMap(rangeOf) };
  });
}

/** Of `5461-10922` and of `12182`; a slot on its way, `[12182->-ID]`, is none of its own. */
function rangeOf(text: string): [number, number][] {
  if (text.startsWith('[')) return [];
  const [first, last = first] = text.split('-').map(Number);
  return [[first!, last!]];
}
