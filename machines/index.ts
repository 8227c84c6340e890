/** The public part of the charts: `ws-connect/machines`. */
export type {
  ConnectionEffects,
  ConnectionEvent,
  ConnectionInput,
  ConnectionStateValue,
  ConnectionTag,
} from './connection.ts';
export { connectionMachine } from './connection.ts';
export type { Disconnect } from './disconnect.ts';
export { closedByPeer, disconnects } from './disconnect.ts';
export type { PodContext, PodEffects, PodEvent, PodInput, PodOutcome, PodOutput } from './pod.ts';
export { podMachine } from './pod.ts';
export type { RegistryLinkEffects, RegistryLinkEvent, RegistryLinkInput } from './registry-link.ts';
export { registryLinkMachine } from './registry-link.ts';
export { stateName } from './state-name.ts';
