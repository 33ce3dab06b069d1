/**
 * Every step of a run as one plain sentence: who did what to what, and for the moves of epoll also why. The same sentence is what the terminal,
 * the editor, the page and an explanation show for the step.
 */

import { OBJ_EPITEM } from '../epoll/ep_item.js';
import { OBJ_EVENTPOLL } from '../epoll/ep_file.js';
import { EP_PRIVATE_BITS } from '../epoll/eventpoll.js';
import { OBJ_SOCK } from '../socket/socket.js';
import { errnoName } from '../kernel/errno.js';
import { ViewLabels } from './labels.js';
import type { Nesting } from './nesting.js';
import { epollMask } from './names.js';
import { reasonOf } from './reason.js';
import { readTrace, type TraceEntry } from './trace.js';
import { queueOf } from './traced.js';
import type { MachineView } from './view.js';

/** What is known about one step. */
interface Telling {
  readonly entry: TraceEntry;
  readonly nesting: Nesting;
  readonly step: number;
  readonly view: MachineView;
  readonly labels: ViewLabels;
  readonly who: string;
}

type Teller = (telling: Telling) => string;

/** Sentences of entered functions: `{who}` is the task, `{name}` an argument by its name. */
const ENTERED: Readonly<Record<string, string>> = {
  __wake_up_common: '{who} walks the wait queue {head}, head to tail',
  __wake_up: '{who} wakes those who wait on {head}',
  __wake_up_sync_key: '{who} wakes those who wait on {head}',
  __wake_up_locked_key: '{who} wakes those who wait on {head}',
  __wake_up_pollfree: '{who} tells those who wait on {head} that the queue goes away',
  default_wake_function: 'the walk has come to {task}, who sleeps there',
  autoremove_wake_function: 'the walk has come to {task}, who leaves the queue when woken',
  ep_autoremove_wake_function: 'the walk has come to {task}, who waits in epoll_wait',
  pollwake: 'the walk has come to somebody in poll or select',
  __fput: 'the last reference to {file} is gone: it is released',
  filp_close: '{who} lets go of {file}',
  pipe_read: '{who} reads from {file}',
  pipe_write: '{who} writes to {file}',
  pipe_poll: 'what is ready on {file}?',
  eventfd_read: '{who} reads {file}',
  eventfd_write: '{who} adds to {file}',
  eventfd_poll: 'what is ready on {file}?',
  do_epoll_ctl: '{who} changes an interest set: {op}',
  do_epoll_wait: '{who} asks for at most {maxevents} events',
  ep_poll: '{who} looks for something ready on {ep}',
  ep_events_available: 'is the ready list of {ep} empty?',
  ep_send_events: '{who} delivers what is ready on {ep}, at most {maxevents} events',
  ep_start_scan: 'a scan of {ep} begins: the ready list becomes its private list',
  ep_done_scan: 'the scan of {ep} ends: what fired meanwhile goes to the ready list',
  ep_item_poll: 'what is ready on {item}, of {events}?',
  ep_find: 'is fd {fd} registered in {ep}?',
  ep_insert: 'fd {fd} is added to {ep} for {newevents}',
  ep_modify: '{item} of {ep} is wanted for {newevents} from now on',
  ep_remove: '{item} is taken out of {ep}',
  ep_ptable_queue_proc: '{item} of {ep} is put on the wait queue {head}',
  ep_unregister_pollwait: '{item} leaves the wait queues of its file',
  ep_poll_safewake: '{ep} tells those who watch the epoll itself',
  eventpoll_release_file: '{file} goes, and all items that watch it with it',
  sock_def_readable: 'those who wait on {sk} are told that there is something to read',
  sock_def_error_report: 'those who wait on {sk} are told of an error',
  sock_def_write_space: 'those who wait on {sk} are told that there is room to send',
  sock_def_wakeup: 'all who wait on {sk} are told that its state changed',
  sk_stream_write_space: 'is there enough room on {sk} to tell its writers?',
  sock_poll: 'what is ready on {sk}?',
  tcp_poll: 'what is ready on {sk}, which is {state}?',
  unix_poll: 'what is ready on {sk}?',
  tcp_v4_rcv: 'a segment with {payload} bytes arrives from port {from} for port {to}',
  tcp_sendmsg: '{who} sends on {sk}',
  tcp_recvmsg: '{who} reads from {sk}',
  tcp_data_queue: 'data is put on the receive queue of {sk}',
  tcp_data_ready: 'is there enough on {sk} to tell its readers?',
  tcp_fin: 'the other side of {sk} has sent its FIN',
  tcp_reset: 'the other side of {sk} has sent a RST',
  tcp_ack: 'an acknowledgement for {sk} is handled',
  tcp_write_xmit: '{sk} sends what its windows allow',
  tcp_check_space: 'has the send buffer of {sk} room again?',
  tcp_new_space: '{sk} has room to send again',
  tcp_send_ack: '{sk} sends an acknowledgement',
  tcp_send_fin: '{sk} sends its FIN',
  tcp_conn_request: 'a SYN has come to the listener {sk}',
  tcp_v4_connect: '{who} connects {sk}',
  inet_csk_accept: '{who} takes a connection from the listener {sk}',
};

