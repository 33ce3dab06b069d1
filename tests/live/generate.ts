/**
 * Random programs of system calls: a few objects of several kinds, then calls on them in any order. Most calls make sense, some have wrong
 * or hostile arguments. The same seed gives the same program. What Linux leaves open is not generated; docs/conformance.md lists it.
 */

import { Prng } from '#dist/kernel/prng.js';

/** What kinds of descriptors a name can stand for. */
type Kind = 'epoll' | 'eventfd' | 'pipe-r' | 'pipe-w' | 'stream' | 'dgram' | 'seqpacket' | 'listener' | 'tcp' | 'udp' | 'timer' | 'signal';

interface Name {
  readonly name: string;
  readonly kind: Kind;
  readonly blocking: boolean;
}

/** What a program is made of. */
export interface Shape {
  /** several threads and processes */
  readonly tasks: boolean;
}

const BITS = ['EPOLLIN', 'EPOLLOUT', 'EPOLLRDHUP', 'EPOLLRDNORM', 'EPOLLWRNORM', 'EPOLLPRI', 'EPOLLHUP', 'EPOLLERR', 'EPOLLRDBAND', 'EPOLLMSG'];
const HOSTILE_FDS = ['-1', '999', '2', '1023', '2147483647', '-100'];

class Generator {
  private readonly random: Prng;
  private readonly names: Name[] = [];
  readonly lines: string[] = [];
  private readonly tasks: string[] = ['main'];
  /** out-of-band bytes and half-done datagrams, or streams of AF_UNIX and UDP: a number may come to mean another descriptor than its name says */
  private readonly urgent: boolean;
  /** tasks that have made a call */
  private readonly started = new Set<string>();
  private count = 0;

  constructor(seed: number) {
    this.random = new Prng(seed);
    this.urgent = this.chance(40);
  }

  private below(n: number): number {
    return this.random.below(n);
  }

  private chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  private fresh(prefix: string): string {
    return `${prefix}${this.count++}`;
  }

  private add(kind: Kind, prefix: string, blocking = false): string {
    const name = this.fresh(prefix);
    this.names.push({ name, kind, blocking });
    return name;
  }

  private push(line: string, task = 'main'): void {
    this.started.add(task);
    this.lines.push(task === 'main' ? line : line.replace(/^(until_eagain: )?/, `$1@${task} `));
  }

  /** The name of a descriptor of one of these kinds, or of any; now and then a wrong number. */
  private fd(kinds?: readonly Kind[], hostile = 3): string {
    if (this.chance(hostile)) return this.pick(HOSTILE_FDS);
    const fitting = kinds === undefined || this.chance(5) ? this.names : this.names.filter(({ kind }) => kinds.includes(kind));
    return fitting.length === 0 ? '-1' : this.pick(fitting).name;
  }

  private isBlocking(name: string): boolean {
    return this.names.find((each) => each.name === name)?.blocking ?? false;
  }

  private mask(): string {
    const base = this.below(10);
    let mask = base < 6 ? this.pick(['EPOLLIN', 'EPOLLIN', 'EPOLLIN|EPOLLOUT', 'EPOLLOUT', 'EPOLLIN|EPOLLRDHUP', 'EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLPRI'])
      : base < 9 ? [...new Set([this.pick(BITS), this.pick(BITS)])].join('|') : '0';
    const how = this.below(12);
    if (how < 4) mask += '|EPOLLET';
    else if (how === 4) mask += '|EPOLLONESHOT';
    else if (how === 5) mask += '|EPOLLET|EPOLLONESHOT';
    else if (how === 6) mask += '|EPOLLEXCLUSIVE';
    else if (how === 7) mask += '|EPOLLET|EPOLLEXCLUSIVE';
    if (this.chance(1)) mask += '|EPOLLWAKEUP';
    return mask;
  }

