/**
 * What a view of the machine looks like: plain JSON, nothing in it can be changed, and everything is in it. Objects
 * refer to one another by id; `name` is how people call them. Two views of one run share what did not change, so
 * that `===` tells what did.
 */

/** One who waits on a queue. */
export interface QueueEntryView {
  /** the function that a waker calls: `ep_poll_callback`, `pollwake` ... */
  readonly calls: string;
  readonly exclusive: boolean;
  /** the task that would be woken */
  readonly task: string | null;
  /** the epoll item that would be queued */
  readonly item: number | null;
}

/** A wait queue, in the order in which a waker walks it. */
export interface QueueView {
  readonly name: string;
  readonly entries: readonly QueueEntryView[];
}

/** A thread. */
export interface TaskView {
  readonly id: number;
  readonly name: string;
  readonly comm: string;
  readonly pid: number;
  readonly tgid: number;
  readonly uid: number;
  readonly state: 'running' | 'runnable' | 'sleeping' | 'uninterruptible' | 'stopped' | 'zombie' | 'dead';
  /** the system call under way, as strace prints it; null in user mode */
  readonly call: string | null;
  /** traced kernel functions entered and not left, outermost first */
  readonly stack: readonly string[];
  readonly pending: string;
  readonly sharedPending: string;
  readonly blocked: string;
  /** id of the descriptor table */
  readonly table: number;
  readonly parent: number | null;
  readonly exitCode: number;
}

/** One open descriptor. */
export interface DescriptorView {
  readonly fd: number;
  readonly file: number;
  readonly cloexec: boolean;
}

/** A descriptor table. */
export interface TableView {
  readonly id: number;
  /** tasks that share it */
  readonly tasks: number;
  readonly size: number;
  readonly fds: readonly DescriptorView[];
}

/** An open file description. */
export interface FileView {
  readonly id: number;
  readonly name: string;
  /** `[eventpoll]`, `pipe`, `socket` ... */
  readonly kind: string;
  readonly path: string;
  readonly flags: string;
  readonly refs: number;
  /** name of what is behind it: `ep#4`, `sock#7`; null when that is nothing of its own */
  readonly object: string | null;
  /** what poll would answer now; null where that cannot be asked without side effects */
  readonly mask: string | null;
  /** items that watch it, newest first */
  readonly watchedBy: readonly number[];
}

/** A node of the interest tree. */
export interface TreeView {
  readonly item: number;
  readonly fd: number;
  readonly red: boolean;
  readonly left: TreeView | null;
  readonly right: TreeView | null;
}

/** An epoll instance. Lists hold ids of items. */
export interface EventpollView {
  readonly id: number;
  readonly name: string;
  readonly file: number | null;
  readonly items: number;
  readonly rbr: TreeView | null;
  readonly rdllist: readonly number[];
  /** the private list of a running scan; null when none runs */
  readonly txlist: readonly number[] | null;
  /** items that fired during a scan, newest first; null when none runs */
  readonly ovflist: readonly number[] | null;
  readonly wq: QueueView;
  readonly pollWait: QueueView;
  /** items of outer epolls that watch this one */
  readonly watchedBy: readonly number[];
  readonly refcount: number;
  /** who holds mtx, and who waits for it */
  readonly mtx: string | null;
  readonly mtxWaiters: readonly string[];
  readonly uid: number;
}

/** A registered descriptor. */
export interface ItemView {
  readonly id: number;
  readonly name: string;
  readonly ep: number;
  readonly fd: number;
  readonly file: number;
  readonly events: string;
  readonly data: readonly [number, number];
  /** the list it is linked on */
  readonly on: 'rdllist' | 'txlist' | null;
  readonly onOvflist: boolean;
  /** a one-shot item that has fired: registered and deaf */
  readonly disabled: boolean;
  /** the wait queues of its target on which it sits */
  readonly queues: readonly string[];
}

/** A pipe. */
export interface PipeView {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly slots: number;
  readonly maxSlots: number;
  readonly readers: number;
  readonly writers: number;
  /** somebody polled it: every write wakes the readers */
  readonly polled: boolean;
  readonly rdWait: QueueView;
  readonly wrWait: QueueView;
}

/** An eventfd. */
export interface EventfdView {
  readonly id: number;
  readonly name: string;
  /** the counter, decimal: 64 bits */
  readonly count: string;
  readonly semaphore: boolean;
  readonly wqh: QueueView;
}

/** A timerfd. */
export interface TimerfdView {
  readonly id: number;
  readonly name: string;
  readonly ticks: number;
  readonly intervalNs: number;
  /** when it fires next; null: not armed */
  readonly expiresNs: number | null;
  readonly wqh: QueueView;
}

