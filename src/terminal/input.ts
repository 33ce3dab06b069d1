/**
 * From what ink tells of the keyboard to the names of keys. Several keys that were pressed fast come as one string, and are taken apart here.
 */

/** What ink's useInput says besides the text. */
export interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageDown: boolean;
  readonly pageUp: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
}

const NAMED: readonly (readonly [keyof InkKey, string])[] = [
  ['upArrow', 'up'], ['downArrow', 'down'], ['leftArrow', 'left'], ['rightArrow', 'right'], ['pageDown', 'pagedown'], ['pageUp', 'pageup'], ['home', 'home'], ['end', 'end'],
  ['return', 'enter'], ['escape', 'esc'], ['backspace', 'backspace'], ['delete', 'backspace'],
];

const CHARACTERS: Readonly<Record<string, string>> = { '\r': 'enter', '\n': 'enter', '\t': 'tab', '\u007f': 'backspace', '\b': 'backspace', '\u001b': 'esc', '\u0003': 'ctrl-c' };

/** The keys of one event of ink, in order. Control characters that mean nothing here are left out. */
export function keysOf(input: string, key: InkKey): string[] {
  if (key.ctrl && input === 'c') return ['ctrl-c'];
  if (key.tab) return [key.shift ? 'backtab' : 'tab'];
  for (const [field, name] of NAMED) if (key[field]) return [name];
  if (key.ctrl) return [];
  return Array.from(input).map((one) => CHARACTERS[one] ?? one).filter((one) => one.length > 1 || one >= ' ');
}
