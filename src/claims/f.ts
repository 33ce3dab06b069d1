/**
 * Claims F1 to F18: inside epoll. The stories are a few calls; the evidence is what the kernel does in them: functions that it enters, moves between
 * its lists, and what stands in its structures afterwards.
 */

import {
  badPointer, EFAULT, EINVAL, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLONESHOT, faultingAt, type Sleeps, type Sys,
} from '../scenario/index.js';
import type { EventpollView, ItemView, MachineView } from '../inspect/index.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { duringScan, lateWrite, watching } from './steps.js';

const epoll = (view: MachineView): EventpollView => view.eventpolls[0]!;
const items = (view: MachineView): readonly ItemView[] => view.items;

const F1: Claim = {
  id: 'F1',
  claim: 'epoll_create makes a struct eventpoll, takes a free descriptor, and makes a struct file named "[eventpoll]" whose private_data is the eventpoll.',
  verdict: 'holds',
  says: 'All of it can be seen: ls -l /proc/PID/fd shows the descriptor as anon_inode:[eventpoll].',
  programs: () => ({
    *main(sys) {
      const [r] = yield* sys.pipe();
      yield* sys.close(r);
      asClaimed(sys, yield* sys.epoll_create1(), r, 'the lowest free descriptor');
    },
  }),
  inside: (run) => {
    const [create] = run.calls('epoll_create1');
    run.asClaimed(create, create?.enters('do_epoll_create', 'ep_alloc'), 'a struct eventpoll is made');
    run.asClaimed(create, create?.shows(({ files, eventpolls }) => files.some(({ kind, object }) => kind === '[eventpoll]' && object === eventpolls[0]!.name)), 'a file of the kind [eventpoll] leads to it');
  },
};

const F2: Claim = {
  id: 'F2',
  claim: 'rbr is the root of a red-black tree of the epitems that epoll_ctl added.',
  verdict: 'holds',
  says: 'It is ordered by the address of the file, then by the number of the descriptor: the pair is the key, and so a duplicate is an item of its own.',
  programs: () => ({
    *main(sys) {
      const ep = sys.must(yield* sys.epoll_create1());
      const [r] = yield* sys.pipe();
      const fds = [r, yield* sys.dup(r), yield* sys.dup(r)];
      for (const fd of fds) asClaimed(sys, yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0, 'each descriptor is added, also those of one file');
      yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r);
    },
  }),
  inside: (run) => {
    const ctl = run.calls('epoll_ctl');
    run.asClaimed(ctl[0], ctl[0]?.does('rbr', 'insert'), 'the item goes into the tree');
    run.asClaimed(ctl[2], ctl[2]?.shows((view) => epoll(view).items === 3 && epoll(view).rbr!.left!.red && epoll(view).rbr!.right!.red), 'three items: a black root with two red ones');
    run.asClaimed(ctl[3], ctl[3]?.does('rbr', 'erase'), 'EPOLL_CTL_DEL takes it out');
  },
};

const F3: Claim = {
  id: 'F3',
  claim: 'rdllist is a doubly linked list of the epitems that are ready to be reported by epoll_wait.',
  verdict: 'holds with a condition',
  says: 'It lists items that may be ready: what was ready when it was queued may be so no longer, and only epoll_wait finds out.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.write(w, 'x');
      sys.expect(yield* sys.read(r, 1), 'x');
      unlikeClaim(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 0, 'an item was on the list, and there is nothing to report');
    },
  }),
  inside: (run) => {
    const [write] = run.calls('write');
    const [read] = run.calls('read');
    run.asClaimed(write, write?.shows((view) => epoll(view).rdllist.length === 1), 'after the write the item is on rdllist');
    run.unlikeClaim(read, read?.shows((view) => epoll(view).rdllist.length === 1), 'after the read it still is, with an empty pipe behind it');
  },
};

