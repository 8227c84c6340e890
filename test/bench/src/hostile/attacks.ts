import { answerAttacks } from './answer-attacks.ts';
import type { Attack } from './attack.ts';
import { deviceAttacks } from './device-attacks.ts';
import { requestAttacks } from './request-attacks.ts';

/** By name, in the order in which they run. */
export const attacks: Readonly<Record<string, Attack>> = { ...requestAttacks, ...deviceAttacks, ...answerAttacks };
