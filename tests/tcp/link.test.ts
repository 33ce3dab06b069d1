/**
 * Links between hosts: delay, rate, queue, faults, cutting and mending, and what TCP makes of them. Times of a pulled cable are those
 * that Linux 6.18 showed on a pair of veth between two network namespaces.
 */

import {
  AF_INET, ECONNRESET, EHOSTUNREACH, ENOENT, ETIMEDOUT, type Fate, machine, MSG_DONTWAIT, type Packet, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, SOL_TCP,
} from '../../src/index.js';
import type { Decisions, Host, Link, LinkOptions, Machine, Sleeps, Sys } from '../../src/scenario/index.js';
import { connectTo, ended, listenOn, pair, SERVER } from './two-hosts.js';

const TCP_INFO = 11;
const TCP_CONGESTION = 13;

/** Decides on packets as listed, and then lets them through. */
function fates(...list: number[]): Decisions & { readonly asked: number } {
  let at = 0;
  return {
    get asked(): number {
      return at;
    },
    choose: (kind) => (kind === 'packet' ? list[at++] ?? 0 : 0),
  };
}

/** A host that sends datagrams and one that notes when they come, in milliseconds. */
function datagrams(count: number, size: number, link: LinkOptions, decisions?: Decisions): { got: [text: string, ms: number][]; cable: Link; m: Machine } {
  const { m, server, client, cable } = pair(link, decisions === undefined ? {} : { decisions, preempt: 'never' });
  const got: [string, number][] = [];
  server.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
    sys.must(yield* sys.bind(fd, { port: 9, host: '0.0.0.0' }));
    for (;;) {
      const { ret, text } = yield* sys.recv(fd, 2000);
      if (ret === 0) break;
      got.push([text[0]!, sys.nowNs / 1e6]);
    }
  });
  client.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
    for (let i = 0; i < count; i++) sys.must(yield* sys.sendto(fd, String(i).padEnd(size, '-'), 0, { port: 9, host: SERVER }));
    yield* sys.msleep(10_000);
    sys.must(yield* sys.sendto(fd, '', 0, { port: 9, host: SERVER }));
  });
  expect(ended(m)).toEqual(['finished']);
  return { got, cable, m };
}

