/** The walk through what operators and the kubelet can be answered; /pre-stop comes last, for it ends the pod. */
import type { Step } from './step.ts';

/** A pod that serves, and one that has never reached its registry. */
export type AdminPlace = 'pod' | 'cutOff';

export const adminSteps: Step<AdminPlace>[] = [
  { to: 'pod', request: { path: '/livez' }, answer: 200 },
  { to: 'pod', request: { path: '/readyz' }, answer: 200 },
  { to: 'cutOff', request: { path: '/readyz' }, answer: 'not-ready' },
  { to: 'pod', request: { path: '/drain' }, answer: 200 },
  { to: 'pod', request: { path: '/metrics' }, answer: 200 },
  { to: 'pod', request: { path: '/connections?state=registered&prefix=lamp&limit=10' }, answer: 200 },
  { to: 'pod', request: { path: '/connections?limit=0' }, answer: 'bad-query' },
  { to: 'pod', request: { path: '/machines/pod' }, answer: 200 },
  { to: 'pod', request: { path: '/machines/connection?format=mermaid' }, answer: 200 },
  { to: 'pod', request: { path: '/machines/pod?format=xml' }, answer: 'bad-query' },
  { to: 'pod', request: { path: '/machines/registry' }, answer: 'no-such-machine' },
  { to: 'cutOff', request: { path: '/pre-stop' }, answer: 200 },
  { to: 'pod', request: { method: 'POST', path: '/pre-stop' }, answer: 200 },
];
