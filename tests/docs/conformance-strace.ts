/**
 * The part of docs/conformance.md about logs of strace: what was compared, what was adopted, and what differs. Made from the list that the comparison
 * itself keeps true, the expected.json of each folder of logs. Nothing is measured here.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADOPTED } from '../../src/replay/adopted.js';
import { root } from '../tidy/source.js';

interface Expected {
  readonly calls: number;
  readonly compared: number;
  readonly agreed: number;
  readonly choices: number;
  readonly adopted: Readonly<Record<string, number>>;
  readonly outside: Readonly<Record<string, number>>;
  readonly divergences: number;
  readonly first: readonly string[];
}

interface Manifest {
  readonly kernel: string;
  readonly tracer: string;
  readonly logs: readonly { readonly file: string; readonly shows: string; readonly mode: string; readonly format: string; readonly syscalls: Readonly<Record<string, number>> }[];
}

const FOLDERS = ['tests/conformance/strace', 'tests/conformance/strace/more'] as const;
/** Kinds of calls that the page lists one by one. */
const LISTED_CALLS = 40;

function json<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
}

/** Sums of records of counts, the largest first. */
function sums(records: readonly Readonly<Record<string, number>>[]): [string, number][] {
  const total = new Map<string, number>();
  for (const record of records) for (const [name, n] of Object.entries(record)) total.set(name, (total.get(name) ?? 0) + n);
  return [...total].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

/** The part about logs of strace. */
export function straceLogs(): string[] {
  const expected = Object.assign({}, ...FOLDERS.map((folder) => json(`${folder}/expected.json`))) as Record<string, Expected>;
  const manifests = FOLDERS.map((folder) => json<Manifest>(`${folder}/manifest.json`));
  const { kernel, tracer } = manifests[0]!;
  const logs = manifests.flatMap((manifest) => manifest.logs);
  const all = Object.values(expected);
  const sum = (of: (one: Expected) => number): number => all.reduce((n, one) => n + of(one), 0);
  const calls = sums(logs.map(({ syscalls }) => syscalls));
  const adopted = new Map(sums(all.map((one) => one.adopted)));
  const diverging = Object.entries(expected).filter(([, { divergences }]) => divergences > 0);
  return [
    '## Logs of real programs', '',
    `${all.length} logs of ${tracer} on Linux ${kernel}. Of ${sum((one) => one.calls)} calls ${sum((one) => one.compared)} are compared and ${sum((one) => one.agreed)} agree; `
      + `${sum((one) => one.calls - one.compared)} are outside the model. In ${all.filter(({ choices }) => choices > 0).length} logs the order of tasks was open and had to be searched, with ${sum((one) => one.choices)} choices in all.`,
    '', 'Compared means: result, errno, every reported mask and its order, numbers of descriptors, addresses, and bytes where strace printed them.', '',
    '| log | mode, format | calls | compared | agree | choices | shows |', '|---|---|---|---|---|---|---|',
    ...logs.filter(({ file }) => file in expected).map(({ file, shows, mode, format }) => {
      const one = expected[file]!;
      return `| ${file} | ${mode}, ${format} | ${one.calls} | ${one.compared} | ${one.agreed} | ${one.choices} | ${shows} |`;
    }),
    '', `Kinds of calls: ${calls.slice(0, LISTED_CALLS).map(([name, n]) => `${name} ${n}`).join(', ')}${calls.length > LISTED_CALLS ? `, and ${calls.length - LISTED_CALLS} others` : ''}.`,
    '', '### Adopted values', '', 'No model can know them. They are taken from the log, counted, and must lie in a set; one that does not is a divergence.', '',
    '| kind | in the logs | reason | allowed |', '|---|---|---|---|',
    ...Object.entries(ADOPTED).map(([kind, { reason, allowed }]) => `| ${kind} | ${adopted.get(kind) ?? 0} | ${reason} | ${allowed} |`),
    '', '### Outside the model', '', ...sums(all.map(({ outside }) => outside)).map(([reason, n]) => `- ${reason}: ${n} calls`),
    '', '### Known divergences', '',
    '- Which of several `SO_REUSEPORT` listeners gets a connection is a hash with a secret in Linux. The model has a hash of its own, and the search does not try the other listeners: a log of such a server may differ.',
    '- The log of the scenario reactor-chat without times, under another schedule: the search takes too long for a test, and the cause is not known. Acknowledgements at times that the log does not tell are suspected.',
    ...(diverging.length === 0 ? ['- In these logs: none.'] : diverging.flatMap(([file, { divergences, first }]) => [`- ${file}: ${divergences}, the first: \`${first[0]!}\``])),
    '', '### How to run it', '', '    npx jest tests/conformance/strace', '    strace -f -yy -ttt -T -v -o server.log ./server', '    epollsim replay server.log',
  ];
}
