/**
 * The fuzzer:
 *
 *   npm run test:fuzz -- --seed N --seconds M [--tokens] [--case N]
 *
 * Sends a pod what no good device or service would, on all three ports. A seed gives the same inputs every time; what differs is when
 * they come. `--tokens` fuzzes a pod that wants tokens. `--case` plays one case alone. Exits with 1 at the first harm that is done:
 * the pod ends, logs an error or a stack, answers 500 or what is no HTTP or no problem+json, keeps what it should have given back,
 * or a quiet device does not get its callback.
 */
import { parseArgs } from 'node:util';
import type { Failure } from './run.ts';
import { failureText, fuzz, fuzzOne } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    case: { type: 'string' },
    tokens: { type: 'boolean', default: false },
  },
});

const options = { seed: Number(values.seed), withTokens: values.tokens };
const tell = (text: string) => process.stdout.write(`${text}\n`);

/** Plays one case, or cases for as long as was asked for. */
async function run(): Promise<Failure | undefined> {
  if (values.case !== undefined) return await fuzzOne(options, Number(values.case));
  const endsAt = performance.now() + Number(values.seconds) * 1000;
  const { failure, cases, callbacks, worstMs } = await fuzz({ ...options, goesOn: () => performance.now() < endsAt });
  tell(`${cases} cases, ${callbacks} callbacks to the witness, the slowest took ${Math.round(worstMs)} ms`);
  return failure;
}

const failed = await run();
tell(failed ? failureText(failed, options) : `seed ${values.seed}: no harm was done`);
process.exit(failed ? 1 : 0);