describe('the wire', () => {
  test('a packet takes its bytes over the rate, and then the delay', () => {
    expect(datagrams(3, 972, { delayMs: 5, bytesPerSecond: 1e6 }).got).toEqual([['0', 6], ['1', 7], ['2', 8]]);
    expect(datagrams(2, 972, { delayMs: 5 }).got).toEqual([['0', 5], ['1', 5]]);
  });

  test('what does not fit into the queue of the sender is dropped, from the end', () => {
    const { got, cable } = datagrams(8, 972, { delayMs: 5, bytesPerSecond: 1e6, queueBytes: 3000 });
    expect(got.map(([text]) => text)).toEqual(['0', '1', '2']);
    expect(cable.lost).toBe(5);
  });

  test('a link without faults asks nothing; one that can only lose has two alternatives', () => {
    const none = fates(1, 1, 1);
    expect(datagrams(3, 10, {}, none).got).toHaveLength(3);
    expect(none.asked).toBe(0);
    const seen: (readonly [number, readonly number[] | undefined])[] = [];
    const asks: Decisions = { choose: (kind, n, odds) => {
      if (kind === 'packet') seen.push([n, odds]);
      return 0;
    } };
    datagrams(1, 10, { faults: { lose: 0.25 } }, asks);
    expect(seen).toEqual([[2, [0.75, 0.25]], [2, [0.75, 0.25]]]);
  });

  test('a packet is lost, arrives twice, or so late that others overtake it', () => {
    const link: LinkOptions = { delayMs: 5, faults: true };
    expect(datagrams(3, 10, link, fates(0, 1, 0)).got).toEqual([['0', 5], ['2', 5]]);
    expect(datagrams(3, 10, link, fates(0, 2, 0)).got).toEqual([['0', 5], ['1', 5], ['1', 5], ['2', 5]]);
    expect(datagrams(3, 10, link, fates(0, 3, 0)).got).toEqual([['0', 5], ['2', 5], ['1', 11]]);
  });

  test('a function may decide on each packet; it sees where it comes from, which one it is, and what is in it', () => {
    const seen: Packet[] = [];
    const { got } = datagrams(2, 3, { faults: (packet) => (seen.push(packet), packet.text.startsWith('0') ? 'lose' : 'deliver') });
    expect(got.map(([text]) => text)).toEqual(['1']);
    expect(seen.slice(0, 2)).toEqual([
      { from: 'client', number: 1, protocol: 'udp', flags: [], text: '0--' }, { from: 'client', number: 2, protocol: 'udp', flags: [], text: '1--' },
    ]);
    expect(() => datagrams(1, 1, { faults: () => 'burn' as Fate })).toThrow('the fate of a packet is "burn"; expected deliver, lose, twice, late');
  });

  test('a tap has the packets that hosts send from then on, lost ones too, until nobody can send', () => {
    const { m, client, cable } = pair({ faults: ({ text }) => (text === 'b' ? 'lose' : 'deliver') });
    let taps: (readonly Packet[])[] = [];
    client.process('main', function* (sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
      const says = (text: string): Sleeps<number> => sys.sendto(fd, text, 0, { port: 9, host: SERVER });
      yield* says('before');
      taps = [cable.tap()];
      yield* says('a');
      yield* says('b');
      taps.push(cable.tap());
      cable.cut('silent');
      yield* says('c');
      cable.cut('cable');
      yield* says('d');
    });
    m.run();
    expect(taps.map((heard) => heard.filter(({ from }) => from === 'client').map(({ text, number }) => `${number}${text}`))).toEqual([['1a', '2b', '3c'], ['1c']]);
  });

  test('with a seed faults come as often as the link says', () => {
    const { m, server, client, cable } = pair({ faults: { lose: 0.2 } }, { seed: 3 });
    server.process('main', function* (sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
      sys.must(yield* sys.bind(fd, { port: 9, host: '0.0.0.0' }));
      yield* sys.msleep(1000);
    });
    client.process('main', function* (sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
      for (let i = 0; i < 500; i++) yield* sys.sendto(fd, 'x', 0, { port: 9, host: SERVER });
    });
    m.run();
    expect(cable.lost).toBeGreaterThan(70);
    expect(cable.lost).toBeLessThan(130);
  });
});

/** A connection on which the client does what `then` says after it stands; the server reads to the end. */
function connected(link: LinkOptions, setup: { client?: object; server?: object }, then: (sys: Sys, fd: number, cable: Link, m: Machine) => Sleeps<void>): { m: Machine; server: Host; arrived: number[] } {
  const m = machine({ log: 0 });
  const server = m.host('server', { address: '10.0.0.1', sysctl: setup.server ?? {} });
  const client = m.host('client', { address: '10.0.0.2', sysctl: setup.client ?? {} });
  const cable = m.link(server, client, link);
  const arrived: number[] = [];
  server.process('main', function* (sys) {
    const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
    for (;;) {
      const { ret } = yield* sys.read(fd, 1_000_000);
      if (ret <= 0) break;
      arrived.push(sys.nowNs);
    }
  });
  client.process('main', function* (sys) {
    yield* sys.msleep(1);
    const fd = yield* connectTo(sys, 80);
    yield* sys.msleep(100); // the last ACK of the handshake has arrived
    yield* then(sys, fd, cable, m);
  });
  expect(ended(m).slice(1)).toEqual([]);
  return { m, server, arrived };
}

/** Waits for an error on a connection; when it came, seconds after now, and which. */
function* errorOf(sys: Sys, fd: number): Sleeps<[seconds: number, error: number]> {
  const begin = sys.nowNs;
  yield* sys.poll([{ fd, events: 1 }], -1);
  return [Math.round((sys.nowNs - begin) / 1e7) / 100, (yield* sys.read(fd, 10)).ret];
}

