/**
 * Watches a run and keeps what exports are made of: system calls with the trace rows at which they began and ended, packets, and who owned which
 * port. One trace, one clock: every item has the number of the trace row, which is the step number of views and debuggers, and the virtual time.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { sk_buff } from '../socket/skbuff.js';
import { tcp_net } from '../tcp/inet_hashtables.js';
import { callText, ScenarioError, type CallEvent, type Machine, type Observer } from '../scenario/index.js';
import { endpointText, packetOf, type CapturedPacket, type Endpoint } from './packet.js';

/** A system call of the run. */
export interface CapturedCall {
  readonly pid: number;
  /** `server(1)`, with the host before it where there are several */
  readonly who: string;
  readonly name: string;
  /** the trace rows with which it began and ended */
  readonly fromStep: number;
  readonly fromNs: number;
  /** null: it had not returned when the run ended */
  toStep: number | null;
  toNs: number | null;
  ret: number | null;
  /** as strace prints it */
  text: string;
}

/** What happened in a run. */
export class Capture implements Observer {
  readonly machine: Machine;
  readonly calls: CapturedCall[] = [];
  readonly packets: CapturedPacket[] = [];
  /** names of tasks by pid, in the order in which they were first seen */
  readonly tasks = new Map<number, string>();
  private readonly running = new Map<CallEvent, CapturedCall>();
  private readonly travelling = new Map<sk_buff, CapturedPacket>();
  /** who uses an address: `server 10.0.0.1:7000` -> `server/main(1)` */
  private readonly owners = new Map<string, string>();
  private readonly tapped = new Set<Kernel>();

  /** Begins to watch a machine that has a trace and has not moved yet. */
  constructor(machine: Machine) {
    if (machine.kernel.trace === null) throw new ScenarioError('a capture needs a machine with a trace: machine({ trace: true })');
    this.machine = machine;
    machine.observe(this);
    this.tapHosts();
  }

  /** Rows of the trace so far: the number of the next one. */
  get step(): number {
    return this.machine.kernel.trace!.count;
  }

  get nowNs(): number {
    return this.machine.nowNs;
  }

  /** Hosts may be added until the machine moves. */
  private tapHosts(): void {
    for (const k of this.machine.kernel.world.hosts) {
      if (this.tapped.has(k)) continue;
      this.tapped.add(k);
      tcp_net(k).ptype_all = (host, skb, direction) => this.packet(host, skb, direction);
    }
  }

  moved(): void {
    this.tapHosts();
  }

  called(event: CallEvent): void {
    this.tapHosts();
    const begun = this.running.get(event);
    if (begun !== undefined) {
      this.running.delete(event);
      Object.assign(begun, { toStep: this.step - 1, toNs: this.nowNs, ret: event.ret, text: callText(event) });
      return;
    }
    const { task, row } = event;
    const host = task.kernel?.name ?? '';
    const who = `${host === '' ? '' : `${host}/`}${task.comm}(${task.pid})`;
    this.tasks.set(task.pid, who);
    const call: CapturedCall = {
      pid: task.pid, who, name: row.name, fromStep: this.step, fromNs: this.nowNs, toStep: null, toNs: null, ret: null, text: callText(event),
    };
    this.calls.push(call);
    this.running.set(event, call);
  }

  private packet(k: Kernel, skb: sk_buff, direction: 'out' | 'in'): void {
    if (direction === 'in') {
      const known = this.travelling.get(skb);
      this.travelling.delete(skb);
      if (known !== undefined) Object.assign(known, { arrivedNs: this.nowNs, arrivedStep: this.step - 1 });
      return;
    }
    const local = tcp_net(k).devices.every((dev) => dev.peer.k === k || !tcp_net(dev.peer.k).local_addresses.has(skb.daddr));
    const packet = packetOf(k, skb, local ? 'lo' : this.linkName(k, skb), this.step - 1);
    this.packets.push(packet);
    this.nameOwner(k, packet.from);
    if (local) Object.assign(packet, { arrivedNs: packet.timeNs, arrivedStep: packet.step });
    else this.travelling.set(skb, packet);
  }

  private linkName(k: Kernel, skb: sk_buff): string {
    const dev = tcp_net(k).devices.find(({ peer }) => tcp_net(peer.k).local_addresses.has(skb.daddr));
    return dev === undefined ? 'eth0' : dev.cable.ends.map((end) => end.k.name).join('-');
  }

  /** The program that owns an address is the one whose call made it known: the last one of this host that bound, listened, connected or accepted. */
  private nameOwner(k: Kernel, from: Endpoint): void {
    const key = this.ownerKey(k.name, from);
    if (this.owners.has(key)) return;
    const view = this.machine.view();
    const inside = view.hosts.find(({ name }) => name === k.name) ?? view;
    const text = endpointText(from);
    const any = `:${from.port}`;
    const socket = inside.sockets.find(({ local, file }) => file !== null && local === text) ?? inside.sockets.find(({ local, file }) => file !== null && local.endsWith(any));
    const table = inside.tables.find(({ fds }) => fds.some(({ file }) => file === socket?.file));
    const task = inside.tasks.find((one) => one.table === table?.id);
    if (task !== undefined) this.owners.set(key, `${k.name === '' ? '' : `${k.name}/`}${task.name}`);
  }

  private ownerKey(host: string, end: Endpoint): string {
    return `${host} ${endpointText(end)}`;
  }

  /** The program at one end of a packet, or the address where it is not known. */
  ownerOf(end: Endpoint): string {
    for (const k of this.machine.kernel.world.hosts) {
      const owner = this.owners.get(this.ownerKey(k.name, end));
      if (owner !== undefined) return owner;
    }
    return endpointText(end);
  }
}
