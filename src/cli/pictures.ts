/**
 * What a step changed, as pictures: every object of the machine in one line of text, and the lines that are new, different or gone
 * since the step before. Tasks are left out: the log of system calls shows what they do.
 */

import type { Machine } from '../scenario/machine.js';
import { eventfdText, eventpollText, itemText, linkText, Names, pipeText, socketText, timerfdText } from '../inspect/text.js';
import type { HostView, ItemView, MachineView } from '../inspect/view.js';

/** One object that changed: its picture before and after; null: it was not there, or is gone. */
export interface PictureChange {
  readonly object: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** An item without its place on the lists, which the picture of its epoll shows. */
function itemPicture(item: ItemView): string {
  return itemText({ ...item, on: null, onOvflist: false });
}

/** On a machine of several hosts each picture begins with the host that the object belongs to. */
function label(pictures: Map<string, string>, host: HostView): void {
  const items = host.items.map((item) => ({ name: `${item.name} of ep#${item.ep}` }));
  for (const { name } of [...host.eventpolls, ...items, ...host.sockets, ...host.pipes, ...host.eventfds, ...host.timerfds]) {
    if (host.name !== '') pictures.set(name, `${host.name} ${pictures.get(name)!}`);
  }
}

/** The picture of each object, by its name. */
export function picturesOf(view: MachineView): Map<string, string> {
  const names = new Names(view);
  const pictures = new Map<string, string>();
  const links = new Map<string, string>();
  for (const link of view.links) links.set(`link ${link.name}`, linkText(link));
  for (const ep of view.eventpolls) pictures.set(ep.name, eventpollText(ep, names));
  for (const item of view.items) pictures.set(`${item.name} of ep#${item.ep}`, itemPicture(item));
  for (const sock of view.sockets) pictures.set(sock.name, socketText(sock, names));
  for (const pipe of view.pipes) pictures.set(pipe.name, pipeText(pipe, names));
  for (const ctx of view.eventfds) pictures.set(ctx.name, eventfdText(ctx, names));
  for (const ctx of view.timerfds) pictures.set(ctx.name, timerfdText(ctx, names));
  for (const host of view.hosts) label(pictures, host);
  return new Map([...pictures, ...links]);
}

/** Follows a machine and says what changed since it was asked last. */
export class PictureBook {
  private readonly machine: Machine;
  private view: MachineView;
  private pictures: Map<string, string>;

  constructor(machine: Machine) {
    this.machine = machine;
    this.view = machine.view();
    this.pictures = picturesOf(this.view);
  }

  /** What changed since the last call, in the order of the view. */
  changes(): PictureChange[] {
    const view = this.machine.view();
    if (view === this.view) return [];
    const before = this.pictures;
    const after = picturesOf(view);
    const found: PictureChange[] = [];
    for (const [object, picture] of after) {
      const old = before.get(object) ?? null;
      if (old !== picture) found.push({ object, before: old, after: picture });
    }
    for (const [object, picture] of before) if (!after.has(object)) found.push({ object, before: picture, after: null });
    this.view = view;
    this.pictures = after;
    return found;
  }
}
