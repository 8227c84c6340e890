import { describe, expect, it } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { isMachineSnapshot } from 'xstate';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { TestPod } from '../../src/testing/test-pod.ts';

const life = ['connecting.registering', 'registered.active'];
const end = ['closing.unregistering', 'closing.disconnecting', 'unregistered'];

async function connectLamp(options?: Parameters<TestPod['connect']>[1]) {
  const pod = new TestPod();
  return { pod, lamp: await pod.connect('lamp-1', options) };
}

describe('a device of a test pod', () => {
  it('is registered and active at once', async () => {
    const { pod, lamp } = await connectLamp();

    expect(lamp.states).toEqual(life);
    expect(lamp.state).toBe('registered.active');
    expect(await pod.lookUp('lamp-1')).toBe(lamp.traceId);
  });

  it('is idle when it has said nothing for three seconds, and not before', async () => {
    const { pod, lamp } = await connectLamp();
    await pod.pass(2950);
    const before = lamp.state;

    await pod.pass(50);

    expect([before, lamp.state]).toEqual(['registered.active', 'registered.idle']);
  });

  it.each(['on', Buffer.of(1, 2)])('is active again when it sends %j', async (message) => {
    const { pod, lamp } = await connectLamp();
    await pod.pass(3000);

    lamp.send(message);

    expect(lamp.states).toEqual([...life, 'registered.idle', 'registered.active']);
  });

  it.each([1000, 1001])('that hangs up with %i is unregistered', async (code) => {
    const { pod, lamp } = await connectLamp();

    lamp.hangUp(code);
    await pod.clock.settle();

    expect(lamp.states).toEqual([...life, ...end]);
    expect(lamp.closedWith).toBeUndefined();
    expect(await pod.lookUp('lamp-1')).toBeUndefined();
    expect(() => lamp.send('on')).toThrow('not connected any more');
  });

  it('that breaks off is unregistered, and hanging up after that changes nothing', async () => {
    const { pod, lamp } = await connectLamp();

    lamp.breakOff();
    lamp.hangUp();
    await pod.clock.settle();

    expect(lamp.states).toEqual([...life, ...end]);
  });

  it('that answers pings stays for hours', async () => {
    const { pod, lamp } = await connectLamp();

    await pod.clock.pass(2 * 3_600_000, 5000);

    expect(lamp.state).toBe('registered.idle');
    expect(await pod.lookUp('lamp-1')).toBe(lamp.traceId);
  });

  it('that falls silent is cut off after a minute', async () => {
    const { pod, lamp } = await connectLamp();
    lamp.fallSilent();

    await pod.pass(60_000);

    expect(lamp.state).toBe('unregistered');
    expect(lamp.closedWith).toEqual({ code: 4408, reason: 'silent' });
  });

  it('that does not answer a close is cut off after two seconds', async () => {
    const { pod, lamp } = await connectLamp();
    lamp.fallSilent();
    await pod.drain();
    await pod.pass(1950);
    const before = lamp.state;

    await pod.pass(100);

    expect([before, lamp.state]).toEqual(['closing.disconnecting', 'unregistered']);
  });

  it('is superseded by a newer connection of the same device', async () => {
    const { pod, lamp } = await connectLamp();

    const newer = await pod.connect('lamp-1');
    await pod.clock.settle();

    expect(lamp.closedWith).toEqual({ code: 4509, reason: 'superseded' });
    expect(newer.state).toBe('registered.active');
    expect(await pod.lookUp('lamp-1')).toBe(newer.traceId);
  });

  it('that keeps taking over from itself is refused', async () => {
    const pod = new TestPod();

    const connects = async () => {
      for (let count = 0; count < 10; count += 1) await pod.connect('lamp-1');
    };

    await expect(connects).rejects.toThrow('lamp-1 was refused: contended');
  });

  it('is closed with 4401 when its token expires', async () => {
    const { pod, lamp } = await connectLamp({ tokenExpiresInMs: 5000 });

    await pod.pass(5000);

    expect(lamp.closedWith).toEqual({ code: 4401, reason: 'token-expired' });
  });
});

