import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dockerfileFaults } from './support/dockerfile-rules.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const { scripts, version } = JSON.parse(read('package.json'));
const source = {
  dockerfile: read('Dockerfile'),
  dockerignore: read('.dockerignore'),
  start: scripts.start,
  version,
  packages: readdirSync(new URL('../packages', import.meta.url)).sort(),
};

describe('the Dockerfile', () => {
  it('keeps the rules of our image', () => {
    expect(dockerfileFaults(source)).toEqual([]);
  });

  it.each([
    ['ARG NODE_IMAGE=node:24-bookworm-slim', 'ARG NODE_IMAGE=node:latest', 'has the base image in an ARG'],
    ['FROM ${NODE_IMAGE}\n', 'FROM node:24\n', 'builds in stages on that base'],
    [
      'RUN npm ci --ignore-scripts\n',
      'COPY src src\nRUN npm ci --ignore-scripts\n',
      'installs all packages from the lock file before',
    ],
    ['npm ci --ignore-scripts', 'npm install', 'installs all packages from the lock file before'],
    [
      'COPY packages/device-client/package.json packages/device-client/\n',
      '',
      'installs all packages from the lock file before',
    ],
    ['COPY packages/console/package.json packages/console/\n', '', 'installs all packages from the lock file before'],
    ['npm ci --ignore-scripts', 'npm ci', 'installs without scripts'],
    ['ENV NODE_ENV', 'RUN apt-get update\nENV NODE_ENV', 'leaves npm and other programs out of the last stage'],
    ['COPY src src', 'ADD src src', 'has no ADD'],
    ['USER 1000:1000', 'USER node', 'runs as a user that is not root, by number'],
    ['USER 1000:1000', 'USER 0:0', 'runs as a user that is not root, by number'],
    ['USER 1000:1000', 'USER 1000:1000\nCOPY package.json ./', 'copies before it changes the user'],
    [
      'CMD ["node", "--max-semi-space-size=8", "dist/src/main.js"]',
      'CMD node dist/src/main.js',
      'starts node itself, in exec form, as npm start does',
    ],
    [
      'CMD ["node", "--max-semi-space-size=8", "dist/src/main.js"]',
      'CMD ["npm", "start"]',
      'starts node itself, in exec form, as npm start does',
    ],
    ['"--max-semi-space-size=8", ', '', 'starts node itself, in exec form, as npm start does'],
    ['CMD ["node"', 'ENTRYPOINT ["sh", "-c"]\nCMD ["node"', 'starts node itself, in exec form, as npm start does'],
    ['EXPOSE 8080 8081 8082', 'EXPOSE 8080', 'exposes the ports of the program'],
    ['VERSION=0.1.0', 'VERSION=0.0.9', 'has the version of package.json'],
    ['COPY src src', 'COPY . .', 'copies only what .dockerignore lets through'],
  ])('is found out when %j becomes %j', (right, wrong, fault) => {
    expect(source.dockerfile).toContain(right);

    const faults = dockerfileFaults({ ...source, dockerfile: source.dockerfile.replace(right, wrong) });

    expect(faults.join('\n')).toContain(fault);
  });
});
