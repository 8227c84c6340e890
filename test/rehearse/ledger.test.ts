import { expect, it } from 'vitest';
import { Ledger } from '../../src/rehearse/ledger.ts';

/** A ledger with one callback to lamp-1, sent at 100. */
function sent() {
  const ledger = new Ledger('run');
  const body = ledger.send('lamp-1', 100);
  ledger.attempt(body);
  return { ledger, body };
}

it('a callback that comes to its device is delivered, and its delay is known', () => {
  const { ledger, body } = sent();

  ledger.arrive('lamp-1', body, 130);

  expect(ledger.counts()).toMatchObject({ sent: 1, delivered: 1, attempts: 1, retried: 0, lost: 0, duplicated: 0 });
  expect(ledger.delays).toEqual([30]);
  expect(ledger.underWay).toBe(0);
});

it('a callback that has not come is lost, whatever the caller was told', () => {
  const { ledger } = sent();

  expect(ledger.counts()).toMatchObject({ delivered: 0, lost: 1, givenUp: 0 });
  expect(ledger.underWay).toBe(1);
});

it('a callback that was given up is lost, and no longer under way', () => {
  const { ledger, body } = sent();

  ledger.giveUp(body);

  expect(ledger.counts()).toMatchObject({ lost: 1, givenUp: 1 });
  expect(ledger.underWay).toBe(0);
});

it('a callback that comes after it was given up is delivered', () => {
  const { ledger, body } = sent();

  ledger.giveUp(body);
  ledger.arrive('lamp-1', body, 130);

  expect(ledger.counts()).toMatchObject({ delivered: 1, lost: 0, givenUp: 0 });
  expect(ledger.underWay).toBe(0);
});

it('a callback that is given up after it has come is delivered', () => {
  const { ledger, body } = sent();

  ledger.arrive('lamp-1', body, 130);
  ledger.giveUp(body);

  expect(ledger.counts()).toMatchObject({ delivered: 1, lost: 0, givenUp: 0 });
  expect(ledger.underWay).toBe(0);
});

it('a second and third attempt are one callback retried', () => {
  const { ledger, body } = sent();

  ledger.attempt(body);
  ledger.attempt(body);

  expect(ledger.counts()).toMatchObject({ sent: 1, attempts: 3, retried: 1 });
});

it('a second arrival is a duplicate', () => {
  const { ledger, body } = sent();

  ledger.arrive('lamp-1', body, 130);
  ledger.arrive('lamp-1', body, 140);

  expect(ledger.counts()).toMatchObject({ delivered: 1, duplicated: 1, lost: 0 });
  expect(ledger.delays).toEqual([30]);
});

it.each([
  ['of another device', 'lamp-2', undefined],
  ['nobody has sent', 'lamp-1', 'run 7 lamp-1'],
])('a frame %s is wrong', (_, deviceId, other) => {
  const { ledger, body } = sent();

  ledger.arrive(deviceId, other ?? body, 130);

  expect(ledger.counts()).toMatchObject({ wrong: 1, delivered: 0, lost: 1 });
});

it('two callbacks to one device are told apart', () => {
  const { ledger, body } = sent();

  const other = ledger.send('lamp-1', 110);
  ledger.arrive('lamp-1', other, 130);

  expect(other).not.toBe(body);
  expect(ledger.counts()).toMatchObject({ sent: 2, delivered: 1, duplicated: 0 });
});
