/**
 * Asking about the situations of src/claims/readiness.ts: the calls that bring a descriptor there, then select, poll and epoll, and for TCP the
 * state. The same script is for the model and for a real kernel.
 */

import type { Call } from '../../../src/calls/record.js';
import { compile, type Program } from '../../../src/calls/program.js';
import { runProgram } from '../../../src/calls/runner.js';
import { parseScript } from '../../../src/calls/script.js';
import { type Situation } from '../../../src/claims/index.js';
import { TCP_STATE_NAMES } from '../../../src/tcp/tcp_states.js';

/** What is reported in a situation. */
export interface Readiness {
  /** of TCP, as TCP_INFO tells; '' for others */
  readonly state: string;
  /** sets in which select leaves it: `r w e`, or the error */
  readonly select: string;
  /** revents of poll that asks for everything */
  readonly poll: string;
  /** events of epoll_wait that asks for everything, or the error of epoll_ctl */
  readonly epoll: string;
}

const ALL = ['IN', 'PRI', 'OUT', 'RDNORM', 'RDBAND', 'WRNORM', 'WRBAND', 'MSG', 'RDHUP'];
const allOf = (prefix: string): string => ALL.map((bit) => prefix + bit).join('|');
const TCP_INFO = 11;

/** The script of a situation with its questions. */
export function scriptOf({ kind, calls, fd }: Situation): Program {
  const state = kind.startsWith('TCP') ? [`getsockopt(${fd}, IPPROTO_TCP, ${TCP_INFO})`] : [];
  return compile(parseScript([
    ...calls, ...state, `select(r:${fd}, w:${fd}, e:${fd}, 0)`, `poll(${fd}:${allOf('POLL')}, 0)`,
    'asks = epoll_create1(0)', `epoll_ctl(asks, EPOLL_CTL_ADD, ${fd}, ${allOf('EPOLL')})`, 'epoll_wait(asks, 8, 0)',
  ]));
}

const bare = (mask: string): string => (mask === '0' ? '' : mask.replace(/E?POLL/g, '').replace(/\|/g, ' '));

/** What the calls of a run say. */
export function readinessOf({ kind }: Situation, calls: readonly Call[]): Readiness {
  const tail = calls.slice(-5);
  const [select, poll, , ctl, wait] = tail;
  if (tail.length < 5 || !select!.call.startsWith('select') || !poll!.call.startsWith('poll')) throw new Error(`the script ended with ${tail.map(({ call }) => call).join('; ')}`);
  const info = calls.at(-6);
  return {
    state: kind.startsWith('TCP') ? TCP_STATE_NAMES[Number(info!.value) & 255]! : '',
    select: select!.errno ?? select!.ready!.map((one) => one[0]).join(' '),
    poll: poll!.errno ?? bare(poll!.revents![0]!.revents),
    epoll: ctl!.errno ?? bare(wait!.events![0]?.events ?? '0'),
  };
}

/** What the model says. */
export function onModel(situation: Situation): Readiness {
  return readinessOf(situation, runProgram(scriptOf(situation), { log: false }).calls);
}

/** `TCP: refused`: the name of a row in the recording. */
export const rowName = ({ kind, name }: Situation): string => `${kind}: ${name}`;