describe('the pulled cable', () => {
  test.each([
    ['cable', 3, 3.08, -ETIMEDOUT], ['cable', 4, 9.22, -EHOSTUNREACH], ['cable', 5, 15.36, -EHOSTUNREACH], ['silent', 3, 6.63, -ETIMEDOUT],
  ] as const)('%s, tcp_retries2 %i: after %f s', (how, retries, seconds, error) => {
    connected({ delayMs: 0.05 }, { client: { tcp_retries2: retries } }, function* (sys, fd, cable) {
      sys.must(yield* sys.write(fd, 'x'));
      yield* sys.msleep(3000);
      cable.cut(how);
      sys.expect(yield* sys.write(fd, 'into the cut'), 12);
      const [took, found] = yield* errorOf(sys, fd);
      sys.expect(found, error);
      sys.expect(took, (s: number) => Math.abs(s - seconds) < 0.03 * seconds, 'on Linux 3.1 to 3.3 s, 9.2, 15.36, 6.6');
      sys.expect(yield* sys.read(fd, 10), 0, 'the error is told once');
    });
  });

  test('an idle connection notices nothing, and works on when the link is mended', () => {
    const { arrived } = connected({ delayMs: 5 }, {}, function* (sys, fd, cable) {
      cable.cut();
      yield* sys.msleep(86_400_000);
      cable.mend();
      sys.must(yield* sys.write(fd, 'still here'));
    });
    expect(arrived.map((ns) => ns / 1e6)).toEqual([86_400_116]);
  });

  test('mended while the kernel asks for the address: what waits arrives with the next question, each second', () => {
    const { arrived } = connected({ delayMs: 1 }, {}, function* (sys, fd, cable, m) {
      cable.cut();
      const begin = sys.nowNs / 1e6;
      m.at(begin + 1500, () => cable.mend());
      sys.must(yield* sys.write(fd, 'waits'));
      yield* sys.msleep(5000);
    });
    expect(arrived[0]! / 1e6 - 103).toBeGreaterThan(2000);
    expect(arrived[0]! / 1e6 - 103).toBeLessThan(2100); // on Linux after 2.05 to 2.26 s
  });

  test('T102: TCP_USER_TIMEOUT ends it sooner; T101: keepalive finds out without data', () => {
    connected({ delayMs: 5 }, {}, function* (sys, fd, cable) {
      sys.must(yield* sys.setsockopt(fd, SOL_TCP, 18, 5000));
      cable.cut('silent');
      sys.must(yield* sys.write(fd, 'x'));
      const [seconds, error] = yield* errorOf(sys, fd);
      sys.expect(error, -ETIMEDOUT);
      sys.expect(seconds, (s: number) => s >= 5 && s < 5.6, 'Linux: 5.44');
    });
    connected({ delayMs: 5 }, {}, function* (sys, fd, cable) {
      for (const [name, value] of [[4, 1], [5, 1], [6, 3]] as const) sys.must(yield* sys.setsockopt(fd, SOL_TCP, name, value));
      sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, 9, 1));
      cable.cut();
      const [seconds, error] = yield* errorOf(sys, fd);
      sys.expect(error, -ETIMEDOUT, 'although the host is unreachable: that is told of data only');
      sys.expect(seconds, (s: number) => s >= 4 && s < 4.2, 'Linux: 4.1');
    });
  });

  test('T99: a SYN into a dead link is repeated for 131 to 134 s', () => {
    const { m, client, cable } = pair();
    cable.cut('silent');
    client.process('main', function* (sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
      sys.expect(yield* sys.connect(fd, { port: 80, host: SERVER }), -ETIMEDOUT);
      sys.expect(sys.nowNs / 1e9, (s: number) => s > 131 && s < 137, 'Linux: 133.5');
    });
    expect(ended(m)).toEqual(['finished']);
    expect(cable.lost).toBe(11);
  });

  test('a host that has forgotten the connection answers with RST: half-open', () => {
    const { m, server, client, cable } = pair();
    server.process('main', function* (sys) {
      const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
      yield* sys.read(fd, 10);
      yield* sys.msleep(100);
      cable.cut();
      sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, 13, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])));
      yield* sys.close(fd); // its RST does not arrive
      yield* sys.msleep(5000);
      cable.mend();
    });
    client.process('main', function* (sys) {
      const fd = yield* connectTo(sys, 80);
      sys.must(yield* sys.write(fd, 'x'));
      yield* sys.msleep(6000);
      sys.expect(yield* sys.poll([{ fd, events: 4 }], 0), [4], 'nothing is known of it');
      sys.must(yield* sys.write(fd, 'are you there?'));
      sys.expect(yield* sys.read(fd, 10), -ECONNRESET);
    });
    expect(ended(m)).toEqual(['finished']);
  });
});