  private pollMask(): string {
    return this.pick(['POLLIN', 'POLLIN|POLLOUT', 'POLLOUT', 'POLLIN|POLLRDHUP', 'POLLPRI', 'POLLIN|POLLPRI|POLLOUT|POLLRDHUP', '0', 'POLLRDNORM|POLLWRNORM', 'POLLHUP|POLLERR', 'POLLMSG|POLLRDBAND|POLLWRBAND']);
  }

  /** O_NONBLOCK and the like for a new descriptor: blocking ones are for programs with several tasks. */
  private flag(blocking: boolean, name: string): string {
    return blocking ? '0' : name;
  }

  // Objects

  private readonly makers: readonly ((blocking: boolean) => void)[] = [
    () => this.makeEpoll(),
    (blocking) => this.makeEventfd(blocking),
    (blocking) => this.makePipe(blocking),
    (blocking) => this.makePair(blocking),
    (blocking) => this.makeTcp(blocking),
    (blocking) => this.makeTcp(blocking),
    () => (this.urgent ? this.makeTimer() : this.makeUdp()),
    () => this.makeTimer(),
    () => this.makeSignalfd(),
  ];

  private makeEpoll(): void {
    this.push(`${this.add('epoll', 'e')} = epoll_create1(${this.pick(['0', '0', '0', 'EPOLL_CLOEXEC'])})`);
  }

  private makeEventfd(blocking: boolean): void {
    const flags = [...(blocking ? [] : ['EFD_NONBLOCK']), ...(this.chance(30) ? ['EFD_SEMAPHORE'] : [])].join('|');
    this.push(`${this.add('eventfd', 'v', blocking)} = eventfd2(${this.pick(['0', '0', '1', '3'])}, ${flags === '' ? '0' : flags})`);
  }

  private makePipe(blocking: boolean): void {
    this.push(`${this.add('pipe-r', 'r', blocking)}, ${this.add('pipe-w', 'w', blocking)} = pipe2(${this.flag(blocking, 'O_NONBLOCK')})`);
    if (this.chance(20)) this.push(`fcntl(${this.names.at(-1)!.name}, F_SETPIPE_SZ, 4096)`);
  }

  private makePair(blocking: boolean): void {
    const kinds = [['dgram', 'SOCK_DGRAM'], ['seqpacket', 'SOCK_SEQPACKET'], ['stream', 'SOCK_STREAM'], ['stream', 'SOCK_STREAM']] as const;
    const [kind, type] = this.pick(this.urgent ? kinds.slice(0, 2) : kinds);
    this.push(`${this.add(kind, 'u', blocking)}, ${this.add(kind, 'u', blocking)} = socketpair(AF_UNIX, ${type}${blocking ? '' : '|SOCK_NONBLOCK'}, 0)`);
  }

  private makeTcp(blocking: boolean): void {
    let listener = this.names.find(({ kind }) => kind === 'listener')?.name;
    if (listener === undefined || this.chance(20)) {
      listener = this.add('listener', 'l', blocking);
      this.push(`${listener} = socket(AF_INET, SOCK_STREAM${blocking ? '' : '|SOCK_NONBLOCK'}, 0)`);
      this.push(`bind(${listener}, 0)`);
      if (!this.chance(4)) this.push(`listen(${listener}, ${this.pick(['8', '8', '8', '1', '0'])})`);
    }
    const client = this.add('tcp', 'c', blocking);
    this.push(`${client} = socket(AF_INET, SOCK_STREAM${this.chance(50) || !blocking ? '|SOCK_NONBLOCK' : ''}, 0)`);
    if (this.chance(85)) this.push(`connect(${client}, ${listener})`);
    if (this.chance(75)) this.push(`${this.add('tcp', 's', blocking)} = accept4(${listener}, ${this.flag(blocking, 'SOCK_NONBLOCK')})`);
  }

  private makeUdp(): void {
    const [a, b] = [this.add('udp', 'd'), this.add('udp', 'd')];
    for (const name of [a, b]) this.push(`${name} = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)`);
    this.push(`bind(${a}, 0)`);
    if (this.chance(70)) this.push(`connect(${b}, ${a})`);
    if (this.chance(30)) this.push(`connect(${a}, ${b})`);
  }

