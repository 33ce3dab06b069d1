/**
 * The terminal itself, by ink: raw keys in, lines out, redrawn when a key or a new size comes. It has one row less than the terminal, because ink
 * ends its output with a line break. Everything that is shown is made in frame.ts.
 */

import { render, Text, useApp, useInput, useStdout } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';
import type { Debugger } from './debugger.js';
import { frame, type Size } from './frame.js';
import { keysOf } from './input.js';
import { paint, type Colours } from './paint.js';

const OTHER_SCREEN = '\u001b[?1049h\u001b[H';
const FIRST_SCREEN = '\u001b[?1049l';
/** Frames a second at most: a held key is as fast as that. */
const FPS = 60;

function sizeOf({ columns, rows }: { readonly columns?: number; readonly rows?: number }): Size {
  return { columns: columns ?? 80, rows: (rows ?? 24) - 1 };
}

interface Props {
  readonly debug: Debugger;
  readonly colours: Colours;
  readonly failed: (error: unknown) => void;
}

function Screen({ debug, colours, failed }: Props): ReactNode {
  const { exit } = useApp();
  const { stdout } = useStdout();
  const [size, setSize] = useState(sizeOf(stdout));
  const [, setKeys] = useState(0);
  useEffect(() => {
    const resized = (): void => setSize(sizeOf(stdout));
    stdout.on('resize', resized);
    return () => {
      stdout.off('resize', resized);
    };
  }, [stdout]);
  useInput((input, key) => {
    try {
      for (const one of keysOf(input, key)) if (!debug.ended) debug.key(one);
    } catch (error) {
      failed(error);
      debug.ended = true;
    }
    if (debug.ended) exit();
    else setKeys((count) => count + 1);
  });
  return createElement(Text, { wrap: 'truncate' }, frame(debug, size).map((line) => paint(line, colours)).join('\n'));
}

/** Shows the debugger on the terminal until it is ended; what stood there before comes back. Throws what a key threw. */
export async function showScreen(debug: Debugger, colours: Colours): Promise<void> {
  const { stdout } = process;
  const leave = (): void => {
    stdout.write(FIRST_SCREEN);
  };
  stdout.write(OTHER_SCREEN);
  process.once('exit', leave);
  const errors: unknown[] = [];
  const shown = render(createElement(Screen, { debug, colours, failed: (error) => errors.push(error) }), { exitOnCtrlC: false, patchConsole: false, maxFps: FPS });
  await shown.waitUntilExit();
  process.off('exit', leave);
  leave();
  if (errors.length > 0) throw errors[0];
}
