/**
 * A run as one short string. The scenario, its options, the mode, the seed and the list of choices determine a run completely, so
 * the string is all that is needed to have the same run again: `epollsim1:echo;trigger=ET:all:7:AwQ:x3Fq`.
 * Choices are written as runs of zeros (first come, first served) and what stands between them, in base64url.
 */

import type { PreemptMode } from '../kernel/kernel.js';
import { RecordingError } from './errors.js';

/** What a recording holds. */
export interface Recording {
  /** name of the scenario; empty for a machine that was put together by hand */
  readonly scenario: string;
  readonly options: Readonly<Record<string, string>>;
  readonly preempt: PreemptMode;
  /** points that stop a task in mode `listed` */
  readonly points: readonly string[];
  readonly seed: number;
  /** the alternatives taken, in the order of asking; behind the end the first one is taken */
  readonly choices: readonly number[];
  /** who was put in front by hand: at this number of resumes this alternative was taken */
  readonly interventions: readonly Intervention[];
}

/** A task was put in front by hand at a point where nobody would have been asked. */
export interface Intervention {
  readonly resume: number;
  readonly choice: number;
}

const HEAD = 'epollsim1';
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const MODES: readonly PreemptMode[] = ['never', 'listed', 'all'];
const EXPECTED = `a recording looks like ${HEAD}:NAME:MODE:SEED:CHOICES:CHECK and is printed at the end of a run`;

function base64(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit < Math.min(4, left + 1); digit++) text += DIGITS[(word >> (18 - 6 * digit)) & 63];
  }
  return text;
}

function fromBase64(text: string): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 4) {
    const digits = text.slice(at, at + 4).split('').map((digit) => DIGITS.indexOf(digit));
    if (digits.includes(-1) || digits.length === 1) throw new RecordingError(`the recording has a character that does not belong into it; ${EXPECTED}`);
    const word = digits.reduce((sum, digit, i) => sum | (digit << (18 - 6 * i)), 0);
    for (let byte = 0; byte < digits.length - 1; byte++) bytes.push((word >> (16 - 8 * byte)) & 255);
  }
  return bytes;
}

function putVarint(bytes: number[], value: number): void {
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
}

/** Choices as numbers: 2z + 1 is a run of z zeros, 2c is the choice c, 0 ends the list. */
function packChoices(bytes: number[], choices: readonly number[]): void {
  let zeros = 0;
  for (const choice of choices) {
    if (choice === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) putVarint(bytes, 2 * zeros + 1);
    zeros = 0;
    putVarint(bytes, 2 * choice);
  }
}

function pack(choices: readonly number[], interventions: readonly Intervention[]): string {
  const bytes: number[] = [];
  packChoices(bytes, choices);
  if (interventions.length > 0) putVarint(bytes, 0);
  let before = 0;
  for (const { resume, choice } of interventions) {
    putVarint(bytes, resume - before);
    putVarint(bytes, choice);
    before = resume;
  }
  return bytes.length === 0 ? '-' : base64(bytes);
}

/** Longest list of choices that a string may ask for: a torn string must not fill the memory. */
const MAX_CHOICES = 50_000_000;

function unpack(text: string): { choices: number[]; interventions: Intervention[] } {
  const bytes = text === '-' ? [] : fromBase64(text);
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 42) throw new RecordingError(`the recording ends in the middle of its choices; ${EXPECTED}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const choices: number[] = [];
  const interventions: Intervention[] = [];
  while (at < bytes.length) {
    const token = next();
    if (token === 0) break;
    if (token % 2 === 0) choices.push(token / 2);
    else for (let zeros = (token - 1) / 2; zeros > 0 && choices.length < MAX_CHOICES; zeros--) choices.push(0);
  }
  for (let resume = 0; at < bytes.length; ) {
    resume += next();
    interventions.push({ resume, choice: next() });
  }
  return { choices, interventions };
}

/** Four digits that change when a character of the string does. FNV-1a, 24 bits of it. */
function check(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return base64([(hash >>> 24) & 255, (hash >>> 12) & 255, hash & 255]);
}

/** A run as one string. */
export function recordingText(recording: Recording): string {
  const { scenario, options, preempt, points, seed, choices, interventions } = recording;
  const settings = Object.entries(options).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  const name = [encodeURIComponent(scenario), ...settings];
  const mode = [preempt, ...points.map(encodeURIComponent)].join('+');
  const text = `${HEAD}:${name.join(';')}:${mode}:${seed}:${pack(choices, interventions)}`;
  return `${text}:${check(text)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RecordingError(`the recording has a broken %-code in ${JSON.stringify(part)}; ${EXPECTED}`);
  }
}

/** Reads what recordingText() wrote. Throws a RecordingError that says what is wrong. */
export function parseRecording(text: string): Recording {
  const given = text.trim();
  const [head, name = '', mode = '', seed = '', packed = '', checked, ...more] = given.split(':');
  if (head !== HEAD) throw new RecordingError(`this is not a recording: it does not begin with ${HEAD}: ; ${EXPECTED}`);
  if (checked === undefined || more.length > 0) {
    throw new RecordingError(`the recording has ${given.split(':').length} parts instead of 6, so it was not copied whole; ${EXPECTED}`);
  }
  if (check(given.slice(0, given.lastIndexOf(':'))) !== checked) {
    throw new RecordingError(`the recording was changed or not copied whole: its check digits do not fit; ${EXPECTED}`);
  }
  const [preempt, ...points] = mode.split('+').map(decoded);
  if (!MODES.includes(preempt as PreemptMode)) throw new RecordingError(`the recording names the mode ${JSON.stringify(preempt)}; expected ${MODES.join(', ')}`);
  if (!/^-?\d+$/.test(seed)) throw new RecordingError(`the recording has the seed ${JSON.stringify(seed)}; expected a whole number`);
  const [scenario = '', ...settings] = name.split(';');
  const options = Object.fromEntries(settings.map((setting) => setting.split('=').map(decoded)) as [string, string][]);
  return { scenario: decoded(scenario), options, preempt: preempt as PreemptMode, points, seed: Number(seed), ...unpack(packed) };
}
