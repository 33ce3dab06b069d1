/**
 * Which host of a machine a thing belongs to, for the history of a machine of several hosts: things are kept once, in the lists of the whole
 * machine, and the lists of each host are made from them.
 */

import type { Draft } from './patch.js';
import type { HostView, KernelView, MachineView } from './view.js';

/** Lists of things with numbers; none is given twice on one machine. */
const THINGS = ['tasks', 'tables', 'files', 'eventpolls', 'items', 'pipes', 'eventfds', 'timerfds', 'signalfds', 'sockets', 'timewaits'] as const;
/** What else a host has: it is kept for each host. */
const OTHERS = ['addresses', 'current', 'stoppedAt', 'runqueue', 'inFlight', 'timers', 'otherQueues', 'watches'] as const;

interface HasId {
  readonly id: number;
}

/** Remembers where things are. */
export class HostsOf {
  private readonly hostOf = new Map<string, number>();

  /** Notes the host of everything that is in a view and was not in the one before. */
  note(view: MachineView, before: MachineView | null): void {
    for (const host of view.hosts) {
      const old = before?.hosts.find(({ id }) => id === host.id);
      for (const list of THINGS) {
        if (old?.[list] === host[list]) continue;
        for (const { id } of host[list]) this.hostOf.set(`${list}/${id}`, host.id);
      }
    }
  }

  /** What is new in the parts that are kept for each host: `hosts/1/timers` and its value. */
  changes(before: MachineView, view: MachineView): { readonly path: string; readonly after: unknown }[] {
    const out: { path: string; after: unknown }[] = [];
    for (const host of view.hosts) {
      const old = before.hosts.find(({ id }) => id === host.id);
      if (old === undefined) out.push({ path: `hosts/${host.id}`, after: host });
      else if (old !== host) for (const name of OTHERS) if (old[name] !== host[name]) out.push({ path: `hosts/${host.id}/${name}`, after: host[name] });
    }
    return out;
  }

  /** Puts the things of a draft into the lists of their hosts. */
  putInto(draft: Draft, root: KernelView & { readonly hosts: readonly HostView[] }): void {
    for (const { id } of root.hosts) {
      for (const list of THINGS) {
        const mine = (root[list] as readonly HasId[]).filter((thing) => this.hostOf.get(`${list}/${thing.id}`) === id);
        draft.put(`hosts/${id}/${list}`, Object.freeze(mine));
      }
    }
  }
}
