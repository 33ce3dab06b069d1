/**
 * `epollsim list`: the built-in scenarios, one line each, or as JSON for programs.
 */

import { scenarios } from '../scenarios/index.js';
import { coloursFor, cut, print, widthOf } from './output.js';

/** Runs the command. */
export function listCommand(options: { format: string }): void {
  if (options.format === 'json') {
    print(JSON.stringify(scenarios.map(({ name, title, about, options: settings = {} }) => ({ name, title, about, options: settings })), null, 2));
    return;
  }
  const colours = coloursFor(process.stdout);
  const longest = Math.max(...scenarios.map(({ name }) => name.length));
  const width = process.stdout.isTTY ? widthOf(process.stdout) : Infinity;
  for (const { name, title, options: settings = {} } of scenarios) {
    const others = Object.entries(settings).map(([option, values]) => `${option}=${values.join('|')}`).join(' ');
    const line = `${title}${others === '' ? '' : `  (${others})`}`;
    print(`${colours.bold(name.padEnd(longest))}  ${cut(line, width - longest - 2)}`);
  }
  if (process.stdout.isTTY) print(`\nNext: epollsim run ${scenarios[0]!.name}`);
}
