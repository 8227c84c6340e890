/** The build has not drawn a chart, or its file has been deleted. The message names the file. */
export class MissingChartError extends Error {
  readonly code = 'missing-chart';

  constructor(path: string, cause: unknown) {
    super(`the drawn chart ${path} is missing: run "npm run build"`, { cause });
    this.name = 'MissingChartError';
  }
}
