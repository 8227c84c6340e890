import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The packages of this repository, and their folders. */
export const packageFolders = {
  'ws-connect': '.',
  '@ws-connect/callback-client': 'packages/callback-client',
  '@ws-connect/device-client': 'packages/device-client',
};

export type PackageName = keyof typeof packageFolders;

/** Runs a program and returns what it wrote. Rejects, with what it wrote, when it ends with anything but 0. */
export async function output(command: string, args: string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd });
  return stdout;
}

/** An empty project outside this repository, which installs its packages. */
export class Project {
  readonly folder: string;
  readonly #tarballs = new Map<PackageName, Promise<string>>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), 'ws-connect-project-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    return new Project(folder);
  }

  /** Packs a built package once, as npm publishes it. Returns the path of the tarball. */
  pack(name: PackageName): Promise<string> {
    const tarball = this.#tarballs.get(name) ?? this.#pack(name);
    this.#tarballs.set(name, tarball);
    return tarball;
  }

  /** Installs these packages together. Returns the names of all packages in the project afterwards. */
  async install(...names: PackageName[]): Promise<string[]> {
    const tarballs: string[] = [];
    for (const name of names) tarballs.push(await this.pack(name));
    await output('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], this.folder);
    const lock = await readFile(join(this.folder, 'node_modules/.package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: object };
    return Object.keys(packages)
      .map((path) => path.split('node_modules/').at(-1)!)
      .sort();
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #pack(name: PackageName): Promise<string> {
    const args = ['pack', '--ignore-scripts', '--pack-destination', this.folder];
    const stdout = await output('npm', args, join(root, packageFolders[name]));
    return join(this.folder, stdout.trim().split('\n').at(-1)!);
  }
}
