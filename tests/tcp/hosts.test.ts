/**
 * Several hosts in one machine: each has a kernel of its own, and they share the time, the choices and the order of steps.
 * Programs are those of the scenario API.
 */

import { AF_INET, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, type MachineOptions, machineText, ScenarioError, SOCK_DGRAM, SOCK_STREAM } from '../../src/index.js';
import type { Machine, Sleeps, Sys } from '../../src/scenario/index.js';
import { listenOn, pair } from './two-hosts.js';

/** A server that answers one question in capital letters. */
function* capitals(sys: Sys): Sleeps<void> {
  const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 80)));
  sys.must(yield* sys.write(fd, (yield* sys.read(fd, 100)).text.toUpperCase()));
}

function asks(times: number[]): (sys: Sys) => Sleeps<void> {
  return function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.0.0.1' }), 0);
    times.push(sys.nowNs / 1e6);
    yield* sys.write(fd, 'hello');
    sys.expect(yield* sys.read(fd, 100), 'HELLO');
    times.push(sys.nowNs / 1e6);
  };
}

test('a question and its answer over a link of 5 ms: two ways for the handshake, two for the question', () => {
  const { m, server, client } = pair();
  const times: number[] = [];
  server.process('main', capitals);
  client.process('main', asks(times));
  expect(m.run()).toMatchObject({ halt: 'finished', failures: [], left: [] });
  expect(times).toEqual([10, 20]);
  m.settle();
  m.checkInvariants();
  m.checkNoLeaks();
});

test('each line of the log, each object of a view and each name in an outcome says which host it belongs to', () => {
  const { m, server, client } = pair();
  server.process('main', capitals);
  client.process('main', asks([]));
  expect(m.runUntil(7)).toMatchObject({ halt: 'time', timeNs: 7e6, left: ['main(1) on server', 'main(2) on client'] });
  const view = m.view();
  expect(view.hosts.map(({ name, addresses }) => [name, addresses])).toEqual([['server', ['10.0.0.1']], ['client', ['10.0.0.2']]]);
  expect(view.hosts.map(({ tasks }) => tasks.map(({ name }) => name))).toEqual([['main(1)'], ['main(2)']]);
  expect(view.hosts[1]!.sockets.map(({ state, peer }) => [state, peer])).toEqual([['SYN_SENT', '10.0.0.1:80']]);
  expect(view.tasks).toEqual(view.hosts.flatMap(({ tasks }) => tasks));
  expect(view.links).toMatchObject([{ name: 'server-client', state: 'whole', delayNs: 5e6, packets: [{ flags: 'SYN|ACK', toHost: 'client', arrivesNs: 10e6 }] }]);
  expect(machineText(view)).toContain('  host client 10.0.0.2\n    main(2) sleeping in connect(');
  m.run();
  expect(m.strace().split('\n')[0]).toBe('server 1     socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3');
  expect(m.log.lines.every(({ host, pid }) => host === (pid === 1 ? 'server' : 'client'))).toBe(true);
});

test('two hosts share nothing: the same port, path and descriptor numbers are free on both', () => {
  const { m, server, client } = pair();
  for (const host of [server, client]) {
    host.process('main', function* (sys) {
      sys.expect(yield* listenOn(sys, 80), 3);
      const unix = sys.must(yield* sys.socket(1, SOCK_STREAM));
      sys.expect(yield* sys.bind(unix, { path: '/tmp/s' }), 0);
      sys.expect(yield* sys.kill(host === server ? 2 : 1, 9), -3);
    });
  }
  expect(m.run().failures).toEqual([]);
});

test('the nameless host is still there, and hosts are not joined without a link', () => {
  const { m, client } = pair();
  const alone = m.host('alone', { address: '10.9.9.9' });
  m.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.0.0.1' }), -ENETUNREACH);
  });
  alone.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.0.0.1' }), -ENETUNREACH);
  });
  client.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.9.9.9' }), -ENETUNREACH, 'another network');
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.0.0.1' }), -ECONNREFUSED, 'nobody listens');
  });
  expect(m.run()).toMatchObject({ failures: [], halt: 'finished' });
});

