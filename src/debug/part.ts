/**
 * Parts of the machine by name: `ep#4.rdllist` is `eventpolls/4/rdllist`, a path of a view. Watches, conditions and questions use them.
 */

import { DebugError } from './error.js';

/** Fields by the names of the kernel and of netstat, for those of the views. */
const FIELDS: Readonly<Record<string, string>> = {
  wq: 'wq/entries', poll_wait: 'pollWait/entries', sk_err: 'error', sk_state: 'state', sk_shutdown: 'shutdown', rcvbuf: 'rcv', sndbuf: 'snd', sk_receive_queue: 'rcv/bytes',
  sk_write_queue: 'snd/bytes', sk_rmem_alloc: 'rcv/used', sk_rcvbuf: 'rcv/limit', sk_wmem_queued: 'snd/used', sk_sndbuf: 'snd/limit', SOCK_NOSPACE: 'nospace',
  rd_wait: 'rdWait/entries', wr_wait: 'wrWait/entries', wqh: 'wqh/entries',
};

const LISTS: Readonly<Record<string, string>> = {
  ep: 'eventpolls', sock: 'sockets', pipe: 'pipes', item: 'items', file: 'files', task: 'tasks', eventfd: 'eventfds', timerfd: 'timerfds', table: 'tables',
};

/**
 * The path of a view that a watch means: `ep#4.rdllist`, `sock#9.sk_err`, `task#2.state`, `item#5.on`, or a path as it is, `sockets/9/rcv/bytes`.
 * Throws a DebugError for what cannot be a path.
 */
export function watchedPath(text: string): string {
  const found = /^(\w+)#(\d+)(?:\.([\w/.]+))?$/.exec(text);
  if (found === null) {
    if (/^[a-zA-Z]+(\/[\w:.-]+)*$/.test(text)) return text;
    throw new DebugError(`cannot watch ${JSON.stringify(text)}; expected OBJECT#ID.FIELD as ep#4.rdllist, or a path of a view as sockets/9/rcv/bytes`);
  }
  const [, kind = '', id = '', field] = found;
  const list = LISTS[kind];
  if (list === undefined) throw new DebugError(`cannot watch ${JSON.stringify(text)}: there is no ${kind}#; expected ${Object.keys(LISTS).map((name) => `${name}#`).join(', ')}`);
  return field === undefined ? `${list}/${id}` : `${list}/${id}/${FIELDS[field] ?? field.replaceAll('.', '/')}`;
}
