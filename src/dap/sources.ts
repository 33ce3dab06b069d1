/**
 * Where an editor finds the text behind a frame: the program (through its source map, if it has one), the log of system calls, and the model's
 * own source for a kernel function, with the kernel's file that it is written after.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { CallSpan, Place, Session } from '../debug/index.js';

/** A line of a text that an editor can show. */
export interface Spot {
  readonly source: DebugProtocol.Source;
  readonly line: number;
  readonly column: number;
}

/** The reference of the log of system calls, which is no file. */
export const LOG_REFERENCE = 1;

/** The folders of the model, where functions with kernel names are. */
const MODEL = ['epoll', 'kernel', 'socket', 'tcp', 'syscalls'];

/** A program as its author wrote it: sources of a map that is there, else the file itself. */
function mapOf(file: string): SourceMap | null {
  const path = `${file}.map`;
  if (!existsSync(path)) return null;
  return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as ConstructorParameters<typeof SourceMap>[0]);
}

function pathOf(file: string): string {
  const bare = file.replace(/\?.*$/, '');
  return bare.startsWith('file:') ? fileURLToPath(bare) : resolve(bare);
}

/** Functions of the files of one folder by name: `function name(` at the start of a line. */
function functionsIn(folder: string, into: Map<string, Spot>): void {
  for (const name of readdirSync(folder).filter((one) => /\.(ts|js)$/.test(one) && !one.endsWith('.d.ts'))) {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    for (const found of text.matchAll(/^(?:export )?function\*? (\w+)\(/gm)) {
      const fn = found[1]!;
      const comment = text.slice(text.lastIndexOf('/**', found.index), found.index);
      const origin = new RegExp(`\\b([a-z][\\w-]*(?:/[\\w.-]+)+\\.[chS]):${fn}\\b`).exec(comment)?.[1];
      if (into.has(fn) && origin === undefined) continue;
      const source: DebugProtocol.Source = { name, path, ...(origin === undefined ? {} : { origin }) };
      into.set(fn, { source, line: text.slice(0, found.index).split('\n').length, column: 1 });
    }
  }
}

/** The texts of one session. */
export class Sources {
  private readonly session: Session;
  private readonly maps = new Map<string, SourceMap | null>();
  private model: Map<string, Spot> | null = null;

  constructor(session: Session) {
    this.session = session;
  }

  /** A place of the program, or of the log, as its author wrote it. */
  spot(place: Place): Spot {
    const path = pathOf(place.file);
    if (!this.maps.has(path)) this.maps.set(path, mapOf(path));
    const entry = this.maps.get(path)?.findEntry(place.line - 1, Math.max(0, place.column - 1));
    if (entry !== undefined && entry !== null && 'originalSource' in entry) {
      const from = entry.originalSource.startsWith('file:') ? fileURLToPath(entry.originalSource) : resolve(dirname(path), entry.originalSource);
      if (existsSync(from)) return { source: { name: basename(from), path: from }, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
    }
    return { source: { name: basename(path), path }, line: place.line, column: Math.max(1, place.column) };
  }

  /** The text of a kernel function of the model; null: it is not found. */
  functionSpot(fn: string): Spot | null {
    if (this.model === null) {
      this.model = new Map();
      const [src, dist] = ['../../src/', '../'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
      const root = existsSync(join(src!, 'kernel')) ? src! : dist!;
      for (const folder of MODEL) if (existsSync(join(root, folder))) functionsIn(join(root, folder), this.model);
    }
    return this.model.get(fn) ?? null;
  }

  /** True when the run is that of a log, whose lines are its program. */
  get isLog(): boolean {
    return this.session.source.kind === 'log';
  }

  /** The log of system calls: the file that was given, or a text of our own. */
  get log(): DebugProtocol.Source {
    const { name } = this.session.source;
    return this.isLog ? { name: basename(name), path: resolve(name) } : { name: `${name}.strace`, sourceReference: LOG_REFERENCE };
  }

  /** The log as text, for a run that has no file of it. */
  logText(): string {
    const lines = this.session.lines(this.session.count - 1);
    return lines.map(({ timeNs, host, comm, pid, text }) => `${(timeNs / 1e9).toFixed(6)} ${host === '' ? '' : `${host} `}${comm}(${pid})  ${text}`).join('\n');
  }

  /** The line of the log that a call begins with; null: it has none yet. */
  logSpot(call: CallSpan, place: Place | null): Spot | null {
    if (this.isLog) return place === null ? null : { source: this.log, line: place.line, column: 1 };
    const { lines } = this.session.run;
    for (let at = lines.countAt(call.from - 1); at < lines.all.length; at++) {
      if (lines.all[at]!.pid === call.task) return { source: this.log, line: at + 1, column: 1 };
    }
    return null;
  }

  /** True when an editor means this text. */
  isLogSource({ path, sourceReference, name }: DebugProtocol.Source): boolean {
    const log = this.log;
    return log.path === undefined ? (sourceReference === LOG_REFERENCE || (path === undefined && name === log.name)) : path !== undefined && resolve(path) === log.path;
  }

  /** Places of the program that stand in this text, with the lines that its author sees. */
  placesIn(path: string): { readonly place: Place; readonly line: number }[] {
    if (this.isLog) return [];
    const wanted = pathOf(path);
    return this.session.run.allPlaces().map((place) => ({ place, spot: this.spot(place) }))
      .filter(({ spot, place }) => spot.source.path === wanted || pathOf(place.file) === wanted)
      .map(({ place, spot }) => ({ place, line: spot.source.path === wanted ? spot.line : place.line }));
  }

  /** The steps at which calls of one line begin, of the program or of the log; empty: none do. */
  stepsOfLine(source: DebugProtocol.Source, line: number): number[] {
    if (this.isLogSource(source)) return this.stepsOfLogLine(line);
    const places = this.placesIn(source.path ?? '').filter((one) => one.line === line).map(({ place }) => place);
    return this.session.run.stepsAt(places);
  }

  private stepsOfLogLine(line: number): number[] {
    if (this.isLog) return this.session.run.stepsAt([{ file: this.session.source.name, line, column: 0 }]);
    const { lines } = this.session.run;
    const step = lines.steps[line - 1];
    return step === undefined ? [] : [step];
  }

  /** The lines of a text at which something can stop. */
  linesOf(source: DebugProtocol.Source): number[] {
    if (!this.isLogSource(source)) return [...new Set(this.placesIn(source.path ?? '').map(({ line }) => line))].sort((a, b) => a - b);
    if (this.isLog) return [...new Set(this.session.run.allPlaces().map(({ line }) => line))].sort((a, b) => a - b);
    return this.session.run.lines.all.map((_, at) => at + 1);
  }
}