  private makeTimer(): void {
    this.push(`${this.add('timer', 't')} = timerfd_create(${this.pick(['CLOCK_MONOTONIC', 'CLOCK_REALTIME', 'CLOCK_BOOTTIME'])}, TFD_NONBLOCK)`);
  }

  private makeSignalfd(): void {
    this.push(`${this.add('signal', 'g')} = signalfd4(-1, ${this.pick(['SIGUSR1', 'SIGUSR1|SIGUSR2'])}, SFD_NONBLOCK)`);
  }

  // Calls

  private readonly readable: readonly Kind[] = ['eventfd', 'pipe-r', 'stream', 'dgram', 'seqpacket', 'tcp', 'udp', 'timer', 'signal'];
  private readonly sockets: readonly Kind[] = ['stream', 'dgram', 'seqpacket', 'tcp', 'udp'];

  private size(): string {
    return this.pick(['1', '1', '10', '100', '1000', '4096', '5000', '0', '65536']);
  }

  private control(): string {
    const ep = this.fd(['epoll']);
    const op = this.pick(['EPOLL_CTL_ADD', 'EPOLL_CTL_ADD', 'EPOLL_CTL_ADD', 'EPOLL_CTL_MOD', 'EPOLL_CTL_MOD', 'EPOLL_CTL_DEL']);
    const fd = this.fd();
    if (this.chance(2)) return `epoll_ctl(${ep}, ${this.pick(['0', '4', '-1'])}, ${fd}, EPOLLIN)`;
    if (op === 'EPOLL_CTL_DEL') return `epoll_ctl(${ep}, ${op}, ${fd})`;
    if (this.chance(2)) return `epoll_ctl(${ep}, ${op}, ${fd}, null)`;
    return `epoll_ctl(${ep}, ${op}, ${fd}, ${this.mask()}${this.chance(15) ? `, ${this.pick(['x', 'y'])}` : ''})`;
  }

  private waitLine(): string {
    const ep = this.fd(['epoll'], 2);
    const max = this.pick(['8', '8', '1', '1', '2', '3']);
    if (this.chance(2)) return `epoll_wait(${ep}, ${this.pick(['0', '-1', '178956971', '178956970'])}, 0)`;
    if (this.chance(4)) return `epoll_wait(${ep}, ${max}, 0, ${this.pick(['null', 'kernel', 'efault', 'short:4', 'short:12', 'short:20'])})`;
    if (this.chance(4)) return `epoll_pwait2(${ep}, ${max}, 0)`;
    if (this.chance(2)) return `epoll_wait(${ep}, ${max}, 2)`;
    return `epoll_wait(${ep}, ${max}, 0)`;
  }

  private writeTo(fd: string): string {
    const kind = this.kindOf(fd);
    if (kind === 'eventfd') return `write(${fd}, u64:${this.pick(['1', '1', '1', '0', '3', '18446744073709551614', '18446744073709551615'])})`;
    if (this.chance(3)) return `write(${fd}, ${this.pick(['4', '10'])}, ${this.pick(['null', 'kernel', 'efault', 'short:3'])})`;
    return `write(${fd}, ${this.size()})`;
  }

  private readFrom(fd: string): string {
    const kind = this.kindOf(fd);
    if (kind === 'eventfd' || kind === 'timer') return `read(${fd}, u64)`;
    if (kind === 'signal') return `read_signals(${fd}, ${this.pick(['1', '2'])})`;
    if (this.chance(3)) return `read(${fd}, ${this.pick(['4', '10'])}, ${this.pick(['null', 'kernel', 'efault', 'short:3'])})`;
    return `read(${fd}, ${this.size()})`;
  }

  private kindOf(fd: string): Kind | undefined {
    return this.names.find(({ name }) => name === fd)?.kind;
  }

