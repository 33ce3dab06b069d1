/**
 * Two hosts, and the cable between them is pulled in the middle of a connection. Who has something to say finds out, who only
 * listens does not, unless he asked for keepalive.
 */

import {
  AF_INET, EHOSTUNREACH, EPOLL_CTL_ADD, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, edge, ETIMEDOUT, POLLOUT, SO_KEEPALIVE, SOCK_STREAM, SOL_SOCKET, SOL_TCP, type Scenario,
} from '../scenario/index.js';
import { listenOn } from './tcp.js';

// tcp(7)
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;

export const pulledCable: Scenario = {
  name: 'pulled-cable',
  title: 'The cable between two hosts is pulled: writes still succeed, and the error comes a quarter of an hour later.',
  about: 'A connection is two ends that remember each other; nothing goes over the wire while nobody sends, so a cut is no event. The client writes into the '
    + 'cut: write() succeeds, because it only fills the send buffer, and epoll still says EPOLLOUT. The kernel sends again and again, after 0.2 s, 0.4 s, 0.8 s ... up '
    + 'to two minutes apart, and after tcp_retries2 = 15 attempts, some 15 minutes, gives up. If the plug was pulled, the kernel asks for the neighbour\'s '
    + 'address meanwhile and hears nothing, so the error is EHOSTUNREACH; if something farther away died, it is ETIMEDOUT. The server has nothing to '
    + 'send. Without keepalive it would wait for ever; with it, three probes go unanswered and it is told after 25 s. A program that must know sooner sends '
    + 'something itself, or sets TCP_USER_TIMEOUT.',
  options: { trigger: ['LT', 'ET'], cut: ['cable', 'silent'] },
  network: () => ({
    hosts: { server: { address: '10.0.0.1' }, client: { address: '10.0.0.2' } },
    links: { cable: { between: ['server', 'client'], delayMs: 5 } },
  }),
  programs: (options, net) => ({
    server: {
      *listener(sys) {
        const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 7000, 0, '0.0.0.0')));
        sys.must(yield* sys.setsockopt(fd, SOL_TCP, TCP_KEEPIDLE, 10));
        sys.must(yield* sys.setsockopt(fd, SOL_TCP, TCP_KEEPINTVL, 5));
        sys.must(yield* sys.setsockopt(fd, SOL_TCP, TCP_KEEPCNT, 3));
        sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) }));
        yield* sys.epoll_wait(ep, 8, -1);
        sys.expect(yield* sys.read(fd, 100), 'hello', 'the cable is whole');
        sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: EPOLLIN | EPOLLERR | EPOLLHUP, data: fd }], 'the probes went unanswered');
        sys.expect(Math.floor(sys.nowNs / 1e9), (s: number) => s >= 25 && s <= 28, 'after 10 + 3 x 5 seconds');
        sys.expect(yield* sys.read(fd, 100), -ETIMEDOUT);
      },
    },
    client: {
      *talker(sys) {
        yield* sys.msleep(1);
        const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
        sys.must(yield* sys.connect(fd, { port: 7000, host: '10.0.0.1' }));
        sys.must(yield* sys.write(fd, 'hello'));
        yield* sys.msleep(500);
        net.link('cable').cut(options['cut'] === 'cable' ? 'cable' : 'silent');
        sys.expect(yield* sys.write(fd, 'anybody there?'), 14, 'write() into the cut succeeds');
        yield* sys.msleep(60_000);
        sys.expect(yield* sys.poll([{ fd, events: POLLOUT }], 0), [EPOLLOUT], 'a minute later there is still room, and no error');
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) }));
        sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: EPOLLIN | EPOLLERR | EPOLLHUP, data: fd }], 'the kernel has given up');
        sys.expect(sys.nowNs / 60e9, (minutes: number) => minutes > 15 && minutes < 19, 'after a quarter of an hour');
        sys.expect(yield* sys.read(fd, 100), options['cut'] === 'cable' ? -EHOSTUNREACH : -ETIMEDOUT, 'read() tells why');
        sys.expect(yield* sys.read(fd, 100), 0, 'once');
      },
    },
  }),
};
