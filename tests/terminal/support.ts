/** A debugger over a scenario, without a terminal: keys in, lines out. */

import { scenarioSource, Session, type SourceOptions } from '../../src/debug/index.js';
import { programNamed } from '../../src/programs/index.js';
import { scenarioNamed } from '../../src/scenarios/index.js';
import { Debugger, frame, plainText, type Size } from '../../src/terminal/index.js';

export const SMALL: Size = { columns: 80, rows: 24 };
export const LARGE: Size = { columns: 120, rows: 40 };

/** A program of some lines, whatever file is asked for. */
export const PROGRAM: readonly string[] = Array.from({ length: 200 }, (_, at) => `line ${at + 1}`);

export function debuggerOf(name: string, options: Record<string, string> = {}, machine: SourceOptions = {}, maxSteps = 20_000): Debugger {
  const scenario = (scenarioNamed(name) ?? programNamed(name))!;
  return new Debugger(new Session(scenarioSource(scenario, options, machine), { maxSteps }), { read: () => PROGRAM, exportTo: (_, words) => `wrote ${words}` });
}

/** Presses keys: characters, or names in angle brackets, `W<enter>`. */
export function press(debug: Debugger, keys: string): void {
  for (const [, name, character] of keys.matchAll(/<([a-z-]{2,})>|([^])/g)) debug.key(name ?? character!);
}

export function screen(debug: Debugger, size = SMALL): string[] {
  return frame(debug, size).map(plainText);
}

/** The screen after some keys, as one text without the blanks at the ends of lines. */
export function after(debug: Debugger, keys: string, size = SMALL): string {
  press(debug, keys);
  return screen(debug, size).map((line) => line.trimEnd()).join('\n');
}
