/**
 * `--out KIND=FILE`: what a run is written to besides the screen. Kinds and files are checked before the run, so that a long run is not lost to a
 * misspelled option.
 */

import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Capture, exportFormats } from '../export/index.js';
import type { Machine } from '../scenario/index.js';
import { InputError } from './errors.js';

/** One file that a run is written to. */
interface Target {
  readonly kind: string;
  readonly file: string;
}

function canWrite(file: string): boolean {
  try {
    accessSync(dirname(file), constants.W_OK);
    return !(statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false);
  } catch {
    return false;
  }
}

/** Reads the values of --out. @throws InputError for an unknown kind, or a file that cannot be written */
export function targetsOf(values: readonly string[]): readonly Target[] {
  return values.map((value) => {
    const at = value.indexOf('=');
    const [kind, file] = at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
    if (exportFormats[kind] === undefined) throw new InputError(`--out ${value}: there is no export ${kind}; expected one of ${Object.keys(exportFormats).join(', ')}`, 'For example: --out pcapng=run.pcapng');
    if (file === '') throw new InputError(`--out ${value} names no file; expected ${kind}=FILE`, `For example: --out ${kind}=run.${kind}`);
    if (!canWrite(file)) throw new InputError(`--out ${value}: cannot write ${file}`, 'Give a file in a folder that exists.');
    return { kind, file };
  });
}

/** Watches a machine for its exports. */
export class Exporter {
  private readonly targets: readonly Target[];
  private readonly capture: Capture;

  /** @param machine made with a trace, and not yet moved */
  constructor(machine: Machine, targets: readonly Target[]) {
    this.targets = targets;
    this.capture = new Capture(machine);
  }

  /** Writes the files. @returns a line for each */
  write(): string[] {
    return this.targets.map(({ kind, file }) => {
      const content = exportFormats[kind]!.write(this.capture);
      writeFileSync(file, content);
      return `wrote ${file}: ${exportFormats[kind]!.about}`;
    });
  }
}
