/** The recordings of tests/conformance/strace and its folder more: every line of every log is read, and is what the manifest says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Call, type LogEvent, type Value, after, argument, before, bytesOf, epollEventOf, epollEventsOf, errnoOf, fdOf, fdSetOf, intOf, iovecsOf, isNull, isPointer, itimerspecOf, maskOf,
  messageOf, numberOf, numberOfName, pollFdsOf, pollResultOf, printValue, readLogFile, returned, selectResultOf, siginfoOf, sigsetOf, sockaddrOf, timeNsOf, waitStatusOf,
} from '../../src/replay/index.js';

interface Manifest {
  readonly logs: readonly {
    readonly name: string; readonly file: string; readonly format: string; readonly lines: number; readonly threads: number; readonly calls: number;
    readonly unfinished: number; readonly signals: number; readonly syscalls: Readonly<Record<string, number>>;
  }[];
}

const folder = join(process.cwd(), 'tests/conformance/strace');
const logsOf = (path: string): Manifest['logs'] => (JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest).logs;
const newer = logsOf(join(folder, 'more')).map(({ file, ...log }) => ({ ...log, file: `more/${file}` }));
const logs = [...logsOf(folder), ...newer];
const pathOf = (file: string): string => join(folder, file);

const skip = (value: Value): unknown => value;
const fdPair = (value: Value): unknown => isPointer(value) || (value.kind === 'array' && value.items.map(fdOf));
const pointed = (decode: (value: Value) => unknown) => (value: Value): unknown =>
  (isNull(value) || isPointer(value) ? null : value.kind === 'array' ? value.items.map(item => [decode(before(item)), decode(after(item))]) : decode(value));

/** How the arguments of each call are understood; a call that is not here is only read. */
const DECODERS: Readonly<Record<string, readonly ((value: Value) => unknown)[]>> = {
  accept: [fdOf, sockaddrOf, pointed(intOf)], accept4: [fdOf, sockaddrOf, pointed(intOf), maskOf], bind: [fdOf, sockaddrOf, intOf], connect: [fdOf, sockaddrOf, intOf],
  getsockname: [fdOf, sockaddrOf, pointed(intOf)], getpeername: [fdOf, sockaddrOf, pointed(intOf)], listen: [fdOf, intOf], shutdown: [fdOf, maskOf], socket: [maskOf, maskOf, maskOf],
  socketpair: [maskOf, maskOf, maskOf, fdPair], sendto: [fdOf, bytesOf, intOf, maskOf, sockaddrOf, intOf], recvfrom: [fdOf, bytesOf, intOf, maskOf, sockaddrOf, pointed(intOf)],
  sendmsg: [fdOf, messageOf, maskOf], recvmsg: [fdOf, messageOf, maskOf], getsockopt: [fdOf, maskOf, maskOf, skip, pointed(intOf)], setsockopt: [fdOf, maskOf, maskOf, skip, intOf],
  read: [fdOf, bytesOf, intOf], write: [fdOf, bytesOf, intOf], readv: [fdOf, iovecsOf, intOf], writev: [fdOf, iovecsOf, intOf], close: [fdOf], close_range: [fdOf, numberOf, maskOf],
  dup: [fdOf], dup2: [fdOf, fdOf], dup3: [fdOf, fdOf, maskOf], fcntl: [fdOf, maskOf, maskOf], ioctl: [fdOf, maskOf, pointed(intOf)], pipe2: [fdPair, maskOf],
  epoll_create: [intOf], epoll_create1: [maskOf], epoll_ctl: [fdOf, maskOf, fdOf, epollEventOf], epoll_wait: [fdOf, epollEventsOf, intOf, intOf],
  epoll_pwait: [fdOf, epollEventsOf, intOf, intOf, sigsetOf, intOf], epoll_pwait2: [fdOf, epollEventsOf, intOf, timeNsOf, sigsetOf, intOf],
  poll: [pollFdsOf, intOf, intOf], ppoll: [pollFdsOf, intOf, timeNsOf, sigsetOf, intOf], select: [intOf, fdSetOf, fdSetOf, fdSetOf, timeNsOf], pselect6: [intOf, fdSetOf, fdSetOf, fdSetOf, timeNsOf, skip],
  eventfd2: [intOf, maskOf], timerfd_create: [maskOf, maskOf], timerfd_settime: [fdOf, maskOf, itimerspecOf, itimerspecOf], timerfd_gettime: [fdOf, itimerspecOf], signalfd4: [fdOf, sigsetOf, intOf, maskOf],
  openat: [fdOf, bytesOf, maskOf, maskOf], sendfile: [fdOf, fdOf, skip, intOf], splice: [fdOf, pointed(intOf), fdOf, pointed(intOf), intOf, maskOf],
  kill: [intOf, maskOf], tgkill: [intOf, intOf, maskOf], rt_sigqueueinfo: [intOf, maskOf, siginfoOf], rt_sigprocmask: [maskOf, sigsetOf, sigsetOf, intOf], rt_sigsuspend: [sigsetOf, intOf],
  rt_sigtimedwait: [sigsetOf, siginfoOf, timeNsOf, intOf], rt_sigaction: [maskOf, skip, skip, intOf], wait4: [intOf, waitStatusOf, maskOf, isNull], waitid: [maskOf, fdOf, siginfoOf, maskOf, isNull],
  pidfd_open: [intOf, maskOf], pidfd_send_signal: [fdOf, maskOf, siginfoOf, maskOf], pidfd_getfd: [fdOf, fdOf, maskOf], clock_nanosleep: [maskOf, maskOf, timeNsOf, timeNsOf], nanosleep: [timeNsOf, timeNsOf],
  setitimer: [maskOf, itimerspecOf, itimerspecOf], timer_settime: [intOf, maskOf, itimerspecOf, itimerspecOf], exit: [intOf], exit_group: [intOf], unshare: [maskOf], execve: [bytesOf, skip, isPointer],
};

