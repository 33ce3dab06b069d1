/**
 * Values that no model can know, and that a replay takes from the log: each kind with its reason and with the set of values that are allowed.
 * A value outside its set is a divergence. What epoll_wait, poll, select and accept answer about descriptors that the model has is never
 * adopted. docs/conformance.md prints this table.
 */

/** Why a kind of value is adopted, and which values may be. */
export interface Adopted {
  readonly reason: string;
  readonly allowed: string;
}

export const ADOPTED = {
  'process id': {
    reason: 'which numbers of processes are free is known to the machine alone',
    allowed: '1 to 4194304, of no process that lives; as a parent, one that is not in the log',
  },
  port: {
    reason: 'the kernel chooses a free port at random',
    allowed: 'a port of ip_local_port_range; from then on each number of the log stands for one of the model',
  },
  'bytes not printed': {
    reason: 'strace prints the first bytes of a buffer only',
    allowed: 'any byte where the writer\'s were not printed; every printed byte must arrive',
  },
  'time left': {
    reason: 'how long a task slept depends on when it was scheduled',
    allowed: 'not more than was given and 50 us of timer slack, not less than what the time between the two lines leaves',
  },
  'signal from outside': {
    reason: 'a process that is not in the log sent it',
    allowed: 'any signal whose sender is not in the log',
  },
  'resource limit': {
    reason: 'the first process was started with it',
    allowed: 'a soft limit not above the hard one, as long as no program of the log has set one',
  },
  'cpu time': { reason: 'how long programs computed is not in the log', allowed: 'any' },
  'clock reading': {
    reason: 'the clock of the machine',
    allowed: 'for clocks that only go forward, not earlier than a reading that ended before this call began',
  },
  'register after a handler': {
    reason: 'a signal between two calls interrupts the program\'s own code, and its register is restored',
    allowed: 'any, if no call was interrupted; else it is compared',
  },
  expirations: {
    reason: 'timers are read late, never early',
    allowed: '1 for a timer that fires once; for others at least 1',
  },
  'short count': {
    reason: 'where a file outside the model ends is known to the log alone',
    allowed: 'not more than was asked for, and not more than the receiving file of the model takes',
  },
  'inherited descriptor': {
    reason: 'what the first process was started with is not in the log',
    allowed: 'a number that no call of the log has made or closed',
  },
  'flags of an outside file': { reason: 'somebody else opened it', allowed: 'flags with one of the three ways of access' },
  'readiness outside': {
    reason: 'what a terminal, a netlink socket or a stream from outside has to say is known to the log alone',
    allowed: 'events that were asked for, and errors',
  },
  'whether epoll takes an outside file': {
    reason: 'an opened path can be a regular file or a device',
    allowed: 'both, unless the log has shown what it is',
  },
} as const satisfies Readonly<Record<string, Adopted>>;

/** A kind of value that is taken from the log. */
export type AdoptedKind = keyof typeof ADOPTED;
