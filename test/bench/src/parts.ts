import type { Part } from './section.ts';

interface PartEntry {
  about: string;
  /** How long it takes about, seconds: to begin with, and a round. */
  seconds: { once: number; round: number };
  load: () => Promise<Part>;
}

/** In the order in which they run. */
export const parts = {
  supervision: {
    about: 'starts, ends, sweeps and memory of connection actors, compared with plain spawnChild',
    seconds: { once: 26, round: 9 },
    load: async () => (await import('./supervision.ts')).supervision,
  },
  clockwork: {
    about: 'cost of the deadlines of all connections: a sliced scan compared with a timing wheel',
    seconds: { once: 5, round: 10 },
    load: async () => (await import('./clockwork.ts')).clockwork,
  },
  deliver: {
    about: 'deliveries per second and CPU per delivery, closed loop, side by side',
    seconds: { once: 0, round: 36 },
    load: async () => (await import('./deliver.ts')).deliver,
  },
  batch: {
    about: 'deliveries per second of ws-connect through one batch, compared with one request for each',
    seconds: { once: 0, round: 18 },
    load: async () => (await import('./batch.ts')).batch,
  },
  latency: {
    about: 'latency of a message at a fixed rate, open loop, side by side',
    seconds: { once: 9, round: 48 },
    load: async () => (await import('./latency.ts')).latency,
  },
  messages: {
    about: 'messages of devices per second and CPU per message, closed loop, side by side',
    seconds: { once: 0, round: 36 },
    load: async () => (await import('./messages.ts')).messages,
  },
  idle: {
    about: 'memory per idle connection and CPU per connect at 15,000, side by side',
    seconds: { once: 0, round: 146 },
    load: async () => (await import('./idle.ts')).idle,
  },
  drain: {
    about: 'a drain of 15,000 connections of ws-connect: pace, event-loop lag, callbacks meanwhile',
    seconds: { once: 0, round: 48 },
    load: async () => (await import('./drain.ts')).drain,
  },
  look: {
    about: 'cost of the operator page and of following for a pod with 10,000 connections',
    seconds: { once: 0, round: 75 },
    load: async () => (await import('./look.ts')).look,
  },
  crowd: {
    about: 'how long the list of connections delays the event loop, with 1,000 or 100,000 connections',
    seconds: { once: 15, round: 3 },
    load: async () => (await import('./crowd.ts')).crowd,
  },
  registry: {
    about: 'cost of 15,000 devices for Redis, and of the Redis commands for the pod; needs --redis',
    seconds: { once: 0, round: 60 },
    load: async () => (await import('./registry.ts')).registry,
  },
  hostile: {
    about: 'a pod under attack: memory, event-loop lag, and the slowest callback to a quiet device',
    seconds: { once: 240, round: 0 },
    load: async () => (await import('./hostile.ts')).hostile,
  },
} satisfies Record<string, PartEntry>;

export type PartName = keyof typeof parts;

export const partNames = Object.keys(parts) as PartName[];
