/**
 * docs/readiness.md: what select, poll and epoll report in every situation of src/claims/readiness.ts, as the model answers.
 */

import { situations } from '../../src/claims/index.js';
import { onModel, type Readiness } from '../conformance/readiness/readiness.js';

/** The bits that go with IN and OUT for a kind, and so are not said in every row. */
function companions(kind: string): { readonly IN: string[]; readonly OUT: string[] } {
  if (/^(eventfd|timerfd|signalfd|No descriptor)$/.test(kind)) return { IN: [], OUT: [] };
  return { IN: ['RDNORM'], OUT: /^(UDP|AF_UNIX)/.test(kind) ? ['WRNORM', 'WRBAND'] : ['WRNORM'] };
}

/** A mask without the bits that go with others; throws when they do not. */
export function shortMask(kind: string, mask: string): string {
  const words = mask.split(' ').filter((word) => word !== '');
  for (const [bit, others] of Object.entries(companions(kind))) {
    if (others.some((other) => words.includes(other) !== words.includes(bit))) throw new Error(`${kind}: ${mask}: ${others.join(' ')} and ${bit} do not go together`);
  }
  return words.filter((word) => !['RDNORM', 'WRNORM', 'WRBAND'].includes(word)).join(' ');
}

const cell = (text: string): string => (text === '' ? '-' : text);

function rowOf(kind: string, name: string, { state, select, poll, epoll }: Readiness, withState: boolean): string {
  const mask = poll === epoll ? cell(shortMask(kind, poll)) : `${poll}; epoll_ctl: ${epoll}`;
  return `| ${[name, ...(withState ? [state] : []), cell(select), mask].join(' | ')} |`;
}

function tableOf(kind: string): string[] {
  const withState = kind.startsWith('TCP');
  const head = ['situation', ...(withState ? ['state'] : []), 'select', 'poll and epoll'];
  const lines = situations.filter((situation) => situation.kind === kind).map((situation) => rowOf(kind, situation.name, onModel(situation), withState));
  return [`## ${kind}`, '', `| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines, ''];
}

/** The whole page. */
export function readinessPage(): string {
  const kinds = [...new Set(situations.map(({ kind }) => kind))];
  return [
    '# What is ready when', '',
    'Written by `npm run docs`.', '',
    `${situations.length} situations of descriptors, and what is reported in each: the sets in which select leaves the descriptor (r: read, w: write, e: except), and the bits of poll and epoll, which were asked for all`,
    'of them. poll and epoll agree in every row, because both ask the file\'s own poll function, and select reads its sets off the same bits: r is IN or HUP or ERR, w is OUT or ERR, e is PRI. So an error is',
    '"readable" and "writable" for select and never "exceptional". HUP and ERR are reported without being asked for; RDHUP only if it is.', '',
    'The calls that lead to each situation are in `src/claims/readiness.ts`. The answers are the model\'s; Linux 6.18 gave the same ones to the same calls (`tests/conformance/readiness/recorded.json`), and where the tests',
    'run on Linux 6.18 they ask it again.', '',
    'RDNORM always goes with IN and WRNORM with OUT, and with UDP and AF_UNIX sockets WRBAND does too; eventfd, timerfd and signalfd report IN and OUT alone. These bits are left out below.', '',
    ...kinds.flatMap(tableOf),
    '## What no program of one machine can bring about', '',
    'Four situations of TCP need segments that only another machine sends. They are not in the recording; `tests/tcp/masks.test.ts` makes them in the model with such a machine.', '',
    '| situation | state | poll and epoll |', '|---|---|---|',
    '| the SYNs of both sides crossed | SYN_RECV | - |', '| an urgent byte is announced and has not come | ESTABLISHED | OUT |',
    '| an ICMP error came while connecting | CLOSE | IN OUT ERR HUP RDHUP |', '| an ICMP error came to a connection with IP_RECVERR | ESTABLISHED | OUT ERR |', '',
  ].join('\n');
}
