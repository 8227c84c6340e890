/** What one part of the bench has to show: a table, what to know when reading it, and every raw figure behind it. */
export interface Section {
  title: string;
  /** Heads of the columns, with units. */
  columns: string[];
  rows: (string | number)[][];
  notes: string[];
  /** Goes into the JSON file as it is. */
  data: unknown;
}

export interface PartOptions {
  /** How often everything is measured; medians are taken over the rounds. */
  rounds: number;
  /** One line of progress. */
  log: (line: string) => void;
  /** Try the program out with few devices and short rounds; the figures mean nothing. */
  quick?: boolean;
  /** `redis://HOST:PORT`, for the parts that need one. */
  redis?: string;
  /** The program to attack, for the part hostile. */
  pod?: string;
  /** The program to measure beside this one, for the parts that compare servers. */
  before?: string;
  /** The attacks to run, for the part hostile; all by default. */
  attacks?: string[];
}

/** One part of the bench. Rejects when what it counts is not right: a lost or misdirected message is never a figure. */
export type Part = (options: PartOptions) => Promise<Section>;
