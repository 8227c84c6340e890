/**
 * Where a lease is in its life, as one pure function.
 *
 *              refresh            refresh, entry written
 *   idle ────────────▶ claiming       idle ────────────▶ refreshing ──not there──▶ claiming
 *
 *              release            release, entry written                 found
 *   idle ────────────▶ finding        idle ────────────▶ deleting     finding ────▶ deleting
 *
 * One command is under way at a time. A refresh is left out while another command is under way. A release waits for its answer, and
 * then finds or deletes the entry. After a stall of the pod an answer does not count: the command is given again.
 */
export interface LeaseState {
  /** The command that is under way. */
  readonly command: 'idle' | 'claiming' | 'refreshing' | 'finding' | 'deleting';
  /** `released`: the connection has ended, so the entry must go. */
  readonly hold: 'held' | 'released';
  /** `written`: the entry is known to be in the registry, with its `t`. */
  readonly entry: 'unknown' | 'written';
  /** `outdated`: the pod stalled since the command was given. */
  readonly answer: 'current' | 'outdated';
}

/**
 * `refresh`: write or prolong the entry. `release`: the connection has ended. `stalled`: what is known may be too old. `written`: the
 * registry has named the entry's `t`. `missing`: a refresh has not found the entry. `found`: the entry to delete is there.
 * `answered`: the command has ended. `repair`: the command before it failed, or its answer was outdated.
 */
export type LeaseEvent = 'refresh' | 'release' | 'stalled' | 'written' | 'missing' | 'found' | 'answered' | 'repair';

export const newLease: LeaseState = { command: 'idle', hold: 'held', entry: 'unknown', answer: 'current' };

/** Returns the same object when the event changes nothing. */
export function nextLeaseState(state: LeaseState, event: LeaseEvent): LeaseState {
  const isIdle = state.command === 'idle';
  switch (event) {
    case 'refresh':
      return isIdle ? { ...state, command: writing(state) } : state;
    case 'release':
      if (state.hold === 'released') return state;
      return { ...state, hold: 'released', command: isIdle ? removing(state) : state.command };
    case 'repair':
      if (!isIdle) return state;
      return { ...state, command: state.hold === 'released' ? removing(state) : writing(state) };
    case 'stalled':
      return isIdle ? state : { ...state, answer: 'outdated' };
    case 'written':
      return { ...state, entry: 'written' };
    case 'missing':
      return { ...state, command: 'claiming' };
    case 'found':
      return { ...state, entry: 'written', command: 'deleting' };
    default:
      return { ...state, command: 'idle', answer: 'current' };
  }
}

function writing({ entry }: LeaseState): 'claiming' | 'refreshing' {
  return entry === 'written' ? 'refreshing' : 'claiming';
}

function removing({ entry }: LeaseState): 'finding' | 'deleting' {
  return entry === 'written' ? 'deleting' : 'finding';
}
