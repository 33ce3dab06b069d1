/** What the tests of exports share: a run with a capture, and a reader of pcapng that is not the writer's own code. */

import { Capture } from '../../src/export/index.js';
import { machine, type Machine, type MachineOptions, runScenario, startScenario } from '../../src/scenario/index.js';
import { scenarioNamed } from '../../src/scenarios/index.js';

export { runScenario };

/** Runs a built-in scenario under a capture. */
export function captured(name: string, options: Record<string, string> = {}, machineOptions: Omit<MachineOptions, 'scenario'> = {}): Capture {
  const story = startScenario(scenarioNamed(name)!, options, { trace: true, log: Infinity, ...machineOptions });
  const capture = new Capture(story.machine);
  story.run();
  return capture;
}

/** A machine of the test's own under a capture. */
export function capturedMachine(set: (m: Machine) => void): Capture {
  const m = machine({ trace: true, log: Infinity });
  set(m);
  const capture = new Capture(m);
  m.run();
  return capture;
}

/** A block of a pcapng file. */
export interface Block {
  readonly type: number;
  readonly body: DataView;
}

/** The blocks of a file; the length in front of each must be the one behind it. */
export function blocksOf(file: Uint8Array): Block[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    if (length % 4 !== 0 || length < 12 || view.getUint32(at + length - 4, true) !== length) throw new Error(`the block at ${at} is broken`);
    blocks.push({ type: view.getUint32(at, true), body: new DataView(file.buffer, file.byteOffset + at + 8, length - 12) });
    at += length;
  }
  return blocks;
}

/** Options from an offset of a block: code -> text. */
export function optionsFrom(body: DataView, start: number): Map<number, string> {
  const options = new Map<number, string>();
  for (let at = start; at + 4 <= body.byteLength; ) {
    const [code, length] = [body.getUint16(at, true), body.getUint16(at + 2, true)];
    if (code === 0) break;
    options.set(code, String.fromCharCode(...new Uint8Array(body.buffer, body.byteOffset + at + 4, length)));
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

/** One's complement sum of 16-bit words, folded: 0xffff when the checksum among them is right. RFC 1071 */
export function onesSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      sum += i % 2 === 0 ? part[i]! * 256 : part[i]!;
      if (sum > 0xffff) sum -= 0xffff;
    }
  }
  return sum;
}