describe('loss and recovery', () => {
  /** Milliseconds until 300,000 bytes are read over 1,000,000 bytes a second and 10 ms, when these packets of the client are lost. */
  const transfer = (...lost: number[]): number => {
    const faults = ({ from, number }: Packet): Fate => (from === 'client' && lost.includes(number) ? 'lose' : 'deliver');
    const { arrived } = connected({ delayMs: 10, bytesPerSecond: 1e6, faults }, {}, function* (sys, fd) {
      sys.must(yield* sys.write(fd, new Uint8Array(300_000)));
    });
    return arrived.at(-1)! / 1e6;
  };

  test('fast retransmit: a hole costs about a round trip, not a timeout of 200 ms', () => {
    const whole = transfer();
    expect(whole).toBeLessThan(460);
    for (const lost of [[20], [20, 22, 24], [30, 40, 50, 60]]) expect(transfer(...lost) - whole).toBeLessThan(100);
  });

  test('a lost last packet is found by the timer only', () => {
    const times = [false, true].map((lose) => {
      let lost = !lose;
      const faults = ({ text }: Packet): Fate => {
        if (lost || !text.includes('last')) return 'deliver';
        lost = true;
        return 'lose';
      };
      return connected({ delayMs: 10, faults }, {}, function* (sys, fd) {
        yield* sys.msleep(100);
        sys.must(yield* sys.write(fd, 'last'));
        yield* sys.msleep(1000);
      }).arrived.at(-1)! / 1e6;
    });
    expect(times[1]! - times[0]!).toBeGreaterThan(200);
    expect(times[1]! - times[0]!).toBeLessThan(300);
  });

  test.each([['reno', 0.5], ['cubic', 0.7]])('TCP_CONGESTION %s: a loss leaves %f of the window', (name, rest) => {
    let before = 0;
    let lost = false;
    const faults = ({ from, number }: Packet): Fate => {
      if (lost || from === 'server' || number < 100) return 'deliver';
      lost = true;
      return 'lose';
    };
    connected({ delayMs: 20, bytesPerSecond: 2e6, faults }, {}, function* (sys, fd) {
      sys.must(yield* sys.setsockopt(fd, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode(name)));
      const info = function* (at: number): Sleeps<number> {
        return new DataView((yield* sys.getsockopt(fd, SOL_TCP, TCP_INFO, 104)).bytes.buffer).getUint32(at, true);
      };
      const ssthresh = 8 + 4 * 17;
      const cwnd = 8 + 4 * 18;
      yield* sys.fcntl(fd, 4, 0o4000);
      while ((yield* info(ssthresh)) > 1e9) {
        before = yield* info(cwnd);
        yield* sys.write(fd, new Uint8Array(10_000));
        yield* sys.nanosleep(200_000);
      }
      sys.expect(yield* info(ssthresh), (n: number) => Math.abs(n - before * rest) <= 1.5, `${rest} of ${before}`);
    });
    expect(lost).toBe(true);
  });

  test('TCP_CONGESTION gives its name, takes known ones only, and goes over to accepted sockets', () => {
    const { m, server, client } = pair();
    server.process('main', function* (sys) {
      const l = yield* listenOn(sys, 80);
      const nameOf = function* (fd: number): Sleeps<string> {
        const { bytes } = yield* sys.getsockopt(fd, SOL_TCP, TCP_CONGESTION, 16);
        return String.fromCharCode(...bytes).replace(/\0.*/, '');
      };
      sys.expect(yield* nameOf(l), 'cubic');
      sys.expect(yield* sys.setsockopt(l, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode('vega')), -ENOENT);
      sys.expect(yield* sys.setsockopt(l, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode('reno')), 0);
      sys.expect(yield* nameOf(sys.must(yield* sys.accept(l))), 'reno');
    });
    client.process('main', function* (sys) {
      yield* connectTo(sys, 80);
    });
    expect(ended(m)).toEqual(['finished']);
  });
});

