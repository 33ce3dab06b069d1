/**
 * Claims H1 to H6: the parts of a Reactor and a Proactor, each shown with those of src/reactor.
 */

import { AF_UNIX, EAGAIN, SOCK_NONBLOCK, SOCK_STREAM, type Sleeps, type Sys } from '../scenario/index.js';
import { Acceptor, Channel, Connector, EventLoop, pollerNamed, POLLERS, Proactor, READABLE } from '../reactor/index.js';
import { asClaimed, type Claim } from './claim.js';

/** A loop that is open. Sleeps never. */
function* openLoop(sys: Sys, poller = 'epoll-lt'): Sleeps<EventLoop> {
  const loop = new EventLoop(sys, pollerNamed(sys, poller));
  yield* loop.open();
  return loop;
}

const H1: Claim = {
  id: 'H1',
  claim: 'Handle: a descriptor the operating system gives, which identifies an event source.',
  verdict: 'holds',
  says: 'Pipes, sockets, timers, signals and counters all have descriptors on Linux, so one loop can wait for all of them.',
  programs: () => ({
    *main(sys) {
      const loop = yield* openLoop(sys);
      const [pipe, w] = yield* sys.pipe();
      const counter = yield* sys.eventfd(0);
      const called: number[] = [];
      for (const fd of [pipe, counter]) yield* loop.watch(new Channel(fd, () => void called.push(fd)), READABLE);
      yield* sys.eventfdWrite(counter, 1);
      yield* loop.turn();
      asClaimed(sys, called, [counter], 'the handler of the counter is called, and no other');
      sys.expect((yield* sys.eventfdRead(counter)).ret, 8);
      yield* sys.write(w, 'x');
      yield* loop.turn();
      asClaimed(sys, called, [counter, pipe], 'then the one of the pipe');
    },
  }),
};

const H2: Claim = {
  id: 'H2',
  claim: 'Synchronous event demultiplexer: select, poll or epoll behind one interface, driven in an event loop.',
  verdict: 'holds',
  says: 'The same handler runs on each of them; what differs is how often the descriptors are handed to the kernel.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      yield* sys.write(w, 'x');
      const told: string[] = [];
      for (const name of POLLERS) {
        const loop = yield* openLoop(sys, name);
        yield* loop.watch(new Channel(r, () => void told.push(name)), READABLE);
        yield* loop.turn();
        yield* loop.close();
      }
      asClaimed(sys, told, [...POLLERS], 'one handler, four demultiplexers');
    },
  }),
};

const H3: Claim = {
  id: 'H3',
  claim: 'Event handler: an interface of callbacks, which must not block (a channel).',
  verdict: 'holds',
  says: 'Nothing stops a handler from blocking; but while it does the loop serves nobody else.',
  programs: () => ({
    *main(sys) {
      const loop = yield* openLoop(sys);
      const served: number[] = [];
      const start = sys.nowNs;
      for (const pause of [0, 50, 0]) {
        const [r, w] = yield* sys.pipe();
        yield* loop.watch(new Channel(r, function* handler() {
          served.push(Math.round((sys.nowNs - start) / 1e6));
          if (pause > 0) yield* sys.msleep(pause);
        }), READABLE);
        yield* sys.write(w, 'x');
      }
      yield* loop.turn();
      asClaimed(sys, served[1]! < 5, true, 'three are ready; the first two handlers are called at once');
      asClaimed(sys, served[2]! >= 50, true, 'the second one sleeps, and the third waits for it');
    },
  }),
};

const H4: Claim = {
  id: 'H4',
  claim: 'Concrete event handler: the application\'s service (an acceptor, a connector).',
  verdict: 'holds',
  says: 'An Acceptor is a handler of a listening descriptor, a Connector one of a descriptor that is connecting; both end in a connection.',
  programs: () => ({
    *main(sys) {
      const loop = yield* openLoop(sys);
      const fds: string[] = [];
      const acceptor = new Acceptor(loop, { port: 7000 }, (fd) => void fds.push(fd > 0 ? 'accepted' : ''));
      yield* acceptor.listen();
      const connector = new Connector(loop, { port: 7000 }, (fd) => void fds.push(fd > 0 ? 'connected' : ''));
      yield* connector.start();
      while (fds.length < 2) yield* loop.turn();
      asClaimed(sys, [...fds].sort(), ['accepted', 'connected'], 'the loop called both');
      yield* acceptor.close();
    },
  }),
};

const H5: Claim = {
  id: 'H5',
  claim: 'Reactor: registers and removes handlers, runs the demultiplexer, dispatches to the handlers (an event loop).',
  verdict: 'holds',
  says: 'EventLoop has watch, unwatch and turn for it, and timers and work of other threads besides.',
  programs: () => ({
    *main(sys) {
      const loop = yield* openLoop(sys);
      const [r, w] = yield* sys.pipe();
      let dispatched = 0;
      const channel = new Channel(r, () => void dispatched++);
      yield* loop.watch(channel, READABLE);
      yield* sys.write(w, 'x');
      yield* loop.turn();
      asClaimed(sys, dispatched, 1, 'registered, waited, dispatched');
      yield* loop.unwatch(channel);
      loop.runAfter(5, () => undefined);
      yield* loop.turn();
      asClaimed(sys, dispatched, 1, 'removed: there is a byte still, and nobody is called');
    },
  }),
};

const H6: Claim = {
  id: 'H6',
  claim: 'Reactor is synchronous I/O, Proactor asynchronous: in Reactor the application reads and writes itself when told it can, in Proactor the operating system does it and tells that it is done.',
  verdict: 'holds with a condition',
  says: 'A Proactor on epoll makes the same read in the same process, a layer below the handler; only io_uring lets the kernel itself do it, so that the call goes away.',
  programs: () => ({
    *main(sys) {
      const loop = yield* openLoop(sys);
      const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
      const steps: string[] = [];
      const channel = new Channel(a, function* readable() {
        steps.push(`told that it may read; reads ${(yield* sys.read(a, 10)).text}`);
      });
      yield* loop.watch(channel, READABLE);
      yield* sys.write(b, 'one');
      yield* loop.turn();
      asClaimed(sys, steps, ['told that it may read; reads one'], 'Reactor: the handler makes the read');
      yield* loop.unwatch(channel);
      const proactor = new Proactor(loop);
      yield* proactor.read(a, 10, (_errno, bytes) => void steps.push(`told of ${bytes.length} bytes`));
      yield* sys.write(b, 'four');
      while (steps.length < 2) yield* loop.turn();
      asClaimed(sys, steps[1], 'told of 4 bytes', 'Proactor: the handler has the bytes, and makes no call');
      sys.expect((yield* sys.read(a, 10)).ret, -EAGAIN, 'they are gone from the socket');
    },
  }),
  inside: (run) => {
    const read = run.calls('read').find(({ event }) => event.ret === 'four'.length);
    run.unlikeClaim(read, read === undefined ? null : read.to - 1, 'the read of the Proactor is a call of this process too, made by the layer between the kernel and the handler');
  },
};

export const claimsH: readonly Claim[] = [H1, H2, H3, H4, H5, H6];
