import type { WalkRequest } from './step.ts';

/** The command line, without the command. */
export function curlArguments(base: string, { method, path, headers = {}, body, file }: WalkRequest): string[] {
  return [
    ...(method === 'HEAD' ? ['-I'] : method ? ['-X', method] : []),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...(body === undefined ? [] : ['-d', body]),
    ...(file === undefined ? [] : ['--data-binary', `@${file}`]),
    `${base}${path}`,
  ];
}

/** As it is typed into a shell. */
export function curlCommand(base: string, request: WalkRequest): string {
  const words = curlArguments(base, request).map((word) => (/^[\w./:@%-]+$/.test(word) ? word : `'${word}'`));
  return ['curl', ...words].join(' ');
}
