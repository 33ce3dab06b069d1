/**
 * A run as a sequence of happenings between programs, which the diagrams draw: calls of a program, and packets from one to another. Sequence numbers
 * are relative to the first one of their direction, as people read them.
 */

import type { CapturedCall, Capture } from './capture.js';
import { endpointText, type CapturedPacket } from './packet.js';

/** A call of one program. */
export interface CallHappening {
  readonly kind: 'call';
  readonly step: number;
  readonly lane: string;
  readonly call: CapturedCall;
  /** it began before what happened in between, so it is drawn twice: here it begins */
  readonly begins: boolean;
}

/** A packet between two programs. */
export interface PacketHappening {
  readonly kind: 'packet';
  readonly step: number;
  readonly from: string;
  readonly to: string;
  readonly packet: CapturedPacket;
  /** `SYN`, `PSH ACK 6 bytes` */
  readonly text: string;
  readonly lost: boolean;
}

export type Happening = CallHappening | PacketHappening;

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

/** Sequence numbers relative to the first of their direction. */
class Relative {
  private readonly first = new Map<string, number>();

  seq(packet: CapturedPacket): number {
    const key = `${endpointText(packet.from)} ${endpointText(packet.to)}`;
    const known = this.first.get(key);
    if (known === undefined || (packet.flags & 2) !== 0) this.first.set(key, packet.seq);
    return (packet.seq - this.first.get(key)!) >>> 0;
  }

  ack(packet: CapturedPacket): number {
    const first = this.first.get(`${endpointText(packet.to)} ${endpointText(packet.from)}`);
    return first === undefined ? packet.ack : (packet.ack - first) >>> 0;
  }
}

function packetText(packet: CapturedPacket, relative: Relative): string {
  if (packet.protocol === 'icmp') return 'ICMP unreachable';
  const size = packet.data.length === 0 ? '' : ` ${packet.data.length} bytes`;
  if (packet.protocol === 'udp') return `UDP${size}`;
  const flags = FLAGS.filter((_, bit) => (packet.flags & (1 << bit)) !== 0).join(' ');
  const seq = relative.seq(packet);
  return `${flags}${size} seq=${seq}${(packet.flags & 16) === 0 ? '' : ` ack=${relative.ack(packet)}`}`;
}

/** What happened, in order. Calls that others came in between of are there twice. */
export function storyOf(capture: Capture): { readonly lanes: readonly string[]; readonly happenings: readonly Happening[] } {
  const happenings: Happening[] = [];
  const relative = new Relative();
  for (const packet of capture.packets) {
    happenings.push({
      kind: 'packet', step: packet.step, from: capture.ownerOf(packet.from), to: capture.ownerOf(packet.to), packet, text: packetText(packet, relative),
      lost: packet.arrivedNs === null,
    });
  }
  for (const call of capture.calls) {
    const end = call.toStep;
    const split = end === null || capture.calls.some(({ pid, fromStep }) => pid !== call.pid && fromStep > call.fromStep && fromStep < end);
    if (split) happenings.push({ kind: 'call', step: call.fromStep, lane: call.who, call, begins: true });
    if (end !== null) happenings.push({ kind: 'call', step: split ? end : call.fromStep, lane: call.who, call, begins: false });
  }
  happenings.sort((a, b) => a.step - b.step);
  const lanes = new Set<string>(capture.tasks.values());
  for (const one of happenings) if (one.kind === 'packet') lanes.add(one.from).add(one.to);
  return { lanes: [...lanes], happenings };
}
