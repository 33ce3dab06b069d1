/**
 * `epollsim vectors`: scenarios as test vectors, for people who build an epoll of their own: JSON, and C programs that run on a real kernel.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarios } from '../scenarios/index.js';
import { NoC } from '../vectors/emit.js';
import { vectorC, vectorJson } from '../vectors/program.js';
import { allOptions, type Vector, vectorName, vectorOf } from '../vectors/vector.js';
import { InputError } from './errors.js';
import { findScenario } from './load.js';
import { print } from './output.js';

const HOW = 'docs/oracle.md shows what a vector is and how it is used.';

export interface VectorsOptions {
  readonly out?: string;
  readonly format: string;
}

/** The C program, or null with the reason when there is none. */
function programOf(vector: Vector): { text: string | null; why: string } {
  try {
    return { text: vectorC(vector), why: '' };
  } catch (error) {
    if (error instanceof NoC) return { text: null, why: error.message };
    throw error;
  }
}

function write(folder: string, name: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new InputError(`${join(folder, name)} cannot be written: ${(error as Error).message}`, HOW);
  }
}

/** Runs the command. */
export async function vectorsCommand(names: readonly string[], { out = 'vectors', format }: VectorsOptions): Promise<void> {
  const chosen = names.length === 0 ? scenarios : await Promise.all(names.map(findScenario));
  const written: { name: string; steps: number; c: boolean; why?: string }[] = [];
  for (const scenario of chosen) {
    for (const options of allOptions(scenario)) {
      const vector = vectorOf(scenario, options);
      const name = vectorName(vector);
      const { text, why } = programOf(vector);
      write(out, `${name}.json`, `${JSON.stringify(vectorJson(vector), null, 1)}\n`);
      if (text !== null) write(out, `${name}.c`, text);
      written.push({ name, steps: vector.steps.length, c: text !== null, ...(why === '' ? {} : { why }) });
      if (format === 'text') print(`${join(out, name)}.json${text === null ? `  (no C: ${why})` : ' .c'}  ${vector.steps.length} calls`);
    }
  }
  if (format === 'json') print(JSON.stringify({ out, vectors: written }));
  else print(`\nNext: cc -pthread -o vector ${join(out, written[0]!.name)}.c && ./vector`);
}