/** A busy tracer prints a line so much later than the call ended; times of whole seconds (`t`) tell nothing finer. */
const TRACER_NS = 10e6;

describe.each(logs.map(log => [log.name, log] as const))('%s', (_name, log) => {
  const events: LogEvent[] = [...readLogFile(pathOf(log.file))];
  const lines = readFileSync(pathOf(log.file), 'latin1').split('\n').slice(0, -1);
  const calls = events.flatMap(event => (event.type === 'enter' ? [event.call] : []));

  test('has the calls, threads, halves and signals of the manifest', () => {
    const counts: Record<string, number> = {};
    for (const { name } of calls) counts[name] = (counts[name] ?? 0) + 1;
    expect(counts).toEqual(log.syscalls);
    expect(calls).toHaveLength(log.calls);
    expect(lines).toHaveLength(log.lines);
    expect(new Set(events.map(event => event.type !== 'torn' && event.pid)).size).toBe(log.threads);
    expect(events.filter(event => event.type === 'exit' && event.line !== event.call.entryLine)).toHaveLength(log.unfinished);
    expect(events.filter(event => event.type === 'signal' || event.type === 'stop')).toHaveLength(log.signals);
  });

  test('gives one event or two for each line, in order', () => {
    expect([...new Set(events.map(event => event.line))]).toEqual(lines.map((_line, i) => i + 1));
    expect(events.every((event, i) => i === 0 || event.line >= events[i - 1]!.line)).toBe(true);
    expect(events.some(event => event.type === 'torn')).toBe(false);
  });

  test('prints again as it was', () => {
    for (const call of calls) {
      if (!call.argsComplete) continue;
      const printed = call.args.map(printValue).join(', ');
      const first = lines[call.entryLine - 1]!;
      const rest = lines[call.exitLine - 1]!.split(' resumed>')[1] ?? '';
      const whole = first.endsWith(' <unfinished ...>') ? first.slice(0, -' <unfinished ...>'.length).replace(/\( $/, '(') + rest : first;
      const open = whole.indexOf(`${call.name}(`) + call.name.length + 1;
      expect(whole.slice(open, open + printed.length + 1)).toBe(`${printed})`);
    }
  });

  test('has arguments and results that a replayer understands', () => {
    for (const call of calls) {
      const decoders = DECODERS[call.name] ?? [];
      call.args.forEach((_arg, i) => argument(call, i, decoders[i] ?? skip, log.file));
      if (call.result!.kind !== 'none') expect(returned(call.result!)).not.toBeNull();
      const { name, result } = call;
      if (name === 'poll' || name === 'ppoll') expect(pollResultOf(result!).ready).toHaveLength(Math.max(0, Number(result!.value)));
      if (name === 'pselect6') {
        const sets = selectResultOf(result!);
        expect(sets.in.length + sets.out.length + sets.except.length).toBe(Math.max(0, Number(result!.value)));
      }
      checkFds(call);
    }
    for (const event of events) {
      if (event.type === 'signal') expect(siginfoOf(event.info)!.signo).toBe(numberOfName(event.signal));
      if (event.type === 'exit' && event.result.errno !== '') expect(errnoOf(event.result.errno)).toBeGreaterThan(0);
    }
  });

  test('tells times that agree with each other', () => {
    for (const call of calls) {
      if (log.format === 'bare') expect([call.entryNs, call.exitNs, call.durationNs]).toEqual([null, null, null]);
      else expect(call.entryNs).toBeGreaterThanOrEqual(0);
      if (call.exitNs === null || call.durationNs === null) continue;
      expect(Math.abs(call.exitNs - call.entryNs! - call.durationNs)).toBeLessThan(log.format === 't' ? 1e9 : TRACER_NS);
    }
  });
});

/** Everything that strace says about a descriptor is of a known kind. */
function checkFds(call: Call): void {
  const visit = (value: Value): void => {
    if (value.kind === 'fd') expect(value.decoration.kind).not.toBe('other');
    else if (value.kind === 'array') value.items.forEach(visit);
    else if (value.kind === 'struct') value.values.forEach(visit);
  };
  call.args.forEach(visit);
  if (call.result!.fd !== null) visit(call.result!.fd);
}
