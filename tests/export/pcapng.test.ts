/** Packets of a run as pcapng: read back byte by byte here, and by tshark where it is installed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointText, exportFormats, type Capture } from '../../src/export/index.js';
import { AF_INET, AF_INET6, ECONNREFUSED, SOCK_DGRAM, SOCK_STREAM } from '../../src/scenario/index.js';
import { scenarios } from '../../src/scenarios/index.js';
import { blocksOf, captured, capturedMachine, onesSum, optionsFrom } from './support.js';

const pcapng = (capture: Capture): Uint8Array => exportFormats['pcapng']!.write(capture) as Uint8Array;

/** Two hosts, a link that loses the second packet of the client, and a few bytes. */
function overLink(): Capture {
  return capturedMachine((m) => {
    const server = m.host('server', { address: '10.0.0.1' });
    const client = m.host('client', { address: '10.0.0.2' });
    m.link(server, client, { delayMs: 5, faults: ({ from, text }) => (from === 'client' && text === 'hello' && lost++ === 0 ? 'lose' : 'deliver') });
    let lost = 0;
    server.process('main', function* (sys) {
      const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.bind(listener, { port: 7000, host: '10.0.0.1' });
      yield* sys.listen(listener, 4);
      const fd = yield* sys.accept(listener);
      yield* sys.read(fd, 100);
    });
    client.process('main', function* (sys) {
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(fd, { port: 7000, host: '10.0.0.1' });
      yield* sys.write(fd, 'hello');
      yield* sys.read(fd, 100);
    });
  });
}

/** Datagrams over IPv6, and one to a port where nobody is. */
function datagrams(): Capture {
  return capturedMachine((m) => {
    m.process('main', function* (sys) {
      const a = yield* sys.socket(AF_INET6, SOCK_DGRAM);
      yield* sys.bind(a, { port: 9000, host: '::1' });
      const b = yield* sys.socket(AF_INET6, SOCK_DGRAM);
      yield* sys.sendto(b, 'ping', 0, { port: 9000, host: '::1' });
      const c = yield* sys.socket(AF_INET, SOCK_DGRAM);
      yield* sys.connect(c, { port: 9 });
      yield* sys.write(c, 'x');
      sys.expect(yield* sys.write(c, 'y'), -ECONNREFUSED);
    });
  });
}

describe('the blocks of the file', () => {
  const capture = captured('echo');
  const [head, device, ...packets] = blocksOf(pcapng(capture));

  test('begin with a section and an interface for loopback whose times are nanoseconds', () => {
    expect([head!.type, head!.body.getUint32(0, true)]).toEqual([0x0a0d0d0a, 0x1a2b3c4d]);
    expect([device!.type, device!.body.getUint16(0, true)]).toEqual([1, 1]);
    expect(optionsFrom(device!.body, 8)).toEqual(new Map([[2, 'lo'], [9, '\t']]));
  });

  test('have each packet once, with its virtual time and its step', () => {
    expect(packets.map(({ type }) => type)).toEqual(capture.packets.map(() => 6));
    packets.forEach(({ body }, at) => {
      const { timeNs, step } = capture.packets[at]!;
      const length = body.getUint32(12, true);
      expect(body.getUint32(4, true) * 2 ** 32 + body.getUint32(8, true)).toBe(timeNs);
      expect(optionsFrom(body, 20 + ((length + 3) & ~3)).get(1)).toBe(`step ${step}`);
    });
  });

  test('have IP and TCP headers whose numbers are those of the kernel and whose checksums are right', () => {
    packets.forEach(({ body }, at) => {
      const packet = capture.packets[at]!;
      const frame = new Uint8Array(body.buffer, body.byteOffset + 20, body.getUint32(12, true));
      const ip = frame.subarray(14, 34);
      const tcp = frame.subarray(34);
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      expect(onesSum(ip)).toBe(0xffff);
      expect(onesSum(ip.subarray(12, 20), Uint8Array.of(0, 6, tcp.length >> 8, tcp.length & 255), tcp)).toBe(0xffff);
      expect([view.getUint16(16), view.getUint16(34), view.getUint32(38), view.getUint16(48)]).toEqual([frame.length - 14, packet.from.port, packet.seq, packet.window]);
      expect(tcp.subarray((tcp[12]! >> 4) * 4)).toEqual(packet.data);
    });
  });
});

