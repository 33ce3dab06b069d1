/**
 * docs/conformance.md: what the model was held against, and what came of it. Each part is a list of lines; what can be counted is counted
 * here and now, and what took long is written down with its date.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasons } from '../conformance/kernel-calls/known.js';
import { runScenario, totals } from '../conformance/kernel-calls/report.js';
import { scenarios } from '../conformance/kernel-calls/recorded.js';
import { LONG_RUNS, KNOWN_DIVERGENCES, NOT_GENERATED } from '../live/runs.js';
import { root } from '../tidy/source.js';
import { straceLogs } from './conformance-strace.js';

/** Calls and the kernel functions that they enter. */
function kernelCalls(): string[] {
  return [
    '## Kernel calls', '',
    `${scenarios.length} scripts of system calls were recorded on Linux 6.1 with the kernel functions that each call entered. The model runs the same scripts and must enter the`,
    'same functions in the same order and nesting, with the same wake keys, queue heads, masks and states, and give the same results. Which functions those are is in the',
    '[kernel map](kernel-map.md#claimed-functions). By profile (epoll and poll; the wake-ups too; TCP too; all with small helpers):', '',
    ...totals(scenarios.map(runScenario)).map((line) => `- ${line}`), '',
    'Scripts that differ, each with its reason; any other difference fails the tests:', '',
    ...Object.entries(reasons).map(([name, why]) => `- \`${name}\`: ${why}.`), '',
    'On a machine with Linux 6.18 the tests also run the scripts there: results, errnos, masks and orders are those of the model in all of them but the ones that need userfaultfd(2) (not run) and',
    '`sndbuf-blocked-writer` (in which read of several a sleeping writer comes back).', '',
    'To run: `epollsim calls --compare FILE`, `npx jest tests/conformance/kernel-calls`.',
  ];
}

/** Random programs on the real kernel. */
function live(): string[] {
  const kept = readdirSync(join(root, 'tests/conformance/regressions')).filter((name) => name.endsWith('.jsonl')).length;
  return [
    '## Random programs on the real kernel', '',
    '`npm run conformance` makes random programs of system calls, with wrong and hostile arguments among them: epolls (nested, duplicated, shared), eventfd, pipes, timerfd, signalfd, AF_UNIX sockets of three kinds, TCP and',
    'UDP over loopback, poll and select, dup, close, shutdown, options, signals; with one task, or with threads and processes that sleep in calls and are woken by others. Each runs on this machine\'s kernel, one call at a time, and on the',
    'model. Every result, errno, mask and order is compared, and in which call a sleeper comes back. A difference is made as short as it can be and kept',
    `in \`tests/conformance/regressions\` with Linux's answers (${kept} are kept); \`npm test\` holds the model to them, and runs 400 programs where there is Linux 6.18 and gcc.`, '',
    '| kernel | date | seeds | programs | what was found |', '|---|---|---|---|---|',
    ...LONG_RUNS.map(({ kernel, date, seeds, programs, found }) => `| ${kernel} | ${date} | ${seeds} | ${programs} | ${found} |`), '',
    'Where Linux may run any of several woken tasks first, other orders of the model are tried, and where a timer of TCP may have fired in between, the times of the real run are adopted; both are counted. Where Linux does not answer',
    'alike when asked again, nothing is compared. Not generated, because Linux leaves it open or because it is not modelled:', '',
    ...NOT_GENERATED.map((line) => `- ${line}`), '',
    'Known divergences:', '',
    ...KNOWN_DIVERGENCES.map((line) => `- ${line}`),
  ];
}

function vectors(): string[] {
  return [
    '## Vectors', '',
    '`epollsim vectors` writes each scenario as JSON and as a C program that makes its calls on a real kernel and prints TAP; [the oracle](oracle.md) says how to use them. The tests build and run thirteen of the programs: all',
    'answers agree on Linux 6.18. What a vector does not determine stands in its JSON.',
  ];
}

/** The page. */
export function conformancePage(): string {
  return `${['# Conformance', '', 'Written by `npm run docs`; do not edit. The model is of Linux 6.18 on x86-64.', '', ...straceLogs(), '', ...kernelCalls(), '', ...live(), '', ...vectors()].join('\n')}\n`;
}
