/**
 * The ways to move through a run, with the keys that make them. Buttons, keys and the help are made from this one table.
 */

import type { Session } from '../debug/session.js';

/** One way to move. */
export interface Move {
  readonly key: string;
  readonly label: string;
  readonly about: string;
  readonly go: (session: Session) => number;
}

export const MOVES: readonly Move[] = [
  { key: 'Home', label: '|◀', about: 'to the first step', go: (s) => s.goto(0) },
  { key: 'T', label: '◀ task', about: 'back to the task switch before', go: (s) => s.back('task') },
  { key: 'C', label: '◀ call', about: 'back by a system call', go: (s) => s.back('call') },
  { key: 'F', label: '◀ function', about: 'back by a kernel function', go: (s) => s.back('function') },
  { key: 'ArrowLeft', label: '◀', about: 'back by one step', go: (s) => s.back('event') },
  { key: 'ArrowRight', label: '▶', about: 'forward by one step', go: (s) => s.forward('event') },
  { key: 'f', label: 'function ▶', about: 'forward by a kernel function', go: (s) => s.forward('function') },
  { key: 'c', label: 'call ▶', about: 'forward by a system call', go: (s) => s.forward('call') },
  { key: 't', label: 'task ▶', about: 'forward to the next task switch', go: (s) => s.forward('task') },
  { key: 'End', label: '▶|', about: 'to the last step', go: (s) => s.goto(s.count - 1) },
];

/** Keys that the component takes besides those of moves. */
export const OTHER_KEYS: readonly (readonly [string, string])[] = [
  ['Space', 'play and stop'], ['v', 'drawing or list'], ['l', 'last change of the chosen object'], ['n', 'next change of it'], ['w', 'why did its event come'], ['x', 'why does none come'],
];