test('a link is an interface of its own; a lost packet left and did not arrive', () => {
  const capture = overLink();
  const names = blocksOf(pcapng(capture)).filter(({ type }) => type === 1).map(({ body }) => optionsFrom(body, 8).get(2));
  expect(names).toEqual(['lo', 'server-client']);
  const hello = capture.packets.filter(({ data }) => data.length === 5);
  expect(hello.map(({ arrivedNs }) => arrivedNs !== null)).toEqual([false, true]);
  expect(hello[1]!.arrivedNs! - hello[1]!.timeNs).toBe(5e6);
  expect(capture.ownerOf(hello[0]!.from)).toBe('client/main(2)');
  expect(capture.ownerOf(hello[0]!.to)).toBe('server/main(1)');
});

test('datagrams, IPv6 and ICMP errors have the headers of their protocols', () => {
  const capture = datagrams();
  expect(capture.packets.map(({ protocol, from, to }) => [protocol, from.address.length, endpointText(to)])).toEqual([
    ['udp', 16, '[::1]:9000'], ['udp', 4, '127.0.0.1:9'], ['icmp', 4, '127.0.0.1:0'],
  ]);
  const frames = blocksOf(pcapng(capture)).filter(({ type }) => type === 6).map(({ body }) => new Uint8Array(body.buffer, body.byteOffset + 20, body.getUint32(12, true)));
  expect(frames.map((frame) => (frame[12]! << 8) | frame[13]!)).toEqual([0x86dd, 0x0800, 0x0800]);
  const [six, four, icmp] = frames as [Uint8Array, Uint8Array, Uint8Array];
  expect(onesSum(six.subarray(22, 54), Uint8Array.of(0, 17, 0, six.length - 54), six.subarray(54))).toBe(0xffff);
  expect(onesSum(four.subarray(26, 34), Uint8Array.of(0, 17, 0, four.length - 34), four.subarray(34))).toBe(0xffff);
  expect(onesSum(icmp.subarray(34))).toBe(0xffff);
  expect([icmp[34], icmp[35]]).toEqual([3, 3]);
});

const tshark = spawnSync('tshark', ['--version'], { encoding: 'utf8' });

if (tshark.status !== 0) {
  // oxlint-disable-next-line jest/no-disabled-tests -- a tool of the machine's, not of the project
  test.skip('tshark does not open the files: it is not installed', () => {});
} else {
  describe('tshark', () => {
    const folder = mkdtempSync(join(tmpdir(), 'epollsim-pcapng-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const FIELDS = ['frame.time_epoch', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.len', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status', '_ws.malformed'];
    /** The fields of all packets. A file may have several sections, so many runs cost one start of tshark. */
    function dissect(captures: readonly Capture[]): string[][] {
      const file = join(folder, 'run.pcapng');
      writeFileSync(file, Buffer.concat(captures.map(pcapng)));
      const { stdout, stderr, status } = spawnSync('tshark', [
        '-r', file, '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-T', 'fields', ...FIELDS.flatMap((field) => ['-e', field]),
      ], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
    }

    test('opens the packets of every built-in scenario, finds no fault in them, and reads the numbers that the kernel had', () => {
      // Each run with a seed of its own, or all would use the same ports, and packets of one would seem to be of another.
      const captures = scenarios.map(({ name }, seed) => captured(name, {}, { seed, preempt: 'never' }));
      const packets = captures.flatMap((capture) => capture.packets);
      expect(packets.length).toBeGreaterThan(300);
      const rows = dissect(captures);
      expect(rows).toHaveLength(packets.length);
      rows.forEach((row, at) => {
        const { protocol, timeNs, seq, ack, flags, data } = packets[at]!;
        // an error of ICMP is read as the packet that it quotes, of which it has only the beginning
        if (protocol === 'icmp') return;
        expect([at, Math.round(Number(row[0]) * 1e9), ...row.slice(1, 4).map(Number)]).toEqual([at, timeNs, seq, (flags & 16) === 0 ? 0 : ack, data.length]);
        expect(row.slice(4)).toEqual(['1', '1', '', '']);
      });
    });

    test('finds no fault in datagrams, IPv6, ICMP and packets of a link', () => {
      const captures = [overLink(), datagrams()];
      const rows = dissect(captures);
      expect(rows).toHaveLength(captures.reduce((sum, { packets }) => sum + packets.length, 0));
      // an error of ICMP quotes a packet of which it has only the beginning: its checksum cannot be looked at
      for (const row of rows) expect([row.slice(4, 7).some((status) => status.split(',').includes('0')), row[7]]).toEqual([false, '']);
    });
  });
}
