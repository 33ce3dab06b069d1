/**
 * The real kernel as an oracle: compiles epoll-facts.c into a temporary folder and runs scripts with it. Only Linux
 * 6.18 answers as the model does, so on any other machine the comparison is skipped, and says why.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, type Answer, forLive, type Script } from './script.js';

/** Why the real kernel cannot be asked here; null when it can. */
export function whyNotLive(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not Linux on x86-64';
  if (!/^6\.18(\.|-|$)/.test(release())) return `the kernel is ${release()}, the model is of 6.18`;
  if (spawnSync('gcc', ['--version']).status !== 0) return 'there is no gcc';
  return null;
}

/** The program that runs scripts, in a folder of its own. */
export class Live {
  private readonly folder = mkdtempSync(join(tmpdir(), 'epoll-facts-'));
  private readonly program = join(this.folder, 'epoll-facts');

  constructor() {
    execFileSync('gcc', ['-O1', '-Wall', '-o', this.program, join(__dirname, 'epoll-facts.c')]);
  }

  /** Runs scripts one after the other, each in a process of its own; the answers of each. */
  run(scripts: readonly Script[]): Answer[][] {
    const done = spawnSync(this.program, { input: scripts.map(forLive).join(''), encoding: 'utf8', maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`epoll-facts: ${done.stderr}`);
    const parts = done.stdout.split('--\n');
    return scripts.map((script, index) => {
      const lines = parts[index]!.split('\n').filter((line) => line !== '');
      return answers(script, lines.map((line) => line.split(' ').map(BigInt)));
    });
  }

  /** Removes the folder. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
