import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import { createMachine } from 'xstate';

interface Sketch {
  nameLength: number;
  children: readonly Sketch[];
  /** How long the event's name is, and which state it leads to. */
  transitions: [number, number][];
}

interface StateConfig {
  id: string;
  initial?: string;
  states?: Record<string, StateConfig>;
  on?: Record<string, string>;
}

const transitions = fc.array(fc.tuple(fc.nat(5), fc.nat(40)), { maxLength: 3 });
const { sketch } = fc.letrec<{ sketch: Sketch }>((tie) => ({
  sketch: fc.record({
    nameLength: fc.integer({ min: 1, max: 14 }),
    children: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('sketch'), { minLength: 1, maxLength: 3 })),
    transitions,
  }),
}));

/** Any machine: states in states, and transitions from any of them, or from the whole, to any other. */
export const someMachine: fc.Arbitrary<AnyStateMachine> = fc
  .record({ nameLength: fc.constant(5), children: fc.array(sketch, { minLength: 1, maxLength: 4 }), transitions })
  .map((root) => {
    const states: [StateConfig, Sketch][] = [];
    const config = build(root, 'some', states);
    const ids = states.map(([{ id }]) => id).slice(0, -1);
    for (const [state, { transitions: leads }] of states) {
      state.on = Object.fromEntries(
        leads.map(([length, to]) => [`e${'v'.repeat(4 * length)}`, `#${ids[to % ids.length]}`]),
      );
    }
    return createMachine(config);
  });

/** The state itself comes after those inside it in `states`. */
function build({ children, ...rest }: Sketch, id: string, states: [StateConfig, Sketch][]): StateConfig {
  const config: StateConfig = { id };
  const built = children.map((child, index): [string, StateConfig] => {
    const name = `${'s'.repeat(child.nameLength)}${index}`;
    return [name, build(child, `${id}-${index}`, states)];
  });
  if (built.length > 0) Object.assign(config, { initial: built[0]![0], states: Object.fromEntries(built) });
  states.push([config, { children, ...rest }]);
  return config;
}