const enter: Teller = ({ entry, who, nesting, step }) => {
  const { name, args } = entry;
  if (name === 'ep_poll_callback') return callback(nesting, step, String(args['item']), String(args['ep']));
  const sentence = ENTERED[name];
  if (sentence !== undefined) return sentence.replace(/\{(\w+)\}/g, (_, arg: string) => (arg === 'who' ? who : String(args[arg])));
  const object = args['sk'] ?? args['item'] ?? args['file'] ?? args['ep'] ?? args['head'];
  return `${who} enters ${name}${object === undefined ? '' : ` for ${object}`}`;
};

/** What a callback will do follows from its arguments. */
function callback(nesting: Nesting, step: number, item: string, ep: string): string {
  const [events, key] = [nesting.trace.arg(step, 2), nesting.trace.arg(step, 3)];
  const news = key === 0 ? 'that something happened' : `of ${epollMask(key)}`;
  const told = `ep_poll_callback is told ${news} on ${item} of ${ep}`;
  if ((events & ~EP_PRIVATE_BITS) === 0) return `${told}, which is one-shot, has fired and is deaf until it is modified`;
  if (key !== 0 && (key & events) === 0) return `${told}, which did not ask for that: the news is dropped`;
  return told;
}

/** Sentences of functions that are left, where the result alone says too little. */
const LEFT: Readonly<Record<string, Teller>> = {
  ep_item_poll: (telling) => {
    const item = opened(telling, 'item', 'item');
    const { ret } = telling.entry;
    return ret === '0' ? `${item} is not ready` : `${item} is ready: ${String(ret)}`;
  },
  ep_events_available: (telling) => `${opened(telling, 'ep', 'ep')} ${telling.entry.ret === true ? 'may have something ready' : 'has nothing ready'}`,
};

/** An argument of the function that is left. */
function opened({ nesting, step, labels }: Telling, name: string, kind: string): string {
  const from = nesting.parent(step);
  return from < 0 ? name : labels.object(nesting.trace.arg(from, 0), kind);
}

const leave: Teller = (telling) => {
  const { name, ret } = telling.entry;
  const special = LEFT[name];
  if (special !== undefined) return special(telling);
  return ret === null ? `${name} is done` : `${name} gives ${String(ret)}`;
};