test('an address of the network that nobody has: EHOSTUNREACH after three questions in three seconds', () => {
  const { m, client } = pair();
  client.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.expect(yield* sys.connect(fd, { port: 80, host: '10.0.0.77' }), -EHOSTUNREACH);
    sys.expect(Math.round(sys.nowNs / 1e9), 3);
  });
  expect(m.run().failures).toEqual([]);
});

test('datagrams cross a link; one for a port that nobody has comes back as ECONNREFUSED', () => {
  const { m, server, client } = pair();
  server.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
    sys.must(yield* sys.bind(fd, { port: 53, host: '0.0.0.0' }));
    const { text, address } = yield* sys.recvfrom(fd, 100);
    sys.expect(text, 'who?');
    const from = address as { port: number; host: string };
    sys.expect(from.host, '10.0.0.2');
    yield* sys.sendto(fd, 'you', 0, from);
  });
  client.process('main', function* (sys) {
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
    sys.must(yield* sys.connect(fd, { port: 53, host: '10.0.0.1' }));
    yield* sys.send(fd, 'who?');
    sys.expect(yield* sys.recv(fd, 100), 'you');
    sys.expect(sys.nowNs / 1e6, 10);
    sys.must(yield* sys.connect(fd, { port: 54, host: '10.0.0.1' }));
    yield* sys.send(fd, 'anybody?');
    sys.expect(yield* sys.recv(fd, 100), -ECONNREFUSED);
    sys.expect(sys.nowNs / 1e6, 20);
  });
  expect(m.run()).toMatchObject({ failures: [], halt: 'finished' });
});

test('a run of two hosts is had again from its seed and from its recording, trace and log alike', () => {
  const run = (options: MachineOptions): { log: string; rows: number; recording: string } => {
    const { m, server, client } = pair({ delayMs: 1, faults: true }, { trace: true, ...options });
    server.process('main', capitals);
    client.process('main', asks([]));
    m.run();
    return { log: m.strace({ times: true }), rows: m.kernel.trace!.count, recording: m.recording };
  };
  for (let seed = 1; seed <= 10; seed++) {
    const first = run({ seed });
    expect(run({ seed })).toEqual(first);
    expect(run({ recording: first.recording })).toEqual(first);
  }
});

test.each([
  [(m: Machine): unknown => m.host('Server', { address: '10.0.0.3' }), 'a host needs a name of lower case letters, digits and hyphens, not "Server"'],
  [(m: Machine): unknown => m.host('server', { address: '10.0.0.3' }), 'there is a host server already'],
  [(m: Machine): unknown => m.host('third', { address: '10.0.0.1' }), '10.0.0.1 is the address of another host'],
  [(m: Machine): unknown => m.host('third', { address: '10.0.0.256' }), 'expected an IPv4 address'],
  [(m: Machine): unknown => m.host('third', { address: '10.0.0.3', sysctl: { tcp_retry: 1 } as never }), 'there is no setting tcp_retry; these are: somaxconn'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[0]!), 'a link joins two different hosts'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[1]!, { delayMs: -1 }), 'delayMs of a link is -1; expected a number from 0 to'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[1]!, { delay: 5 } as never), 'a link has no delay; it has delayMs, bytesPerSecond'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[1]!, { faults: 'lose' as never }), 'faults of a link is "lose"; expected true, { lose, twice, late }, or a function'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[1]!, { faults: { loss: 0.1 } as never }), 'faults of a link has no loss; it has lose, twice, late'],
  [(m: Machine): unknown => m.link(m.hosts[0]!, m.hosts[1]!, { faults: { lose: 2 } }), 'faults.lose of a link is 2; expected a number from 0 to 1'],
])('what cannot be is refused in words (%#)', (make, message) => {
  const { m } = pair();
  expect(() => make(m)).toThrow(ScenarioError);
  expect(() => make(m)).toThrow(message);
});