describe('a message for a device of a test pod', () => {
  it('is text or binary, as its type says', async () => {
    const { pod, lamp } = await connectLamp();

    const outcomes = [
      await pod.deliver('lamp-1', { body: 'on' }),
      await pod.deliver('lamp-1', { body: Buffer.of(1), contentType: 'application/octet-stream' }),
    ];

    expect(outcomes).toEqual(['delivered', 'delivered']);
    expect(lamp.received).toEqual(['on', Buffer.of(1)]);
  });

  it.each([125, 126, 4096, 4097, 70_000])('of %i bytes arrives whole', async (length) => {
    const { pod, lamp } = await connectLamp();

    const outcome = await pod.deliver('lamp-1', { body: 'x'.repeat(length) });

    expect(outcome).toBe('delivered');
    expect(lamp.received).toEqual(['x'.repeat(length)]);
  });

  it('is acknowledged by a device that speaks ws-connect.v1', async () => {
    const { pod, lamp } = await connectLamp({ subprotocol: 'ws-connect.v1' });

    const outcome = pod.deliver('lamp-1', { body: 'on', id: 'm-7', ackWithinMs: 1000 });
    lamp.send('{"type":"ack","id":"m-7"}');

    expect(await outcome).toBe('acked');
    expect(lamp.received.map((frame) => JSON.parse(String(frame)).type)).toEqual(['welcome', 'message']);
  });

  it('that is not acknowledged in time says so', async () => {
    const { pod } = await connectLamp({ subprotocol: 'ws-connect.v1' });

    const outcome = pod.deliver('lamp-1', { body: 'on', ackWithinMs: 1000 });
    await pod.pass(1000);

    expect(await outcome).toBe('ack-timeout');
  });

  it('is told apart when nobody is there, and when the device has just gone', async () => {
    const { pod, lamp } = await connectLamp();

    const outcome = pod.deliver('lamp-1', { body: 'on' });
    lamp.breakOff();

    expect(await outcome).toBe('gone');
    expect(await pod.deliver('lamp-1', { body: 'on' })).toBe('not-connected');
  });
});

describe('test pods', () => {
  it('that share a registry are a fleet: a device is where it has gone', async () => {
    const clock = new SteppedClock();
    const registry = new MemoryRegistry(clock, 60_000);
    const [a, b] = [new TestPod({ clock, registry }), new TestPod({ clock, registry })];
    const older = await a.connect('lamp-1');
    await clock.pass(1000);
    const newer = await b.connect('lamp-1');

    await clock.pass(20_000);

    expect(older.closedWith).toEqual({ code: 4509, reason: 'superseded' });
    expect(newer.state).toBe('registered.idle');
    expect(await a.lookUp('lamp-1')).toBe(newer.traceId);
  });

  it('that drain ask a device to leave, if it speaks a protocol in which it can be told', async () => {
    const pod = new TestPod();
    const [plain, told] = [await pod.connect('lamp-1'), await pod.connect('lamp-2', { subprotocol: 'ws-connect.v1' })];

    await pod.drain();

    expect(plain.closedWith?.code).toBe(1012);
    expect([told.state, told.closedWith]).toEqual(['leaving', undefined]);
    expect(JSON.parse(String(told.received.at(-1)))).toMatchObject({ type: 'goaway', reason: 'restarting' });
  });

  it('take other times than those of the program', async () => {
    const pod = new TestPod({ idleAfterMs: 100, pongTimeoutMs: 500 });
    const lamp = await pod.connect('lamp-1');
    lamp.fallSilent();

    await pod.pass(500);

    expect(lamp.states).toEqual([...life, 'registered.idle', ...end]);
  });

  it('show an inspector every step of their devices', async () => {
    const steps: unknown[] = [];
    const inspect = (told: InspectionEvent) => {
      if (told.type !== '@xstate.snapshot' || !isMachineSnapshot(told.snapshot)) return;
      steps.push([told.event.type, told.snapshot.value]);
    };
    const pod = new TestPod({ inspect });

    await pod.connect('lamp-1');
    await pod.pass(3000);

    expect(steps).toEqual([
      ['xstate.init', { connecting: 'registering' }],
      ['registry.registered', { registered: 'active' }],
      ['connection.idle', { registered: 'idle' }],
    ]);
  });
});
