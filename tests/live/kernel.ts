/**
 * The real kernel as an oracle: runner.c, compiled on the spot into a folder of its own, runs scripts on this machine. Only Linux 6.18
 * answers as the model does, so on any other machine there is no comparison, and the reason is said.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from '#dist/calls/program.js';
import { fromWire, type RealRun, toWire } from './wire.js';

/** Why the real kernel cannot be asked here; null when it can. */
export function whyNotLive(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not Linux on x86-64';
  if (!/^6\.18(\.|-|$)/.test(release())) return `the kernel is ${release()}, the model is of 6.18`;
  if (spawnSync('gcc', ['--version']).status !== 0) return 'there is no gcc';
  return null;
}

/** The program that runs scripts. */
export class RealKernel {
  private readonly folder = mkdtempSync(join(tmpdir(), 'epollsim-live-'));
  private readonly program = join(this.folder, 'runner');

  /** @param sources the folder in which runner.c lies */
  constructor(sources: string) {
    execFileSync('gcc', ['-O1', '-pthread', '-o', this.program, join(sources, 'runner.c')]);
  }

  /** Runs scripts one after the other, each in processes of its own; null for one that took too long. */
  run(programs: readonly Program[]): (RealRun | null)[] {
    const done = spawnSync(this.program, [], { input: programs.map(toWire).join(''), encoding: 'latin1', maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`runner: ${done.stderr === '' ? String(done.signal ?? done.status) : done.stderr}`);
    const parts = done.stdout.split('--\n');
    return programs.map((program, index) => fromWire(program, parts[index]!));
  }

  /** Removes the folder. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
