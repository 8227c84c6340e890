import type { Claim, Entry, Hold, Registration, Registry, Reply } from './registry.ts';

/** Most commands in one batch, so that a batch does not delay the event loop. */
const maxBatch = 256;

/** Gives commands to the registrar, and gets the reply to each. */
export interface Registrant {
  /** Asked one turn of the event loop after a claim was given: is the registration no longer needed? */
  readonly isMoot: boolean;
  /** The claim was not sent, because it is no longer needed. */
  dropped(): void;
  registered(reply: Reply<Registration>, claim: Claim): void;
  refreshed(reply: Reply<Entry | undefined>): void;
  found(reply: Reply<Entry | undefined>): void;
  unregistered(reply: Reply<boolean>): void;
}

/**
 * Sends the commands of all leases of a pod. All commands of one kind from one turn of the event loop are one batch.
 *
 * Claims wait one turn longer. Then claims of devices that have closed their connection are dropped. A pod can read a handshake so late
 * that its device has already connected to another pod, and a dead connection must not take over from that one. One turn is enough:
 * the device closed this connection before it started the next one, and within a turn the pod reads everything that has arrived.
 */
export class Registrar {
  readonly #underWay = new UnderWay();
  readonly #registering: Batches<Claim, Registration>;
  readonly #refreshing: Batches<string, Entry | undefined>;
  readonly #unregistering: Batches<Hold, boolean>;
  readonly #finding: Batches<string, Entry | undefined>;

  constructor(registry: Registry) {
    this.#registering = new Batches(this.#underWay, {
      send: (claims) => registry.register(claims),
      answer: (lease, reply, claim) => lease.registered(reply, claim),
      isMoot: (lease) => lease.isMoot,
    });
    this.#refreshing = new Batches(this.#underWay, {
      send: (deviceIds) => registry.refresh(deviceIds),
      answer: (lease, reply) => lease.refreshed(reply),
    });
    this.#unregistering = new Batches(this.#underWay, {
      send: (holds) => registry.unregister(holds),
      answer: (lease, reply) => lease.unregistered(reply),
    });
    this.#finding = new Batches(this.#underWay, {
      send: (deviceIds) => registry.lookup(deviceIds),
      answer: (lease, reply) => lease.found(reply),
    });
  }

  register(claim: Claim, lease: Registrant): void {
    this.#registering.add(claim, lease);
  }

  refresh(deviceId: string, lease: Registrant): void {
    this.#refreshing.add(deviceId, lease);
  }

  unregister(hold: Hold, lease: Registrant): void {
    this.#unregistering.add(hold, lease);
  }

  lookUp(deviceId: string, lease: Registrant): void {
    this.#finding.add(deviceId, lease);
  }

  /** Resolves when no command is waiting or running. */
  settled(): Promise<void> {
    return this.#underWay.over();
  }
}

/** Counts the batches that are waiting or running. */
class UnderWay {
  #count = 0;
  #waiting: (() => void)[] = [];

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const wake of this.#waiting.splice(0)) wake();
  }

  async over(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

interface Kind<TCommand, TAnswer> {
  /** Sends a batch. Resolves with one reply per command, in the same order. Never rejects. */
  send(commands: readonly TCommand[]): Promise<Reply<TAnswer>[]>;
  answer(lease: Registrant, reply: Reply<TAnswer>, command: TCommand): void;
  /** Called one turn later: is the command no longer needed? */
  isMoot?: (lease: Registrant) => boolean;
}

/** Collects the commands of one kind and sends them in batches. */
class Batches<TCommand, TAnswer> {
  readonly #underWay: UnderWay;
  readonly #kind: Kind<TCommand, TAnswer>;
  #commands: TCommand[] = [];
  #leases: Registrant[] = [];

  constructor(underWay: UnderWay, kind: Kind<TCommand, TAnswer>) {
    this.#underWay = underWay;
    this.#kind = kind;
  }

  add(command: TCommand, lease: Registrant): void {
    this.#commands.push(command);
    this.#leases.push(lease);
    if (this.#commands.length === 1) this.#schedule();
  }

  #schedule(): void {
    this.#underWay.begin();
    setImmediate(this.#collect);
  }

  readonly #collect = (): void => {
    const batch = { commands: this.#commands, leases: this.#leases };
    this.#commands = batch.commands.splice(maxBatch);
    this.#leases = batch.leases.splice(maxBatch);
    if (this.#commands.length > 0) this.#schedule();
    const { isMoot } = this.#kind;
    if (isMoot) setImmediate(() => void this.#send(without(isMoot, batch)));
    else void this.#send(batch);
  };

  async #send({ commands, leases }: Batch<TCommand>): Promise<void> {
    const replies = await this.#kind.send(commands);
    for (let index = 0; index < leases.length; index += 1) {
      this.#kind.answer(leases[index]!, replies[index]!, commands[index]!);
    }
    this.#underWay.end();
  }
}

interface Batch<TCommand> {
  commands: TCommand[];
  leases: Registrant[];
}

function without<TCommand>(
  isMoot: (lease: Registrant) => boolean,
  { commands, leases }: Batch<TCommand>,
): Batch<TCommand> {
  const moot = leases.map(isMoot);
  if (!moot.includes(true)) return { commands, leases };
  for (const lease of leases.filter((_, index) => moot[index])) lease.dropped();
  return { commands: commands.filter((_, index) => !moot[index]), leases: leases.filter((_, index) => !moot[index]) };
}