  private sendLine(): string {
    const fd = this.calm(this.sockets);
    const flags = ['MSG_NOSIGNAL', 'MSG_DONTWAIT', ...(this.urgent ? ['MSG_OOB', 'MSG_MORE'] : [])];
    return `send(${fd}, ${this.size()}, ${this.flags(flags)})`;
  }

  private recvLine(): string {
    const fd = this.calm(this.sockets);
    const flags = ['MSG_PEEK', 'MSG_DONTWAIT', 'MSG_TRUNC', 'MSG_WAITALL', ...(this.urgent ? ['MSG_OOB'] : [])];
    return `recv(${fd}, ${this.size()}, ${this.flags(flags)})`;
  }

  /** Writes until nothing more fits; how much that is for TCP is not compared. */
  private fill(): string {
    const fd = this.calm(['pipe-w', 'stream', 'dgram', 'seqpacket']);
    return this.kindOf(fd) === 'tcp' ? this.writeTo(fd) : `until_eagain: write(${fd}, ${this.pick(['4096', '1000', '16384'])})`;
  }

  private flags(names: readonly string[]): string {
    const some = names.filter(() => this.chance(20));
    return some.length === 0 ? '0' : some.join('|');
  }

  private pollLine(timeout: string): string {
    const n = 1 + this.below(4);
    return `poll(${Array.from({ length: n }, () => `${this.fd(undefined, 4)}:${this.pollMask()}`).join(', ')}, ${timeout})`;
  }

  private selectLine(timeout: string): string {
    const n = 1 + this.below(4);
    return `select(${Array.from({ length: n }, () => `${this.pick(['r', 'w', 'e'])}:${this.fd(undefined, 0)}`).join(', ')}, ${timeout})`;
  }

  private option(): string {
    const fd = this.fd([...this.sockets, 'listener']);
    const get = this.pick(['SOL_SOCKET, SO_ERROR', 'SOL_SOCKET, SO_ERROR', 'SOL_SOCKET, SO_TYPE', 'SOL_SOCKET, SO_ACCEPTCONN', 'SOL_SOCKET, SO_DOMAIN', 'SOL_SOCKET, SO_PROTOCOL', 'SOL_SOCKET, SO_RCVLOWAT', 'SOL_SOCKET, 9999', 'IPPROTO_TCP, TCP_NODELAY']);
    if (this.chance(60)) return `getsockopt(${fd}, ${get})`;
    return `setsockopt(${fd}, ${this.pick([
      'SOL_SOCKET, SO_LINGER, 1, 0', 'SOL_SOCKET, SO_LINGER, 1, 0', 'SOL_SOCKET, SO_RCVLOWAT, 5', 'SOL_SOCKET, SO_RCVLOWAT, 0', 'SOL_SOCKET, SO_OOBINLINE, 1',
      'SOL_SOCKET, SO_KEEPALIVE, 1', 'SOL_SOCKET, SO_REUSEADDR, 1', 'IPPROTO_TCP, TCP_NODELAY, 1', 'SOL_SOCKET, 9999, 1', 'SOL_SOCKET, SO_ERROR, 1',
    ])})`;
  }

  private duplicate(): string {
    const from = this.pick(this.names);
    const into = this.pick(this.names);
    if (this.chance(60)) {
      const name = this.fresh('x');
      this.names.push({ ...from, name });
      return this.chance(30) ? `${name} = fcntl(${from.name}, F_DUPFD, ${this.pick(['0', '10', '-1', '30'])})` : `${name} = dup(${from.name})`;
    }
    return this.chance(70) ? `dup2(${from.name}, ${into.name})` : `dup3(${from.name}, ${into.name}, ${this.pick(['0', 'O_CLOEXEC', '1'])})`;
  }

