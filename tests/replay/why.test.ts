/**
 * Why a divergence is one: logs that were made wrong by hand, and the chain, or its first missing link, that the report tells.
 */

import { readEvents } from '../../src/replay/reader.js';
import { searchReplay } from '../../src/replay/search.js';

const START = `
7  pipe2([3, 4], O_NONBLOCK) = 0
7  epoll_create1(0) = 5
7  epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=3, u64=3}}) = 0
7  epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT|EPOLLONESHOT, data={u32=4, u64=8589934596}}) = 0
7  write(4, "ab", 2) = 2
`;
const OUT = '{events=EPOLLOUT, data={u32=4, u64=8589934596}}';
const IN = '{events=EPOLLIN, data={u32=3, u64=3}}';
const BOTH = `7  epoll_wait(5, [${OUT}, ${IN}], 8, 0) = 2\n`;

/** What is told of each divergence behind its first clause. */
function reasons(log: string): string[] {
  const { divergences } = searchReplay('test.log', readEvents([`${START}${log}`.slice(1)], { file: 'test.log' }));
  return divergences.map(({ line, why }) => `${line}: ${why.slice(why.indexOf(';') + 2)}`);
}

test('a log that agrees', () => {
  expect(reasons(BOTH)).toEqual([]);
});

test('an event that the log lacks: how it came about', () => {
  expect(reasons(`7  epoll_wait(5, [${OUT}], 8, 0) = 1\n`)).toEqual([
    '6: strace-7(7) is handed EPOLLIN for fd 3, as event 1, because strace-7(7) wrote to pipe#7 (fd 4)',
  ]);
});

test('an event that the model lacks: the first missing link', () => {
  expect(reasons(`${BOTH}7  epoll_wait(5, [${IN}], 8, 0) = 1\n`)).toEqual([
    '7: EPOLLIN is missing: fd 3 is edge-triggered, and its edge was told at line 6, with 2 bytes left unread; there is no new edge until something new arrives: read until EAGAIN',
  ]);
  expect(reasons(`${BOTH}7  epoll_wait(5, [${OUT}], 8, 0) = 1\n`)[0]).toContain('EPOLLOUT is missing: fd 4 is one-shot: its event was delivered at line 6, which disarmed it');
});

test('a bit that the model lacks, and one that nobody asked for', () => {
  expect(reasons(`7  epoll_wait(5, [${OUT}, {events=EPOLLIN|EPOLLHUP, data={u32=3, u64=3}}], 8, 0) = 2\n`)).toEqual([
    expect.stringMatching(/^6: EPOLLHUP is missing: nothing that fd 3 was asked for \(EPOLLHUP\) has happened/),
  ]);
  expect(reasons(`7  epoll_wait(5, [${OUT}, {events=EPOLLIN|EPOLLPRI, data={u32=3, u64=3}}], 8, 0) = 2\n`)).toEqual([
    '6: fd 3 was not asked for EPOLLPRI: it is registered for EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET',
  ]);
});

test('an event of nobody, and another order', () => {
  expect(reasons(`7  epoll_wait(5, [${OUT}, {events=EPOLLIN, data={u32=9, u64=9}}], 8, 0) = 2\n`)).toEqual(['6: nothing that fd 5 watches now carries the data 9']);
  expect(reasons(`7  epoll_wait(5, [${IN}, ${OUT}], 8, 0) = 2\n`)).toEqual(['6: in the model fd 4 came to the ready list at line 4, and fd 3 at line 5']);
});

test('a wait that sleeps on in the model', () => {
  const [told] = reasons(`${BOTH}7  epoll_wait(5, [${IN}], 8, -1) = 1\n`);
  expect(told).toContain('EPOLLIN is missing: fd 3 is edge-triggered');
});

test('poll, select and read: what last happened to the descriptor', () => {
  expect(reasons('7  poll([{fd=3, events=POLLIN}], 1, 0) = 0 (Timeout)\n')).toEqual([
    '6: the last that happened to fd 3 is, at line 5, that strace-7(7) wrote to pipe#7 (fd 4); fd 3 is ready for IN|RDNORM now',
  ]);
  expect(reasons('7  read(3, "ab", 8) = 2\n7  read(3, "c", 8) = 1\n')).toEqual([
    '7: the last that happened to fd 3 is, at line 5, that strace-7(7) wrote to pipe#7 (fd 4); strace-7(7) took what was there at line 6, and nothing new came since; fd 3 is ready for nothing now',
  ]);
  expect(reasons('7  read(3, "ab", 8) = 2\n7  select(4, [3], NULL, NULL, {tv_sec=0, tv_usec=0}) = 1 (in [3], left {tv_sec=0, tv_usec=0})\n')[0]).toContain('nothing new came since');
});

test('accept: nobody has connected', () => {
  const [told] = reasons(`7  socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP) = 6
7  bind(6, {sa_family=AF_INET, sin_port=htons(7000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7  listen(6, 8) = 0
7  accept(6, NULL, NULL) = 7
`);
  expect(told).toBe('9: nothing has come to fd 6 up to this step; fd 6 is ready for nothing now');
});
