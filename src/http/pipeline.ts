import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hold, release } from './hold.ts';
import type { Turns } from './turns.ts';

/** How many requests of one connection are carried out at once. Most clients send one at a time; 8 let one pipeline. */
const maxUnderWay = 8;

/** What is to be done when a connection cannot go on, given the response to the request that broke off, if one did. */
type LastWord = (broken: ServerResponse | undefined) => void;

const pipelines = new WeakMap<Duplex, Pipeline>();

/** The pipeline of a connection, once a request has come on it. */
export function pipelineOf(socket: Duplex): Pipeline | undefined {
  return pipelines.get(socket);
}

/**
 * Lets a connection have at most 8 requests carried out at once (HTTP/1.1 pipelining, RFC 9112 §9.3.2), of which one begins in a turn of
 * the event loop. Node would start every request that it has parsed, and it can parse a thousand of one read.
 */
export function limitPipelining(handle: RequestListener, turns: Turns): RequestListener {
  return (request, response) => {
    const { socket } = request;
    let pipeline = pipelines.get(socket);
    if (!pipeline) {
      pipeline = new Pipeline(socket, handle, turns);
      pipelines.set(socket, pipeline);
    }
    pipeline.add(response);
  };
}

/**
 * The requests of one connection that are not answered yet. While some wait for their turn, nothing more is read. A request is over
 * when its answer has gone out, so that a caller who reads no answers gets no more done. Those that wait take turns with everything
 * else that the event loop has to do.
 */
export class Pipeline {
  readonly #socket: Socket;
  readonly #handle: RequestListener;
  readonly #turns: Turns;
  /** In the order of the requests. The first `#underWay` are being carried out, the others wait. */
  readonly #unanswered: ServerResponse[] = [];
  #underWay = 0;
  #isTurnDue = false;
  #lastWord: LastWord | undefined;
  #broken: ServerResponse | undefined;

  constructor(socket: Socket, handle: RequestListener, turns: Turns) {
    this.#socket = socket;
    this.#handle = handle;
    this.#turns = turns;
  }

  /** The request whose body is still to come. It can only be the last one. */
  get unfinished(): IncomingMessage | undefined {
    const last = this.#unanswered.at(-1)?.req;
    return last?.complete === false ? last : undefined;
  }

  add(response: ServerResponse): void {
    const waits = this.#hasWaiting;
    this.#unanswered.push(response);
    this.#turns.spend(this.#socket);
    if (waits) return;
    if (this.#underWay === 0) return this.#start(response);
    hold(this.#socket);
    this.#planTurn();
  }

  /** Tells of a part of a body that was read. */
  spend(): void {
    this.#turns.spend(this.#socket);
  }

  /**
   * Says that what comes next on the connection is no request, or that the unfinished one breaks off. `lastWord` is called when
   * everything before it is answered. Only the first call counts: Node finds the same again at every read.
   */
  end(lastWord: LastWord): void {
    if (this.#lastWord) return;
    this.#lastWord = lastWord;
    if (this.unfinished) this.#broken = this.#unanswered.at(-1);
    if (this.#broken && this.#hasWaiting) this.#unanswered.pop(); // it will not be started
    if (!this.#hasWaiting) release(this.#socket);
    this.#speakLast();
  }

  get #hasWaiting(): boolean {
    return this.#unanswered.length > this.#underWay;
  }

  #start(response: ServerResponse): void {
    this.#underWay += 1;
    response.on('close', this.#over);
    this.#handle(response.req, response);
  }

  readonly #over = (): void => {
    this.#unanswered.shift();
    this.#underWay -= 1;
    if (this.#hasWaiting) this.#planTurn();
    else this.#speakLast();
  };

  #planTurn(): void {
    if (this.#isTurnDue || this.#underWay === maxUnderWay) return;
    this.#isTurnDue = true;
    setImmediate(this.#takeTurn);
  }

  readonly #takeTurn = (): void => {
    this.#isTurnDue = false;
    if (!this.#socket.writable) return; // nobody will get an answer
    const next = this.#unanswered[this.#underWay];
    if (!next) return; // it broke off meanwhile
    this.#start(next);
    if (this.#hasWaiting) this.#planTurn();
    else release(this.#socket);
  };

  #speakLast(): void {
    const [next] = this.#unanswered;
    if (next !== undefined && next !== this.#broken) return;
    this.#lastWord?.(this.#broken);
    if (this.#lastWord) this.#lastWord = () => {};
  }
}
