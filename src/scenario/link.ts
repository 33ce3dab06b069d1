/**
 * A link between two hosts, as a scenario makes it and handles it: its delay, rate and faults, cutting and mending. Packets that it
 * loses, doubles or delays are choices of the run, so they come with a seed, are in the recording, and can be searched through.
 */

import type { Kernel } from '../kernel/kernel.js';
import { textOf } from './bytes.js';
import { ScenarioError } from './errors.js';
import { show } from './expect.js';
import type { Host } from './host.js';
import { skb_bytes, type sk_buff } from '../socket/skbuff.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../socket/uapi_socket.js';
import { type cable, cable_cut, cable_mend, type cable_options } from '../tcp/cable.js';
import { FATE_DELIVER, FATE_LATE, FATE_LOSE, FATE_TWICE, packet_faults } from '../tcp/fate.js';
import { connect_hosts } from '../tcp/link.js';

/** What can become of a packet: it arrives, is lost, arrives twice, or arrives so late that others overtake it. */
export type Fate = 'deliver' | 'lose' | 'twice' | 'late';

/** A packet that is about to leave, for those who decide on it. */
export interface Packet {
  /** who sends it: the name of the host */
  readonly from: string;
  /** 1 for the first packet of this direction, 2 for the next one ... */
  readonly number: number;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** `SYN`, `ACK`, `FIN`, `RST`, `PSH`, `URG` */
  readonly flags: readonly string[];
  /** its data */
  readonly text: string;
}

/** How likely a fault is, 0 .. 1; it happens only where choices are made at random or by hand. */
export interface Faults {
  readonly lose?: number;
  readonly twice?: number;
  readonly late?: number;
}

/** What a link is like. */
export interface LinkOptions {
  /** a packet takes so long from one end to the other; default 1 */
  readonly delayMs?: number;
  /** bytes that leave in a second, headers included; default: any number */
  readonly bytesPerSecond?: number;
  /** bytes that may wait to leave; what comes then is dropped; default 1,000,000 */
  readonly queueBytes?: number;
  /** the longest packet, headers included, 68 .. 65535 bytes; default 1500 */
  readonly mtu?: number;
  /**
   * What can happen to a packet besides arriving; default: nothing, and nobody is asked. `true`: each fault one time in ten. A
   * function decides on each packet itself.
   */
  readonly faults?: true | Faults | ((packet: Packet) => Fate);
}

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
const FATES: Readonly<Record<Fate, number>> = { deliver: FATE_DELIVER, lose: FATE_LOSE, twice: FATE_TWICE, late: FATE_LATE };

function inRange(what: string, value: number, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw new ScenarioError(`${what} of a link is ${typeof value === 'number' ? value : show(value)}; expected a number ${high === Infinity ? `not below ${low}` : `from ${low} to ${high}`}`);
}

const OPTIONS = ['delayMs', 'bytesPerSecond', 'queueBytes', 'mtu', 'faults', 'between'];
const FAULTS = ['lose', 'twice', 'late'];

/** Throws when something has a name that means nothing here. */
function noOthers(what: string, given: object, known: readonly string[]): void {
  const odd = Object.keys(given).find((name) => !known.includes(name));
  if (odd !== undefined) throw new ScenarioError(`${what} has no ${odd}; it has ${known.join(', ')}`);
}

function faultsOf(options: LinkOptions): packet_faults {
  const { faults } = options;
  if (faults !== undefined && faults !== true && typeof faults !== 'function') {
    if (typeof faults !== 'object' || faults === null) throw new ScenarioError(`faults of a link is ${show(faults)}; expected true, { lose, twice, late }, or a function`);
    noOthers('faults of a link', faults, FAULTS);
  }
  if (faults === undefined || typeof faults === 'function') return new packet_faults(0, 0, 0);
  const { lose = 0, twice = 0, late = 0 } = faults === true ? { lose: 0.1, twice: 0.1, late: 0.1 } : faults;
  for (const [name, odds] of Object.entries({ lose, twice, late })) inRange(`faults.${name}`, odds, 0, 1);
  return new packet_faults(lose, twice, late);
}

/** Packets as a scenario sees them, numbered for each host that sends. */
function packetReader(): (skb: sk_buff, from: Kernel) => Packet {
  const sent = new Map<Kernel, number>();
  return (skb, from) => {
    const number = (sent.get(from) ?? 0) + 1;
    sent.set(from, number);
    const tcp = skb.ip_protocol === IPPROTO_TCP;
    return {
      from: from.name, number, protocol: tcp ? 'tcp' : skb.ip_protocol === IPPROTO_UDP ? 'udp' : 'icmp',
      flags: tcp ? FLAG_NAMES.filter((_, bit) => (skb.tcp_flags & (1 << bit)) !== 0) : [],
      get text() {
        return skb.first === null ? '' : textOf(skb_bytes(skb));
      },
    };
  };
}

/** Lets a function of the scenario decide on each packet. */
function scriptOf(options: LinkOptions): cable_options['script'] {
  const { faults } = options;
  if (typeof faults !== 'function') return null;
  const packetOf = packetReader();
  return (skb: sk_buff, from: Kernel) => {
    const fate = faults(packetOf(skb, from));
    if (FATES[fate] === undefined) throw new ScenarioError(`the fate of a packet is ${show(fate)}; expected ${Object.keys(FATES).join(', ')}`);
    return FATES[fate];
  };
}

/** A link. Make it with `m.link(a, b, { delayMs: 5 })`. */
export class Link {
  private readonly cable: cable;

  constructor(a: Host, b: Host, options: LinkOptions) {
    noOthers('a link', options, OPTIONS);
    const rate = inRange('bytesPerSecond', options.bytesPerSecond ?? Infinity, 1, Infinity);
    this.cable = connect_hosts(a.kernel, a.addressNumber, b.kernel, b.addressNumber, {
      delayNs: Math.round(inRange('delayMs', options.delayMs ?? 1, 0, 1e9) * 1e6),
      nsPerByte: 1e9 / rate,
      queueBytes: inRange('queueBytes', options.queueBytes ?? 1_000_000, 0, Infinity),
      mtu: inRange('mtu', options.mtu ?? 1500, 68, 65535),
      faults: faultsOf(options),
      script: scriptOf(options),
    });
  }

  /** True while packets get through. */
  get whole(): boolean {
    return this.cable.state === 'whole';
  }

  /** Packets that were lost: by faults, at a full queue, or because the link was cut. */
  get lost(): number {
    return this.cable.ends[0].dropped + this.cable.ends[1].dropped;
  }

  /**
   * Cuts the link; what is on its way is lost. Programs may call it, and so may who runs the machine.
   * @param how `cable`: the plug is pulled, both hosts see that and soon take the other for unreachable (EHOSTUNREACH);
   *   `silent`: something in between is dead, and packets vanish (ETIMEDOUT)
   */
  cut(how: 'cable' | 'silent' = 'cable'): void {
    if (how !== 'cable' && how !== 'silent') throw new ScenarioError(`cut(${show(how)}): expected 'cable' or 'silent'`);
    cable_cut(this.cable, how === 'silent');
  }

  /**
   * Notes the packets that hosts send from now on, those too that a fault, a full queue or a silent cut takes away.
   * @returns a list that grows as they are sent
   */
  tap(): readonly Packet[] {
    const packetOf = packetReader();
    const heard: Packet[] = [];
    this.cable.taps.push((skb, from) => void heard.push(packetOf(skb, from)));
    return heard;
  }

  /** The link works again. Nobody is told: who has something to say tries again at its own time. */
  mend(): void {
    cable_mend(this.cable);
  }
}