const F4: Claim = {
  id: 'F4',
  claim: 'ovflist is a singly linked list that takes the events that happen while rdllist is being scanned.',
  verdict: 'holds',
  says: 'It is chained through one pointer of each item, newest first, and only while a scan runs.',
  programs: () => ({
    *main(sys) {
      asClaimed(sys, (yield* duringScan(sys, EPOLLIN)).next, 2, 'what came during the scan is not lost');
    },
  }),
  inside: (run) => {
    const late = run.calls('write')[1];
    run.asClaimed(late, late?.does('ovflist', 'add'), 'epoll_wait stands in its scan, and the item goes to ovflist');
    run.asClaimed(late, late?.shows((view) => epoll(view).ovflist?.length === 1 && epoll(view).rdllist.length === 0), 'rdllist is left alone');
  },
};

const F5: Claim = {
  id: 'F5',
  claim: 'epoll_ctl takes EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL and a struct epoll_event with events and 64 bits of user data.',
  verdict: 'holds',
  says: 'The kernel never looks at the 64 bits; it gives them back with each event.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = sys.must(yield* sys.epoll_create1());
      yield* sys.write(w, 'x');
      const data = 0x1122334455667788n;
      asClaimed(sys, yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: 0, data: 1 }), 0, 'EPOLL_CTL_ADD');
      asClaimed(sys, yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events: EPOLLIN, data }), 0, 'EPOLL_CTL_MOD, with other events and data');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).events[0]?.u64, data, 'the 64 bits come back');
      asClaimed(sys, yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r), 0, 'EPOLL_CTL_DEL');
      sys.expect(yield* sys.epoll_ctl(ep, 4, r, EPOLLIN), -EINVAL, 'and nothing else');
    },
  }),
};

const F6: Claim = {
  id: 'F6',
  claim: 'epoll_ctl finds the eventpoll from epfd, then asks ep_find for the epitem of (file, fd) in rbr; EPOLL_CTL_ADD calls ep_insert.',
  verdict: 'holds',
  says: 'What ep_find answers decides: EPOLL_CTL_ADD wants no item there, the others want one.',
  programs: () => ({
    *main(sys) {
      const [r] = yield* sys.pipe();
      asClaimed(sys, (yield* watching(sys, r, EPOLLIN)) > 0, true, 'added');
    },
  }),
  inside: (run) => {
    const [ctl] = run.calls('epoll_ctl');
    run.asClaimed(ctl, ctl?.enters('do_epoll_ctl', 'ep_find'), 'ep_find looks for the item');
    run.asClaimed(ctl, ctl?.enters('do_epoll_ctl', 'ep_find', 'ep_insert'), 'there is none, so ep_insert makes it');
  },
};

const F7: Claim = {
  id: 'F7',
  claim: 'ep_insert makes an epitem, ties it to the eventpoll and the watched file, puts it into the tree, and puts an entry with the callback ep_poll_callback on the watched file\'s wait queue.',
  verdict: 'holds',
  says: 'The entry comes about by asking the file for its readiness: its poll function names its wait queues to ep_ptable_queue_proc.',
  programs: () => ({
    *main(sys) {
      const [r] = yield* sys.pipe();
      asClaimed(sys, (yield* watching(sys, r, EPOLLIN)) > 0, true, 'added');
    },
  }),
  inside: (run) => {
    const [ctl] = run.calls('epoll_ctl');
    run.asClaimed(ctl, ctl?.enters('ep_insert', 'attach_epitem', 'ep_rbtree_insert'), 'the item is tied to the file and goes into the tree');
    run.asClaimed(ctl, ctl?.enters('ep_insert', 'ep_item_poll', 'ep_ptable_queue_proc'), 'the poll of the pipe leads to ep_ptable_queue_proc');
    run.asClaimed(ctl, ctl?.shows(({ pipes }) => pipes[0]!.rdWait.entries.some(({ calls }) => calls === 'ep_poll_callback')), 'an entry with ep_poll_callback is on the wait queue of the pipe');
  },
};

