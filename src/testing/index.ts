/** What others test with: `ws-connect/testing`. */
export type { ChartPath, EventFate, Replay } from './chart.ts';
export { Chart } from './chart.ts';
export { connectionChart, podChart } from './charts.ts';
export { ConnectionRecorder } from './connection-recorder.ts';
export { MemoryRegistry } from '../registry/memory.ts';
export { PodRecorder } from './pod-recorder.ts';
export { SteppedClock } from './stepped-clock.ts';
export type { TestDevice } from './test-device.ts';
export type { ConnectOptions, TestMessage, TestPodOptions } from './test-pod.ts';
export { TestPod } from './test-pod.ts';
