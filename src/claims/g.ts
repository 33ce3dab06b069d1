/**
 * Claims G1 to G4: the way from a segment that arrives to an item on a ready list.
 */

import { EPOLLIN } from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim } from './claim.js';
import { deliver, duringScan, reported, watching } from './steps.js';

const G1: Claim = {
  id: 'G1',
  claim: 'The socket layer has a general poll function; for TCP it is tcp_poll.',
  verdict: 'holds',
  says: 'A file that is a socket has sock_poll, which calls the poll function of the protocol: tcp_poll, udp_poll or unix_poll.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN);
      asClaimed(sys, yield* reported(sys, ep), 0, 'no data, no event');
    },
  }),
  inside: (run) => {
    const [ctl] = run.calls('epoll_ctl');
    run.asClaimed(ctl, ctl?.enters('ep_insert', 'ep_item_poll', 'sock_poll', 'tcp_poll'), 'ep_insert asks the socket: sock_poll, and from there tcp_poll');
  },
};

const G2: Claim = {
  id: 'G2',
  claim: 'When data arrives the socket calls sk_data_ready, which is sock_def_readable; it walks the wait queue of the socket and calls each entry\'s function.',
  verdict: 'holds',
  says: 'On loopback it happens inside the sender\'s write: the segment is processed before that returns.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN);
      yield* deliver(sys, client, 'x');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'the data is reported');
    },
  }),
  inside: (run) => {
    const arrival = run.since('write');
    run.asClaimed(arrival, arrival?.enters('tcp_data_queue', 'sock_def_readable'), 'the data is queued, then sock_def_readable is called');
    run.asClaimed(arrival, arrival?.enters('sock_def_readable', '__wake_up_common', 'ep_poll_callback'), 'the walk of the wait queue calls ep_poll_callback');
  },
};

const G3: Claim = {
  id: 'G3',
  claim: 'epoll\'s function is ep_poll_callback: it puts the epitem on rdllist, from which epoll_wait takes it.',
  verdict: 'holds',
  says: 'The callback asks nothing of the file and copies nothing: it links the item, and wakes one who waits.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.write(w, 'x');
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'reported');
    },
  }),
  inside: (run) => {
    const [write] = run.calls('write');
    const [wait] = run.calls('epoll_wait');
    run.asClaimed(write, write?.enters('ep_poll_callback') === null ? null : write?.does('rdllist', 'add'), 'ep_poll_callback puts the item on rdllist');
    run.asClaimed(wait, wait?.does('rdllist', 'del'), 'epoll_wait takes it from there');
  },
};

const G4: Claim = {
  id: 'G4',
  claim: 'If ovflist is not EP_UNACTIVE_PTR, rdllist is being scanned, and ep_poll_callback puts the epitem on ovflist instead.',
  verdict: 'holds',
  says: 'It wakes the waiters all the same: since Linux 5.7 a scan that runs is no reason to say nothing.',
  programs: () => ({
    *main(sys) {
      asClaimed(sys, (yield* duringScan(sys, EPOLLIN)).next, 2, 'the next epoll_wait tells of both');
    },
  }),
  inside: (run) => {
    const late = run.calls('write')[1];
    run.asClaimed(late, late?.enters('ep_poll_callback') === null ? null : late?.does('ovflist', 'add'), 'ep_poll_callback puts the item on ovflist');
    run.asClaimed(late, late?.does('rdllist', 'add') === null ? late.to - 1 : null, 'and not on rdllist');
  },
};

export const claimsG: readonly Claim[] = [G1, G2, G3, G4];
