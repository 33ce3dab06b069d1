/** The real kernel, for comparison: compiles native.c and runs it. Absent without Linux or a C compiler. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Nanoseconds of one round on the real kernel; null when it cannot be had (too many descriptors). */
export type Native = (mode: string, n: number, rounds: number) => number | null;

const SOURCE = fileURLToPath(new URL('../tests/bench/native.c', import.meta.url));

/** Compiles the program; a sentence that says why not, when it cannot be compiled. */
export function compileNative(): Native | string {
  if (process.platform !== 'linux') return 'no comparison with a real kernel: this is not Linux';
  const program = join(mkdtempSync(join(tmpdir(), 'epollsim-bench-')), 'native');
  const gcc = spawnSync('gcc', ['-O2', '-o', program, SOURCE], { encoding: 'utf8' });
  if (gcc.error !== undefined) return 'no comparison with the real kernel: there is no gcc';
  if (gcc.status !== 0) return `no comparison with the real kernel: gcc said ${gcc.stderr}`;
  return (mode, n, rounds) => {
    const [what, value] = execFileSync(program, [mode, String(n), String(rounds)], { encoding: 'utf8' }).trim().split(' ');
    return what === 'ns' ? Number(value) : null;
  };
}
