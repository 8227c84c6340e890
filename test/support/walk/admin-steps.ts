/** The walk through what operators and the kubelet can be answered; /pre-stop comes last, for it ends the pod. */
import type { Step, WalkRequest } from './step.ts';

/** Lasts as long as its reader. */
export const streamStep: WalkRequest = { path: '/events?device=lamp-1' };

/** A pod with lamp-1 and lamp-9 whose followers are 16, beside another with lamp-2, one that has never reached its registry, and the built program, which has the page. */
export type AdminPlace = 'pod' | 'cutOff' | 'built';

const foreign = { Origin: 'https://other.example.com' };
const other = { 'If-Match': '"TRACEID"' };
const unquoted = { 'If-Match': 'TRACEID' };
const known = { 'If-None-Match': '*' };

/** What a page of another site sends in an operator's browser. */
const elsewhere = { Origin: 'https://elsewhere.example' };
const another = { 'If-Match': '"another"' };

const steps: Step<AdminPlace>[] = [
  { to: 'pod', request: { path: '/livez' }, answer: 200 },
  { to: 'pod', request: { path: '/readyz' }, answer: 200 },
  { to: 'cutOff', request: { path: '/readyz' }, answer: 'not-ready' },
  { to: 'pod', request: { path: '/drain' }, answer: 200 },
  { to: 'pod', request: { path: '/metrics' }, answer: 200 },
  { to: 'pod', request: { path: '/connections?state=registered&prefix=lamp&limit=10' }, answer: 200 },
  { to: 'pod', request: { path: '/connections?limit=0' }, answer: 'bad-query' },
  { to: 'pod', request: { path: '/machines/pod' }, answer: 200 },
  { to: 'built', request: { path: '/machines/connection?format=mermaid' }, answer: 200 },
  { to: 'built', request: { path: '/machines/pod?format=svg' }, answer: 200 },
  { to: 'pod', request: { path: '/machines/pod?format=xml' }, answer: 'bad-query' },
  { to: 'pod', request: { path: '/machines/registry' }, answer: 'no-such-machine' },
  { to: 'pod', request: { path: '/events?sample=0' }, answer: 'bad-query' },
  { to: 'pod', request: { path: '/events?device=lamp%201' }, answer: 'bad-device-id' },
  { to: 'pod', request: streamStep, answer: 'too-many-followers' },
  { to: 'pod', request: { path: '/connections/lamp-1' }, answer: 200 },
  { to: 'pod', request: { path: '/connections/lamp-2' }, answer: 200 },
  { to: 'pod', request: { path: '/connections/lamp-0' }, answer: 'not-connected' },
  { to: 'pod', request: { path: '/connections/lamp%201' }, answer: 'bad-device-id' },
  { to: 'cutOff', request: { path: '/connections/lamp-0' }, answer: 'registry-unavailable' },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-9', headers: elsewhere }, answer: 'other-origin' },
  {
    to: 'pod',
    request: { method: 'DELETE', path: '/connections/lamp-9', headers: another },
    answer: 'other-connection',
  },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-9' }, answer: 204 },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-0' }, answer: 'not-connected' },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp%201' }, answer: 'bad-device-id' },
  { to: 'pod', request: { path: '/pods' }, answer: 200 },
  { to: 'cutOff', request: { path: '/pods' }, answer: 'registry-unavailable' },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-1', headers: foreign }, answer: 'other-origin' },
  { to: 'pod', request: { method: 'DELETE', path: '/connections/lamp-1', headers: other }, answer: 'other-connection' },
  {
    to: 'pod',
    request: { method: 'DELETE', path: '/connections/lamp-1', headers: unquoted },
    answer: 'bad-precondition',
  },
  { to: 'built', request: { path: '/' }, answer: 200 },
  { to: 'built', request: { path: '/', headers: known }, answer: 304 },
  { to: 'built', request: { path: '/page/page.css' }, answer: 200 },
  { to: 'built', request: { path: '/page/page.css', headers: known }, answer: 304 },
  { to: 'built', request: { path: '/page/nothing.js' }, answer: 'no-such-route' },
  { to: 'pod', request: { path: '/pre-stop', headers: foreign }, answer: 'other-origin' },
  { to: 'pod', request: { method: 'POST', path: '/pre-stop', headers: foreign }, answer: 'other-origin' },
  { to: 'cutOff', request: { path: '/pre-stop' }, answer: 200 },
  { to: 'pod', request: { method: 'POST', path: '/pre-stop' }, answer: 200 },
];

/** Each of these by the name of another site, as a page sends it whose name resolves to the pod. */
const rebound = [...steps, { to: 'pod', request: streamStep } as const].map(({ request }): Step<AdminPlace> => {
  return { to: 'built', request: { ...request, headers: { Host: 'evil.example:8082' } }, answer: 'other-host' };
});

export const adminSteps = [...rebound, ...steps];