const F8: Claim = {
  id: 'F8',
  claim: 'epoll_wait returns the number of ready events, at most maxevents, written to the array given; timeout is how long it blocks when there is none.',
  verdict: 'holds',
  says: 'What did not fit is the first of the next call; -1 blocks for ever and 0 not at all.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const copy = yield* sys.dup(r);
      const ep = yield* watching(sys, r, EPOLLIN | EPOLLET);
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, copy, EPOLLIN | EPOLLET);
      const before = sys.nowNs;
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 20)).ret, 0, 'none is ready: 0');
      asClaimed(sys, sys.nowNs - before >= 20e6, true, 'after the 20 milliseconds');
      yield* sys.write(w, 'x');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 1, -1)).ret, 1, 'two are ready, and there is room for one');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 1, 'the next call returns the other');
    },
  }),
};

const F9: Claim = {
  id: 'F9',
  claim: 'epoll_wait finds the eventpoll from epfd and calls ep_poll.',
  verdict: 'holds',
  says: 'do_epoll_wait checks maxevents, the memory and the descriptor before it does.',
  programs: () => ({
    *main(sys) {
      const [r] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 0, 'nothing is ready');
      asClaimed(sys, (yield* sys.epoll_wait(r, 8, 0)).ret, -EINVAL, 'the descriptor of a pipe leads to no eventpoll');
    },
  }),
  inside: (run) => {
    const [wait] = run.calls('epoll_wait');
    run.asClaimed(wait, wait?.enters('do_epoll_wait', 'ep_poll'), 'ep_poll is called');
  },
};

const F10: Claim = {
  id: 'F10',
  claim: 'ep_poll turns a positive timeout into a deadline, sleeps while nothing is ready, and returns when the time is over.',
  verdict: 'holds with a condition',
  says: 'It sleeps until a deadline and returns 0 then; but since Linux 5.11 the deadline is made before ep_poll, in ep_timeout_to_timespec.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      const before = sys.nowNs;
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 20)).ret, 0, 'nothing comes: 0');
      asClaimed(sys, sys.nowNs - before >= 20e6, true, 'when the time is over');
      yield* lateWrite(sys, w, 'x');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 1000)).ret, 1, 'something comes: it returns then');
    },
  }),
  inside: (run) => {
    const [wait] = run.calls('epoll_wait');
    run.unlikeClaim(wait, wait?.enters('do_epoll_wait', 'ep_timeout_to_timespec', 'ep_poll') ?? wait?.enters('ep_timeout_to_timespec', 'do_epoll_wait', 'ep_poll'), 'the deadline stands before ep_poll is entered');
  },
};

const F11: Claim = {
  id: 'F11',
  claim: 'The caller of epoll_wait is put on ep->wq with a wake-up function; it is taken off, and is TASK_RUNNING again, when something is ready or the time is over.',
  verdict: 'holds',
  says: 'The function is ep_autoremove_wake_function, which takes the entry off as it wakes; a caller for whom something is ready at once is never put there.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* lateWrite(sys, w, 'x');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, -1)).ret, 1, 'it sleeps, and returns with the event');
    },
  }),
  inside: (run) => {
    const [wait] = run.calls('epoll_wait');
    const [write] = run.calls('write');
    run.asClaimed(wait, wait?.does('queue', 'add'), 'the caller is put on ep->wq');
    run.asClaimed(write, write?.enters('ep_poll_callback', 'ep_autoremove_wake_function'), 'the write calls its wake-up function');
    run.asClaimed(write, write?.shows((view) => epoll(view).wq.entries.length === 0), 'and it is off the queue');
  },
};

const F12: Claim = {
  id: 'F12',
  claim: 'When rdllist or ovflist is not empty, ep_send_events is called, which calls ep_scan_ready_list to take rdllist.',
  verdict: 'holds with a condition',
  says: 'So it was up to Linux 5.10; since 5.11 there is no ep_scan_ready_list, and ep_send_events calls ep_start_scan and ep_done_scan itself.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      sys.expect((yield* sys.epoll_wait(ep, 8, 0)).ret, 0);
      yield* sys.write(w, 'x');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 1, 'with an item on rdllist there is something to send');
    },
  }),
  inside: (run) => {
    const [empty, ready] = run.calls('epoll_wait');
    run.asClaimed(empty, empty !== undefined && empty.enters('ep_send_events') === null ? empty.to - 1 : null, 'with nothing on the lists ep_send_events is not called');
    run.asClaimed(ready, ready?.enters('ep_poll', 'ep_events_available', 'ep_send_events'), 'with an item it is');
    run.unlikeClaim(ready, ready?.enters('ep_send_events', 'ep_start_scan', 'ep_done_scan'), 'rdllist is taken by ep_start_scan');
  },
};

