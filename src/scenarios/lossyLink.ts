/**
 * One packet of ten is lost. In the middle of the stream its successors tell of the loss and it is sent again at once; at the end
 * nobody tells, and only a timer finds out.
 */

import { AF_INET, EPOLL_CTL_ADD, EPOLLIN, edge, SOCK_STREAM, SOL_TCP, type Scenario } from '../scenario/index.js';
import { listenOn } from './tcp.js';

// tcp(7)
const TCP_NODELAY = 1;
const PIECES = 'ABCDEFGHIJ'.split('').map((letter) => letter.repeat(1000));

export const lossyLink: Scenario = {
  name: 'lossy-link',
  title: 'A packet is lost on the way: what came behind it waits unseen in the kernel, and epoll tells of nothing.',
  about: 'The client sends ten packets over a link of 5 ms, one of them is lost. The packets behind the hole arrive in time and are kept out of order; they make '
    + 'nothing readable, so epoll_wait sleeps although nine tenths of the data are here. Each of them makes the receiver repeat its last acknowledgement; at the '
    + 'third repetition the sender takes the packet for lost and sends it again (fast retransmit): 10 ms later all of it is readable at once. When the last '
    + 'packet is lost, nothing comes behind it and nobody repeats anything. The sender waits for its timer, 200 ms at least. On a lossy link small answers are the '
    + 'slow ones.',
  options: { trigger: ['LT', 'ET'], lose: ['middle', 'last', 'none'] },
  network: (options) => {
    const letter = options['lose'] === 'middle' ? 'C' : options['lose'] === 'last' ? 'J' : '?';
    let lost = false;
    return {
      hosts: { server: { address: '10.0.0.1' }, client: { address: '10.0.0.2' } },
      links: {
        radio: {
          between: ['server', 'client'], delayMs: 5,
          faults: ({ text }) => {
            if (lost || !text.includes(letter)) return 'deliver';
            lost = true;
            return 'lose';
          },
        },
      },
    };
  },
  programs: (options, net) => {
    const total = PIECES.length * 1000;
    let sentAtNs = 0;
    return {
      server: {
        *reader(sys) {
          const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 7000, 0, '0.0.0.0')));
          const ep = sys.must(yield* sys.epoll_create1());
          sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) }));
          let got = '';
          while (got.length < total) {
            sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: EPOLLIN, data: fd }]);
            got += sys.must(yield* sys.read(fd, 2 * total)).text;
          }
          const tookMs = (sys.nowNs - sentAtNs) / 1e6;
          sys.expect(got === PIECES.join(''), true, 'everything arrives, once and in order');
          sys.expect(net.link('radio').lost, options['lose'] === 'none' ? 0 : 1, 'packets lost');
          const [least, most] = { none: [5, 6], middle: [15, 30], last: [205, 300] }[options['lose'] as 'none']!;
          sys.expect(tookMs, (ms: number) => ms >= least! && ms <= most!, `the last byte is read after ${least} to ${most} ms`);
          sys.must(yield* sys.write(fd, 'thanks'));
        },
      },
      client: {
        *sender(sys) {
          yield* sys.msleep(1);
          const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
          sys.must(yield* sys.setsockopt(fd, SOL_TCP, TCP_NODELAY, 1));
          sys.must(yield* sys.connect(fd, { port: 7000, host: '10.0.0.1' }));
          yield* sys.msleep(20);
          sentAtNs = sys.nowNs;
          for (const piece of PIECES) sys.must(yield* sys.write(fd, piece));
          sys.expect(yield* sys.read(fd, 100), 'thanks');
        },
      },
    };
  },
};