describe('both at once', () => {
  /** Both hosts connect to each other from fixed ports at the same time. */
  function crossed(then: (sys: Sys, fd: number) => Sleeps<void>): Machine {
    const { m, server, client } = pair();
    for (const [host, other] of [[server, '10.0.0.2'], [client, '10.0.0.1']] as const) {
      host.process('main', function* (sys) {
        const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
        sys.must(yield* sys.bind(fd, { port: 7000, host: host.address! }));
        yield* sys.msleep(1);
        sys.expect(yield* sys.connect(fd, { port: 7000, host: other }), 0, 'crossed SYNs make one connection');
        yield* then(sys, fd);
      });
    }
    expect(ended(m)).toEqual(['finished']);
    return m;
  }

  test('simultaneous open: data flows both ways', () => {
    crossed(function* (sys, fd) {
      sys.must(yield* sys.write(fd, 'hello'));
      sys.expect(yield* sys.read(fd, 10), 'hello');
    });
  });

  test('simultaneous close: CLOSING on both sides, then TIME_WAIT on both, then nothing', () => {
    const m = crossed(function* (sys, fd) {
      yield* sys.msleep(100);
      sys.must(yield* sys.shutdown(fd, 1));
      yield* sys.msleep(7);
      sys.expect((yield* sys.getsockopt(fd, SOL_TCP, TCP_INFO, 104)).bytes[0], 11, 'CLOSING');
      yield* sys.msleep(10);
    });
    expect(m.view().timewaits.map(({ state }) => state)).toEqual(['TIME_WAIT', 'TIME_WAIT']);
    m.settle();
    expect(m.view().timewaits).toEqual([]);
    m.checkNoLeaks();
  });

  test('T103: an orphan in FIN_WAIT2 is forgotten after tcp_fin_timeout, and the peer gets RST', () => {
    const { m, server, client } = pair();
    client.sysctl.tcp_fin_timeout = 2;
    server.process('main', function* (sys) {
      const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
      sys.expect(yield* sys.read(fd, 10), '');
      yield* sys.msleep(100);
      sys.expect(m.view().hosts[1]!.timewaits.map(({ state }) => state), ['FIN_WAIT2']);
      yield* sys.msleep(4000);
      sys.expect(m.view().hosts[1]!.timewaits, []);
      sys.must(yield* sys.write(fd, 'too late'));
      yield* sys.msleep(20);
      sys.expect(yield* sys.read(fd, 10), 0, 'the end was read before, so the RST is EPIPE, and only for writers');
      sys.expect((yield* sys.getsockopt(fd, SOL_SOCKET, 4)).value, 32);
    });
    client.process('main', function* (sys) {
      yield* connectTo(sys, 80, SOCK_NONBLOCK);
      yield* sys.msleep(50);
    });
    expect(ended(m)).toEqual(['finished']);
  });
});