const F13: Claim = {
  id: 'F13',
  claim: 'Events that happen during the scan go to ovflist, and from there to rdllist after it, to be returned by the next epoll_wait.',
  verdict: 'holds',
  says: 'ep_done_scan puts them at the front of rdllist, in the order in which they fired, before what was put back during the scan.',
  programs: () => ({
    *main(sys) {
      const { first, next } = yield* duringScan(sys, EPOLLIN | EPOLLET);
      asClaimed(sys, first, 1, 'the scan returns what was ready when it began');
      asClaimed(sys, next, 1, 'the next epoll_wait returns what came during the scan');
    },
  }),
  inside: (run) => {
    const late = run.calls('write')[1];
    const [wait] = run.calls('epoll_wait');
    run.asClaimed(late, late?.does('ovflist', 'add'), 'to ovflist');
    const off = wait?.does('ovflist', 'del') ?? null;
    run.asClaimed(wait, off === null ? null : wait?.does('rdllist', 'add', off), 'and after the scan to rdllist');
  },
};

const F14: Claim = {
  id: 'F14',
  claim: 'ep_send_events_proc walks the list and asks ep_item_poll for each epitem\'s mask; a mask that is not 0 is copied to the user, an epitem whose mask is 0 is passed over and is off the ready list.',
  verdict: 'holds with a condition',
  says: 'All of it is done still, but since Linux 5.11 the loop stands in ep_send_events itself.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const [r2, w2] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r2, EPOLLIN);
      yield* sys.write(w, 'x');
      yield* sys.write(w2, 'y');
      sys.expect(yield* sys.read(r, 1), 'x');
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r2 }], 'two items on the list, one of them with a mask');
    },
  }),
  inside: (run) => {
    const [wait] = run.calls('epoll_wait');
    run.asClaimed(wait, wait?.enters('ep_item_poll', 'ep_item_poll'), 'both are asked');
    run.asClaimed(wait, wait?.shows((view) => epoll(view).rdllist.length === 1), 'the empty one is off the list');
    const [send, poll] = ['ep_send_events', 'ep_item_poll'].map((name) => wait?.entries.find((entry) => entry.kind === 'enter' && entry.name === name));
    run.unlikeClaim(wait, send !== undefined && poll?.depth === send.depth + 1 ? poll.step : null, 'ep_item_poll is called by ep_send_events, with no function in between');
  },
};

const F15: Claim = {
  id: 'F15',
  claim: 'If the copy to user space fails, the epitem goes back to the head of the list, and the call returns the events copied so far, or EFAULT if there are none.',
  verdict: 'holds',
  says: 'Nothing is lost: the item whose copy failed is the first of the next call.',
  programs: () => ({
    *main(sys) {
      const [a, w] = yield* sys.pipe();
      const b = yield* sys.dup(a);
      const ep = yield* watching(sys, a, EPOLLIN);
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, b, EPOLLIN);
      yield* sys.write(w, 'x');
      const { events } = yield* sys.epoll_wait(ep, 2, 0);
      const order = events.map(({ data }) => data);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 2, 0, badPointer())).ret, -EFAULT, 'not even one can be copied');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 2, 0, faultingAt(12, 24))).ret, 1, 'the second one cannot be copied');
      const after = (yield* sys.epoll_wait(ep, 2, 0)).events.map(({ data }) => data);
      asClaimed(sys, after, [order[1], order[0]], 'and is the first of the next call');
    },
  }),
};

