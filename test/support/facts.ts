/** A sentence for each thing that is not so. */
export function failed(subject: string, facts: Record<string, boolean>): string[] {
  return Object.entries(facts).flatMap(([fact, holds]) => (holds ? [] : [`${subject}: it is not so that it ${fact}`]));
}