describe('what ends by itself', () => {
  test('an orphan repeats its FIN eight times, after a loss probe, and is gone after some 107 s; nobody is told', () => {
    connected({ delayMs: 1 }, {}, function* (sys, fd, cable, m) {
      const orphan = (): string[] => m.view().hosts[1]!.sockets.map(({ state }) => state);
      cable.cut('silent');
      yield* sys.close(fd);
      yield* sys.msleep(100_000);
      sys.expect(orphan(), ['FIN_WAIT1']);
      sys.expect(cable.lost, 10, 'on Linux at 0, 0.2 (the probe), 0.41, 0.83, 1.66, 3.32 s ...');
      yield* sys.msleep(15_000);
      sys.expect(orphan(), []);
      sys.expect(cable.lost, 10);
    });
  });

  test('a half-open connection: SYN-ACK at 0, 1, 3, 7, 15, 31 s, then it is dropped, and the listener never hears of it', () => {
    const synAcks: number[] = [];
    const { m, server, client } = pair({ delayMs: 1, faults: ({ from, flags }) => {
      if (from === 'server' && flags.includes('SYN')) synAcks.push(Math.floor(m.nowNs / 1e9));
      return from === 'client' && !flags.includes('SYN') ? 'lose' : 'deliver';
    } });
    server.process('main', function* (sys) {
      const fd = yield* listenOn(sys, 80);
      sys.expect(yield* sys.poll([{ fd, events: 1 }], 80_000), 0, 'nothing to accept');
    });
    client.process('main', function* (sys) {
      yield* connectTo(sys, 80);
      yield* sys.msleep(30_000);
      sys.expect(m.view().hosts[0]!.sockets[0]!.halfOpen, 1);
      yield* sys.msleep(40_000);
      sys.expect(m.view().hosts[0]!.sockets[0]!.halfOpen, 0);
    });
    expect(ended(m)).toEqual(['finished']);
    expect(synAcks).toEqual([0, 1, 3, 7, 15, 31]);
  });

  test('the news of an open window is lost: a probe finds out', () => {
    let deaf = false;
    const total = 400_000;
    const { m, server, client, cable } = pair({ delayMs: 1, faults: ({ from }) => (deaf && from === 'server' ? 'lose' : 'deliver') });
    server.process('main', function* (sys) {
      const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
      yield* sys.msleep(10_000);
      deaf = true;
      let got = 0;
      for (let n = 0; n >= 0; n = (yield* sys.recv(fd, 10_000, MSG_DONTWAIT)).ret) got += n;
      deaf = false;
      sys.expect(cable.lost, (lost: number) => lost > 0, 'the window updates are lost');
      const begin = sys.nowNs;
      for (let n = 1; n > 0; ) got += (n = sys.must(yield* sys.read(fd, 100_000)).ret);
      sys.expect(got, total);
      sys.expect((sys.nowNs - begin) / 1e9, (s: number) => s > 0.1 && s < 14, 'the next probe comes after the doubled time');
    });
    client.process('main', function* (sys) {
      sys.must(yield* sys.write(yield* connectTo(sys, 80), new Uint8Array(total)));
    });
    expect(ended(m)).toEqual(['finished']);
  });

  test('a peer whose window is closed and who is gone: tcp_retries2 probes, then ETIMEDOUT', () => {
    const { m, server, client, cable } = pair({ delayMs: 1 });
    client.sysctl.tcp_retries2 = 4;
    server.process('main', function* (sys) {
      sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
      yield* sys.msleep(100_000);
    });
    client.process('main', function* (sys) {
      const fd = yield* connectTo(sys, 80, SOCK_NONBLOCK);
      yield* sys.msleep(100);
      while ((yield* sys.write(fd, new Uint8Array(50_000))) > 0) yield* sys.msleep(20);
      yield* sys.msleep(2000);
      sys.expect(yield* sys.poll([{ fd, events: 4 }], 0), 0, 'full, and alive while the peer answers');
      cable.cut('silent');
      const [seconds, error] = yield* errorOf(sys, fd);
      sys.expect(error, -ETIMEDOUT);
      sys.expect(seconds, (s: number) => s > 3 && s < 60);
    });
    expect(ended(m)).toEqual(['finished']);
  });
});
