import { once } from 'node:events';
import { connect } from 'node:net';

export interface RedisInfo {
  /** Commands it has carried out, those called by scripts included. */
  commands: number;
  /** CPU it has used, user and system, ms. */
  cpuMs: number;
  /** Keys in database 0. */
  keys: number;
}

/** What a Redis server says of itself, asked by an inline command; `url` is `redis://HOST:PORT`. */
export async function redisInfo(url: string): Promise<RedisInfo> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || 6379), hostname);
  await once(socket, 'connect');
  socket.end('INFO everything\r\nQUIT\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const figure = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    commands: figure(/^total_commands_processed:(\d+)/m),
    cpuMs: 1000 * (figure(/^used_cpu_user:([\d.]+)/m) + figure(/^used_cpu_sys:([\d.]+)/m)),
    keys: figure(/^db0:keys=(\d+)/m),
  };
}