const syscall: Teller = ({ entry, view, who }) => {
  const call = view.tasks.find((task) => task.pid === entry.task)?.call ?? null;
  return `${who} calls ${call !== null && call.startsWith(`${entry.name}(`) ? call : `${entry.name}()`}`;
};

const sysret: Teller = ({ entry, who }) => {
  const ret = Number(entry.ret);
  return ret < 0 ? `${entry.name} fails with ${errnoName(-ret)} in ${who}` : `${entry.name} returns ${ret} to ${who}`;
};

const made: Teller = ({ entry, nesting, step, labels }) => {
  const { trace } = nesting;
  const id = trace.what(step);
  switch (trace.arg(step, 0)) {
    case OBJ_EPITEM: return `an item for fd ${trace.arg(step, 2)} of ep#${trace.arg(step, 1)} is made`;
    case OBJ_EVENTPOLL: return `the epoll instance ep#${id} is made`;
    case OBJ_SOCK: return `the socket ${labels.object(id, 'sk')} is made`;
    default: return `${String(entry.args['object'])} is made`;
  }
};

/** `ep_poll_callback put fd 5 on the ready list of ep#4 because 10 bytes arrived on sock#9 (fd 6)`. */
const rdllist: Teller = ({ entry, nesting, step, labels }) => {
  const { item, ep } = entry.args;
  const inside = nesting.parent(step);
  const by = inside < 0 ? 'the kernel' : nesting.name(inside);
  if (entry.name === 'add') return `${by} put ${String(item)} on the ready list of ${String(ep)} because ${reasonOf(nesting, step, labels).text}`;
  if (nesting.inside(step, 'ep_remove_epi') >= 0) return `${String(item)} left the ready list of ${String(ep)}: it is being removed`;
  return nesting.inside(step, 'ep_send_events') >= 0 ? `${String(item)} is the next of the scan of ${String(ep)}` : `${String(item)} left the ready list of ${String(ep)}: it is not ready`;
};

const ovflist: Teller = ({ entry, nesting, step, labels }) => {
  const { item, ep } = entry.args;
  if (entry.name === 'del') return `${String(item)} left ovflist of ${String(ep)}: the scan is over`;
  return `ep_poll_callback chained ${String(item)} on ovflist, because a scan of ${String(ep)} is running, and ${reasonOf(nesting, step, labels).text}`;
};

const txlist: Teller = ({ nesting, step, labels }) => {
  const ep = labels.object(nesting.trace.what(step), 'ep');
  return nesting.trace.arg(step, 0) === 1 ? `the scan of ${ep} has its private list` : `the private list of ${ep} is gone, and its rest is ready again`;
};

/** Who came to a wait queue, or left it: a task by its pid, an item by its id. */
const queue: Teller = ({ entry, nesting, step, labels, view }) => {
  const id = nesting.trace.arg(step, 0);
  const { owner, name } = queueOf(nesting.trace.what(step));
  const head = owner === 0 ? 'a wait queue' : `${labels.object(owner, 'owner')}.${name}`;
  const item = nesting.inside(step, 'ep_ptable_queue_proc', 'ep_unregister_pollwait') >= 0 && view.items.some((one) => one.id === id);
  const who = item ? labels.object(id, 'item') : labels.task(id === 0 ? entry.task : id);
  const how = entry.args['exclusive'] === true ? ', as an exclusive waiter' : '';
  return entry.name === 'add' ? `${who} waits on ${head}${how}` : `${who} left ${head}`;
};

/** Sentences of the kinds of rows. */
const TELLERS: Readonly<Record<TraceEntry['kind'], Teller>> = {
  enter,
  leave,
  syscall,
  sysret,
  switch: ({ entry }) => `the CPU goes from ${String(entry.args['from'])} to ${String(entry.args['to'])}`,
  wake: ({ entry, who }) => `${who === entry.args['task'] ? 'a timer' : who} wakes ${String(entry.args['task'])}`,
  new: made,
  rdllist,
  ovflist,
  txlist,
  rbr: ({ entry }) => `${String(entry.args['item'])} ${entry.name === 'insert' ? 'is in' : 'is taken out of'} the tree of ${String(entry.args['ep'])}`,
  queue,
  event: ({ entry, who }) => `${who} is handed ${String(entry.args['events'])} for ${String(entry.args['item'])}, as event ${String(entry.args['index'])}`,
  state: ({ entry }) => `${String(entry.args['sk'])} goes from ${String(entry.args['from'])} to ${String(entry.args['to'])}`,
  segment: ({ entry }) => `${String(entry.args['from'])} sends a segment: ${entry.name}, ${String(entry.args['length'])} bytes`,
  mark: ({ entry }) => `${entry.name} is passed`,
  signal: ({ entry, nesting, step }) =>
    `signal ${String(entry.args['signo'])} ${nesting.trace.arg(step, 1) === 1 ? 'is delivered to' : 'becomes pending for'} ${String(entry.args['task'])}`,
  timer: ({ nesting, step, labels }) => `${labels.object(nesting.trace.what(step), 'owner')} expires`,
  other: ({ entry, who }) => `${who}: ${entry.name}`,
};

/**
 * One step in one sentence, without a full stop.
 * @param view the machine at that step
 */
export function sentenceAt(nesting: Nesting, step: number, view: MachineView): string {
  const labels = new ViewLabels(view);
  const [entry] = readTrace(nesting.trace, step, step + 1, labels);
  return TELLERS[entry!.kind]({ entry: entry!, nesting, step, view, labels, who: labels.task(entry!.task) });
}
