/**
 * `epollsim list`: the built-in scenarios, one line each, or as JSON for programs.
 */

import { optionsOf, type Scenario } from '../scenario/index.js';
import { lawsOf } from '../explore/index.js';
import { programs } from '../programs/index.js';
import { scenarios } from '../scenarios/index.js';
import { coloursFor, cut, print, widthOf } from './output.js';

/** The hosts of a scenario; none: it needs only one. */
function hostsOf(scenario: Scenario): string[] {
  return Object.keys(scenario.network?.(optionsOf(scenario, {})).hosts ?? {});
}

/** One line: the name, the title, the options. */
function lineOf(scenario: Scenario, longest: number, width: number): string {
  const { name, title, options: settings = {} } = scenario;
  const hosts = hostsOf(scenario);
  const choices = Object.entries(settings).map(([option, values]) => `${option}=${values.join('|')}`);
  const others = [...(hosts.length === 0 ? [] : [`hosts: ${hosts.join(', ')}`]), ...choices].join(' ');
  const line = `${title}${others === '' ? '' : `  (${others})`}`;
  return `${coloursFor(process.stdout).bold(name.padEnd(longest))}  ${cut(line, width - longest - 2)}`;
}

/** Runs the command. */
export function listCommand(options: { format: string }): void {
  const all: readonly Scenario[] = [...scenarios, ...programs];
  if (options.format === 'json') {
    const rows = all.map((one) => ({ name: one.name, title: one.title, about: one.about, options: one.options ?? {}, hosts: hostsOf(one), laws: lawsOf(one).map(({ name }) => name) }));
    print(JSON.stringify(rows, null, 2));
    return;
  }
  const longest = Math.max(...all.map(({ name }) => name.length));
  const width = process.stdout.isTTY ? widthOf(process.stdout) : Infinity;
  for (const scenario of scenarios) print(lineOf(scenario, longest, width));
  print('\nPrograms under test: what real event loops did wrong, and the laws that find it');
  for (const program of programs) print(lineOf(program, longest, width));
  if (process.stdout.isTTY) print(`\nNext: epollsim run ${scenarios[0]!.name}`);
}
