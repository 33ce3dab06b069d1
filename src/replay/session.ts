/**
 * What a replay knows: the machine, the threads of the log and the tasks that stand for them, and everything that is adopted from
 * the log because no model can know it: process ids, free ports, bytes that strace did not print.
 */

import type { file } from '../kernel/file.js';
import { Kernel } from '../kernel/kernel.js';
import type { SignalHandler } from '../kernel/signal_types.js';
import { type net_sysctls, sock_net } from '../socket/net.js';
import { MonotonicClock } from './monotonic.js';
import { tcp_net } from '../tcp/inet_hashtables.js';
import type { outside_file } from './outside.js';
import type { AdoptedKind } from './adopted.js';
import { Ports } from './ports.js';
import type { Thread } from './thread.js';

/** The world in which the first process of a log starts. */
export interface World {
  /** soft and hard limit of descriptors */
  readonly nofile?: { readonly soft: number; readonly hard: number };
  /** values of /proc/sys/net, by the last part of their names */
  readonly sysctl?: Partial<net_sysctls>;
  /** largest packet of the loopback device, bytes */
  readonly loopbackMtu?: number;
  /** what 0, 1 and 2 are at the start: /dev/null, or files of which only the log tells */
  readonly streams?: 'null' | 'unknown';
  /** false: the log is a program's own record, as the log of a scenario: ignored signals are not in it, and end no wait */
  readonly isTraced?: boolean;
}

/** The state of one replay. */
export class Session {
  readonly k: Kernel;
  readonly ports: Ports;
  readonly monotonic = new MonotonicClock();
  /** the latest reading of each clock that only goes forward, and the line where it was given */
  readonly readings = new Map<number, { readonly line: number; readonly ns: number }>();
  /** by the id in the log, which is the id in the model too */
  readonly threads = new Map<number, Thread>();
  /** ids of threads that have ended */
  readonly ended = new Set<number>();
  /** tasks whose id the log has not told: their parent's call never returned */
  readonly unnamed: Thread[] = [];
  /** outside files that an epoll watches */
  readonly watchedOutside = new Map<file, outside_file>();
  /** children that were planned and did not take their first step yet */
  readonly newborn: Thread[] = [];
  readonly adopted = new Map<string, number>();
  /** every handler of the log's programs: what it does is what the log shows behind the signal */
  readonly handler: SignalHandler = (_signo, _info, ret) => (this.k.current.ptrace as Thread).handler(ret);
  /** numbers of descriptors that a call of the log has made */
  readonly madeFds = new Set<number>();
  /** numbers that a call of the log has closed */
  readonly closedFds = new Set<number>();
  /** a program of the log has set its limit of descriptors */
  limitsAreSet = false;
  /** some bytes were written that strace did not print: a zero in the model can be any byte */
  hasUnknownBytes = false;

  /** the line that brought the last timer of the network, and when that was due */
  fired = { line: 0, dueNs: 0 };
  /** timers of the network are put off until the middle of the call that this line enters; 0: they are not */
  late = 0;

  readonly world: World;
  readonly #phaseNs: number;

  /** @param phaseNs how far the machine's clock is ahead of the log's times */
  constructor(world: World, phaseNs = 0) {
    this.world = world;
    this.#phaseNs = phaseNs;
    this.k = new Kernel({ stepBudget: Number.MAX_SAFE_INTEGER });
    this.k.clock.realtimeOffsetNs = -phaseNs;
    const { sysctl } = sock_net(this.k);
    Object.assign(sysctl, world.sysctl);
    this.ports = new Ports(...sysctl.ip_local_port_range);
    if (world.loopbackMtu !== undefined) tcp_net(this.k).loopback_mtu = world.loopbackMtu;
  }

  /** A time of the log on the machine's clock. */
  clockOf(timeNs: number): number {
    return timeNs + this.#phaseNs;
  }

  adopt(kind: AdoptedKind): void {
    this.adopted.set(kind, (this.adopted.get(kind) ?? 0) + 1);
  }
}