/** A segment: in a queue, or on its way. */
export interface SegmentView {
  readonly flags: string;
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
  readonly window: number;
}

/** A buffer with its limit, bytes. */
export interface BufferView {
  /** memory charged, and the limit it is held against */
  readonly used: number;
  readonly limit: number;
  readonly lowat: number;
  /** data that can be read, or is not acknowledged yet */
  readonly bytes: number;
  readonly buffers: number;
}

/** Sequence numbers of a TCP connection. */
export interface SequenceView {
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly writeSeq: number;
  readonly sndWnd: number;
  readonly rcvNxt: number;
  readonly copied: number;
  readonly rcvWnd: number;
  readonly cwnd: number;
}

/** A protocol endpoint. */
export interface SocketView {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly local: string;
  readonly peer: string;
  /** file of the API side; null for orphans and for connections nobody has accepted */
  readonly file: number | null;
  readonly rcv: BufferView;
  readonly snd: BufferView;
  readonly shutdown: string;
  readonly error: string | null;
  readonly nospace: boolean;
  readonly dead: boolean;
  /** whose call holds the socket lock */
  readonly lock: string | null;
  /** segments that wait for the lock */
  readonly backlog: number;
  /** finished connections that wait for accept, of at most so many */
  readonly accept: readonly number[];
  readonly acceptLimit: number;
  /** half-open connections of a listener */
  readonly halfOpen: number;
  readonly seq: SequenceView | null;
  readonly wq: QueueView;
}

/** What is left of a connection that was closed properly. */
export interface TimewaitView {
  readonly id: number;
  readonly name: string;
  /** TIME_WAIT, or FIN_WAIT2 without its socket */
  readonly state: string;
  readonly local: string;
  readonly peer: string;
}

/** A signalfd: the signals it reads. */
export interface SignalfdView {
  readonly id: number;
  readonly name: string;
  readonly signals: string;
}

/** An armed timer. */
export interface TimerView {
  readonly name: string;
  readonly owner: string | null;
  readonly expiresNs: number;
}

/** A packet between two hosts. */
export interface PacketView extends SegmentView {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** name of the host that it comes to */
  readonly toHost: string;
  readonly arrivesNs: number;
}

/** A link between two hosts. */
export interface LinkView {
  /** `server-client` */
  readonly name: string;
  /** names of the hosts */
  readonly between: readonly [string, string];
  /** `whole`; `cut`: both ends know it; `silent`: packets vanish */
  readonly state: string;
  readonly delayNs: number;
  /** packets lost so far */
  readonly lost: number;
  /** what is on its way, the next to arrive first */
  readonly packets: readonly PacketView[];
}

/** What is inside a kernel. */
export interface KernelView {
  /** the task that has the CPU; null: idle */
  readonly current: string | null;
  /** the point at which the machine was stopped */
  readonly stoppedAt: string | null;
  /** runnable tasks in their order */
  readonly runqueue: readonly string[];
  readonly tasks: readonly TaskView[];
  readonly tables: readonly TableView[];
  readonly files: readonly FileView[];
  readonly eventpolls: readonly EventpollView[];
  readonly items: readonly ItemView[];
  readonly pipes: readonly PipeView[];
  readonly eventfds: readonly EventfdView[];
  readonly timerfds: readonly TimerfdView[];
  readonly signalfds: readonly SignalfdView[];
  readonly sockets: readonly SocketView[];
  readonly timewaits: readonly TimewaitView[];
  /** packets that have arrived and not been processed, oldest first */
  readonly inFlight: readonly SegmentView[];
  /** armed timers, the next one first */
  readonly timers: readonly TimerView[];
  /** queues of tasks and processes that somebody waits on */
  readonly otherQueues: readonly QueueView[];
  /** items that each user has registered */
  readonly watches: Readonly<Record<string, number>>;
}

/** One host of a machine of several. */
export interface HostView extends KernelView {
  /** its place among the hosts of the machine */
  readonly id: number;
  /** empty for the host that every machine has */
  readonly name: string;
  /** its addresses besides 127.0.0.1 */
  readonly addresses: readonly string[];
}

/**
 * The machine at one instant. Its lists hold what is inside all its hosts: numbers of processes and objects are not given twice on one
 * machine. What belongs to which host is in `hosts`.
 */
export interface MachineView extends KernelView {
  readonly nowNs: number;
  readonly steps: number;
  /** rows of the trace so far; 0 without a trace */
  readonly traceStep: number;
  /** empty for a machine of one host, which needs no name */
  readonly hosts: readonly HostView[];
  readonly links: readonly LinkView[];
}