const F16: Claim = {
  id: 'F16',
  claim: 'EPOLLONESHOT clears all but the private bits of the epitem\'s events once reported.',
  verdict: 'holds',
  says: 'The item stays in the tree and is deaf, to errors and hang-ups too, until EPOLL_CTL_MOD gives it events again.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN | EPOLLONESHOT);
      yield* sys.write(w, 'x');
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 1, 'reported once');
      yield* sys.close(w);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 0, 'and not again, not even the hang-up');
      yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, EPOLLIN | EPOLLONESHOT);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 1, 'until EPOLL_CTL_MOD');
    },
  }),
  inside: (run) => {
    const [wait] = run.calls('epoll_wait');
    run.asClaimed(wait, wait?.shows((view) => items(view)[0]!.disabled && items(view)[0]!.events === 'EPOLLONESHOT'), 'of the events only the private bits are left');
  },
};

/** One event of a pipe, reported and left unread; then a second wait, a second write, and a third wait. Sleeps never. */
function* twice(sys: Sys, mask: number): Sleeps<readonly number[]> {
  const [r, w] = yield* sys.pipe();
  const ep = yield* watching(sys, r, mask);
  yield* sys.write(w, 'x');
  const told = [(yield* sys.epoll_wait(ep, 8, 0)).ret, (yield* sys.epoll_wait(ep, 8, 0)).ret];
  yield* sys.write(w, 'y');
  told.push((yield* sys.epoll_wait(ep, 8, 0)).ret);
  yield* sys.close(ep);
  return told;
}

const F17: Claim = {
  id: 'F17',
  claim: 'This is the whole difference between LT and ET: an LT epitem is put back at the tail of rdllist after it was reported, an ET epitem is not, until ep_poll_callback queues it again.',
  verdict: 'holds',
  says: 'EPOLLET is looked at in one place of the kernel, after an event has been copied; the callback treats both alike.',
  programs: () => ({
    *main(sys) {
      asClaimed(sys, yield* twice(sys, EPOLLIN), [1, 1, 1], 'level-triggered: told again');
      asClaimed(sys, yield* twice(sys, EPOLLIN | EPOLLET), [1, 0, 1], 'edge-triggered: told again when the callback has queued it');
    },
  }),
  inside: (run) => {
    const waits = run.calls('epoll_wait');
    run.asClaimed(waits[0], waits[0]?.does('rdllist', 'add'), 'level-triggered: back on rdllist after it was reported');
    run.asClaimed(waits[3], waits[3]?.shows((view) => epoll(view).rdllist.length === 0), 'edge-triggered: reported, and rdllist is empty');
    const again = run.calls('write')[3];
    run.asClaimed(again, again?.enters('ep_poll_callback') === null ? null : again?.does('rdllist', 'add'), 'until ep_poll_callback queues it');
  },
};

const F18: Claim = {
  id: 'F18',
  claim: 'An LT descriptor that the program has dealt with completely is looked at once more by the next epoll_wait, which then drops it; if all were dealt with, that epoll_wait returns 0 for nothing.',
  verdict: 'holds with a condition',
  says: 'It looks and drops, but it returns 0 for that only with timeout 0: otherwise it finds nothing to send, goes to sleep and returns with the next event.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      for (const timeout of [0, 1000]) {
        yield* sys.write(w, 'x');
        sys.expect((yield* sys.epoll_wait(ep, 8, 0)).ret, 1);
        sys.expect(yield* sys.read(r, 1), 'x', 'dealt with completely');
        if (timeout > 0) yield* lateWrite(sys, w, 'y');
        const { ret } = yield* sys.epoll_wait(ep, 8, timeout);
        if (timeout === 0) asClaimed(sys, ret, 0, 'timeout 0: it returns 0');
        else unlikeClaim(sys, ret, 1, 'any other timeout: it sleeps, and returns the next event');
      }
    },
  }),
  inside: (run) => {
    const wait = run.calls('epoll_wait')[1];
    run.asClaimed(wait, wait?.enters('ep_send_events', 'ep_item_poll'), 'the item is looked at once more');
    run.asClaimed(wait, wait?.shows((view) => epoll(view).rdllist.length === 0), 'and dropped');
  },
};

export const claimsF: readonly Claim[] = [F1, F2, F3, F4, F5, F6, F7, F8, F9, F10, F11, F12, F13, F14, F15, F16, F17, F18];