  private fileFlags(): string {
    return this.pick([
      `fcntl(${this.fd()}, F_GETFL)`, `fcntl(${this.fd()}, F_SETFL, O_NONBLOCK)`, `fcntl(${this.fd()}, F_GETFD)`, `fcntl(${this.fd()}, F_SETFD, 1)`,
      `fcntl(${this.fd(['pipe-r', 'pipe-w'])}, F_SETPIPE_SZ, ${this.pick(['4096', '8192', '65536', '0', '-1'])})`, `fcntl(${this.fd(['pipe-r', 'pipe-w'])}, F_GETPIPE_SZ)`,
      `ioctl(${this.fd()}, FIONREAD)`, `ioctl(${this.fd()}, FIONREAD)`, `ioctl(${this.fd()}, FIONBIO, 1)`, `ioctl(${this.fd(['tcp'])}, SIOCATMARK)`,
    ]);
  }

  private socketLine(): string {
    const fd = this.fd([...this.sockets, 'listener']);
    switch (this.below(9)) {
      case 0: return `connect(${this.fd(['tcp', 'udp', 'stream'])}, ${this.fd(['listener', 'udp', 'tcp'], 0)})`;
      case 1: return `listen(${this.fd(['listener', 'tcp'])}, ${this.pick(['8', '1', '-1'])})`;
      case 2: return `bind(${fd}, 0)`;
      case 3: return `shutdown(${fd}, ${this.pick(['3', '-1'])})`;
      case 4: return `connect(${this.fd(['udp'])}, unspec)`;
      case 5: return `sendto(${this.fd(['udp', 'udp', 'tcp', 'dgram'])}, ${this.size()}, 0, ${this.fd(['udp', 'listener'], 0)})`;
      case 6: return `accept4(${this.fd(['listener', 'stream', 'tcp'])}, ${this.pick(['SOCK_NONBLOCK', '1'])})`;
      case 7: return this.pick(['socket(AF_INET, 77, 0)', 'socket(99, SOCK_STREAM, 0)', 'socket(AF_INET, SOCK_STREAM, 17)', 'socket(AF_UNIX, SOCK_STREAM, 5)', 'socketpair(AF_INET, SOCK_STREAM, 0)', 'epoll_create(0)', 'epoll_create1(1)', 'eventfd2(0, 8)', 'pipe2(1)', 'timerfd_create(77, 0)', 'signalfd4(-1, SIGUSR1, 1)']);
      default: return `shutdown(${fd}, ${this.pick(['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'])})`;
    }
  }

  private timerLines(): void {
    const timers = this.names.filter(({ kind }) => kind === 'timer');
    if (timers.length === 0) return;
    const { name } = this.pick(timers);
    // when a timer fires while another task sleeps, the line in which that happens is left open
    switch (this.below(this.tasks.length > 1 ? 3 : 5)) {
      case 0: this.push(`timerfd_settime(${name}, 0, 0, 0)`); break;
      case 1: this.push(`timerfd_settime(${name}, 0, 1000000000000, ${this.pick(['0', '1000'])})`); break;
      case 2: this.push(`timerfd_settime(${name}, ${this.pick(['2', '99'])}, -1, 0)`); break;
      default:
        // due at once; the pause makes sure that it has fired on a busy machine too
        this.push(`timerfd_settime(${name}, 0, 1, 0)`);
        this.push('sleep(2)');
    }
  }

  private signalLine(): string {
    const others = [...this.started].filter((task) => task !== 'main');
    if (others.length > 0 && this.chance(60)) return `tgkill(${this.pick(others)}, ${this.pick(['SIGALRM', 'SIGALRM', 'SIGVTALRM', 'SIGUSR1'])})`;
    return `kill(main, ${this.pick(['SIGUSR1', 'SIGUSR2', 'SIGUSR1'])})`;
  }

