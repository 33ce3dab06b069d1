/**
 * Intrusive doubly linked lists, as in include/linux/list.h: the links live inside the objects they connect,
 * an empty list is a head that points at itself, and every operation takes constant time.
 * Where C finds the object around a link with container_of(), ours keeps it in `owner`; a head has none.
 */

import { BUG_ON } from './bug.js';

/** One link of a list, or its head (`owner` null). */
export class list_head<T> {
  next: list_head<T>;
  prev: list_head<T>;
  readonly owner: T | null;

  constructor(owner: T | null) {
    this.next = this;
    this.prev = this;
    this.owner = owner;
  }
}

/** True when nothing is linked behind `head`; for a link: when it is on no list. include/linux/list.h:list_empty */
export function list_empty<T>(head: list_head<T>): boolean {
  return head.next === head;
}

function __list_add<T>(link: list_head<T>, prev: list_head<T>, next: list_head<T>): void {
  BUG_ON(link.next !== link, 'list: a link is added while it is on a list');
  next.prev = link;
  link.next = next;
  link.prev = prev;
  prev.next = link;
}

/** Links `link` first. include/linux/list.h:list_add */
export function list_add<T>(link: list_head<T>, head: list_head<T>): void {
  __list_add(link, head, head.next);
}

/** Links `link` last. include/linux/list.h:list_add_tail */
export function list_add_tail<T>(link: list_head<T>, head: list_head<T>): void {
  __list_add(link, head.prev, head);
}

/** Unlinks `link`; afterwards it is on no list. include/linux/list.h:list_del_init */
export function list_del_init<T>(link: list_head<T>): void {
  link.prev.next = link.next;
  link.next.prev = link.prev;
  link.next = link;
  link.prev = link;
}

function __list_splice<T>(list: list_head<T>, prev: list_head<T>, next: list_head<T>): void {
  const first = list.next;
  const last = list.prev;
  first.prev = prev;
  prev.next = first;
  last.next = next;
  next.prev = last;
}

/** Moves everything on `list` in front of what is on `head`; `list` is empty afterwards. include/linux/list.h:list_splice_init */
export function list_splice_init<T>(list: list_head<T>, head: list_head<T>): void {
  if (list_empty(list)) return;
  __list_splice(list, head, head.next);
  list.next = list;
  list.prev = list;
}

/** Moves everything on `list` behind what is on `head`; `list` is empty afterwards. include/linux/list.h:list_splice_tail_init */
export function list_splice_tail_init<T>(list: list_head<T>, head: list_head<T>): void {
  if (list_empty(list)) return;
  __list_splice(list, head.prev, head);
  list.next = list;
  list.prev = list;
}

/** The owners on a list in order, for views and checks. ours: C walks the links with a macro. */
export function list_to_array<T>(head: list_head<T>): T[] {
  const owners: T[] = [];
  for (let link = head.next; link !== head; link = link.next) owners.push(link.owner!);
  return owners;
}

/** Throws unless the links of `head` agree in both directions. lib/list_debug.c:__list_add_valid_or_report */
export function list_check<T>(head: list_head<T>, what: string): void {
  let link = head;
  do {
    BUG_ON(link.next.prev !== link, `${what}: next and prev disagree`);
    BUG_ON(link !== head && link.owner === null, `${what}: a head is linked as an element`);
    link = link.next;
  } while (link !== head);
}
