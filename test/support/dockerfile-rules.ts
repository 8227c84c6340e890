import type { Instruction, JSONInstruction } from 'dockerfile-ast';
import { DockerfileParser } from 'dockerfile-ast';
import { failed } from './facts.ts';

/** What a Dockerfile and its neighbours say. */
export interface ImageSource {
  dockerfile: string;
  dockerignore: string;
  /** How `npm start` starts the program, and the version; both of package.json. */
  start: string;
  version: string;
  /** The names of the folders in packages/. */
  packages: readonly string[];
}

/** Where the Dockerfile breaks a rule for our image, in sentences. */
export function dockerfileFaults({ dockerfile, dockerignore, start, version, packages }: ImageSource): string[] {
  const parsed = DockerfileParser.parse(dockerfile);
  const stages = parsed.getFROMs();
  const stageNames = stages.flatMap((from) => from.getBuildStage() ?? []);
  const all = parsed.getInstructions();
  const last = all.slice(all.findLastIndex((instruction) => instruction.getKeyword() === 'FROM'));
  const ofLast = (keyword: string) => last.filter((instruction) => instruction.getKeyword() === keyword);
  const base = parsed.getInitialARGs().find((arg) => arg.getProperty()?.getName() === 'NODE_IMAGE');
  const text = (keyword: string) => ofLast(keyword).map((instruction) => instruction.getArgumentsContent() ?? '');
  return failed('the Dockerfile', {
    'has the base image in an ARG': base?.getProperty()?.getValue() === 'node:24-bookworm-slim',
    'builds in stages on that base':
      stages.length > 1 && stages.every((from) => ['${NODE_IMAGE}', ...stageNames].includes(from.getImage() ?? '')),
    'installs all packages from the lock file before it copies sources': stages.every((from) =>
      installsFirst(stageOf(all, from), packages),
    ),
    'installs without scripts': all.every((step) => !isInstall(step) || content(step).includes('--ignore-scripts')),
    'leaves npm and other programs out of the last stage': ofLast('RUN').length === 0,
    'has no ADD, which also fetches and unpacks': all.every((instruction) => instruction.getKeyword() !== 'ADD'),
    'runs as a user that is not root, by number':
      text('USER').length === 1 && /^[1-9]\d*:[1-9]\d*$/.test(text('USER')[0]!),
    'copies before it changes the user, so that the program cannot write itself':
      last.findLastIndex(isCopy) < last.findIndex((instruction) => instruction.getKeyword() === 'USER'),
    'starts node itself, in exec form, as npm start does': `exec ${startsOf(last).join(' ')} --hints` === start,
    'exposes the ports of the program': text('EXPOSE').join() === '8080 8081 8082',
    'has labels of the version': /image\.version="\$\{VERSION\}"/.test(text('LABEL').join()),
    'has the version of package.json': text('ARG').includes(`VERSION=${version}`),
    'copies only what .dockerignore lets through': parsed
      .getCOPYs()
      .filter((copy) => !copy.getFromFlag())
      .flatMap((copy) => copy.getArguments().slice(0, -1))
      .every((source) => dockerignore.split('\n').includes(`!${source.getValue().split('/')[0]}`)),
  });
}

function content(instruction: Instruction): string {
  return instruction.getArgumentsContent() ?? '';
}

function isCopy(instruction: Instruction): boolean {
  return instruction.getKeyword() === 'COPY';
}

function isInstall(instruction: Instruction): boolean {
  return instruction.getKeyword() === 'RUN' && content(instruction).includes('npm ci');
}

function stageOf(all: Instruction[], from: Instruction): Instruction[] {
  const rest = all.slice(all.indexOf(from) + 1);
  const end = rest.findIndex((instruction) => instruction.getKeyword() === 'FROM');
  return end < 0 ? rest : rest.slice(0, end);
}

/** The layer of the dependencies stays as it is when a source changes. */
function installsFirst(stage: Instruction[], packages: readonly string[]): boolean {
  const install = stage.findIndex(isInstall);
  const before = stage.slice(0, Math.max(install, 0)).filter(isCopy).map(content);
  const usesNpm = stage.some((step) => step.getKeyword() === 'RUN' && content(step).includes('npm'));
  const ofPackages = packages.map((name) => `packages/${name}/package.json packages/${name}/`);
  return usesNpm ? before.join() === ['package.json package-lock.json ./', ...ofPackages].join() : true;
}

/** The words of CMD (there is no ENTRYPOINT) in exec form; nothing for the shell form. */
function startsOf(stage: Instruction[]): string[] {
  const starts = stage.filter((instruction) => ['CMD', 'ENTRYPOINT'].includes(instruction.getKeyword()));
  const [command] = starts as JSONInstruction[];
  if (starts.length !== 1 || !command?.getOpeningBracket()) return [];
  return command.getJSONStrings().map((word) => JSON.parse(word.getValue()) as string);
}