  /** One call that does not sleep where it can be helped. */
  private call(): string {
    const roll = this.below(100);
    if (roll < 22) return this.control();
    if (roll < 40) return this.waitLine();
    if (roll < 52) return this.writeTo(this.calm(['eventfd', 'pipe-w', ...this.sockets]));
    if (roll < 63) return this.readFrom(this.calm(this.readable));
    if (roll < 67) return this.sendLine();
    if (roll < 71) return this.recvLine();
    if (roll < 76) return this.pollLine('0');
    if (roll < 79) return this.selectLine('0');
    if (roll < 82) return `shutdown(${this.fd(this.sockets)}, ${this.pick(['SHUT_RD', 'SHUT_WR', 'SHUT_WR', 'SHUT_RDWR'])})`;
    if (roll < 86) return `close(${this.fd()})`;
    if (roll < 88) return this.duplicate();
    if (roll < 90) return this.option();
    if (roll < 93) return this.fileFlags();
    if (roll < 96) return this.socketLine();
    if (roll < 97) return this.fill();
    if (roll < 98) return `until_eagain: read(${this.calm(['pipe-r', 'stream', 'dgram', 'seqpacket', 'tcp'])}, 4096)`;
    return this.signalLine();
  }

  /** A descriptor on which a call does not sleep; any, when there is none. */
  private calm(kinds: readonly Kind[]): string {
    for (let tries = 0; tries < 4; tries++) {
      const fd = this.fd(kinds);
      if (!this.isBlocking(fd)) return fd;
    }
    return '-1';
  }

  /** A call that may sleep, for a task of its own. */
  private sleeper(): string {
    switch (this.below(10)) {
      case 0: case 1: case 2: case 3: return `epoll_wait(${this.fd(['epoll'], 0)}, ${this.pick(['1', '8'])}, -1)`;
      case 4: return this.pollLine('-1');
      case 5: return this.selectLine('-1');
      case 6: return this.readFrom(this.fd(this.readable, 0));
      case 7: {
        const listener = this.fd(['listener'], 0);
        return `${this.add('tcp', 's')} = accept4(${listener}, SOCK_NONBLOCK)`;
      }
      case 8: return this.writeTo(this.fd(['eventfd', 'pipe-w', 'stream', 'dgram', 'seqpacket'], 0));
      default: return `recv(${this.fd(this.sockets, 0)}, ${this.size()}, ${this.flags(['MSG_WAITALL', 'MSG_PEEK'])})`;
    }
  }

  private newTask(): void {
    if (this.tasks.length >= 4) return;
    if (this.chance(80)) this.tasks.push(this.fresh('w'));
    else {
      const name = this.fresh('p');
      this.push(`fork(${name})`);
      this.tasks.push(name);
    }
  }

  program({ tasks }: Shape): void {
    const blocking = (): boolean => tasks && this.chance(40);
    this.makeEpoll();
    for (let n = 1 + this.below(4); n > 0; n--) this.pick(this.makers)(blocking());
    for (let n = 5 + this.below(30); n > 0; n--) this.step(tasks, blocking());
    for (const { name, kind } of this.names.slice(0, 12)) if (kind === 'epoll') this.push(`epoll_wait(${name}, 8, 0)`);
    this.push(`poll(${this.names.slice(0, 12).map(({ name }) => `${name}:POLLIN|POLLOUT|POLLPRI|POLLRDHUP`).join(', ')}, 0)`);
  }

  private step(tasks: boolean, blocking: boolean): void {
    const others = this.tasks.slice(1);
    const roll = this.below(100);
    if (roll < 4) this.pick(this.makers)(blocking);
    else if (roll < 7) this.timerLines();
    else if (tasks && roll < 16) this.newTask();
    else if (tasks && roll < 38 && others.length > 0) this.push(this.sleeper(), this.pick(others));
    else if (tasks && roll < 44 && others.length > 0) this.push(this.call(), this.pick(others));
    else if (tasks && roll < 45 && others.some((task) => task.startsWith('p'))) this.push('exit()', this.pick(others.filter((task) => task.startsWith('p'))));
    else this.push(this.call());
  }
}

/** The lines of a random program. */
export function generate(seed: number, shape: Shape): string[] {
  const generator = new Generator(seed);
  generator.program(shape);
  return generator.lines;
}
