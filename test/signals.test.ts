import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { onTermination } from '../src/signals.ts';

/** A process to signal, and how often it was told to terminate. */
function listen() {
  const source = new EventEmitter();
  const clock = new SimulatedClock();
  const told = { times: 0 };
  onTermination(source, clock, () => {
    told.times += 1;
  });
  return { source, clock, told };
}

it('every SIGTERM counts, however soon the second comes', () => {
  const { source, told } = listen();

  source.emit('SIGTERM');
  source.emit('SIGTERM');

  expect(told.times).toBe(2);
});

it('one Ctrl-C that arrives twice, as under npm, counts once', () => {
  const { source, clock, told } = listen();

  source.emit('SIGINT');
  clock.increment(299);
  source.emit('SIGINT');

  expect(told.times).toBe(1);
});

it('a second Ctrl-C counts', () => {
  const { source, clock, told } = listen();

  source.emit('SIGINT');
  clock.increment(300);
  source.emit('SIGINT');

  expect(told.times).toBe(2);
});

it('a SIGTERM right after a Ctrl-C counts', () => {
  const { source, told } = listen();

  source.emit('SIGINT');
  source.emit('SIGTERM');

  expect(told.times).toBe(2);
});
