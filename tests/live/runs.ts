/**
 * What is known from long runs of `npm run conformance`: how much was run and what is left. docs/conformance.md is written from it.
 */

/** Runs that took too long for a test. */
export const LONG_RUNS: readonly { readonly kernel: string; readonly date: string; readonly seeds: string; readonly programs: string; readonly found: string }[] = [
  { kernel: '6.18.44', date: '2026-11-27', seeds: '100000 to 122000, every fourth with several tasks', programs: '22,000', found: 'six causes, repaired since; AF_UNIX MSG_OOB' },
  { kernel: '6.18.44', date: '2026-11-27', seeds: '200000 to 210400, every fourth with several tasks', programs: '10,400', found: 'AF_UNIX MSG_OOB, UDP MSG_MORE' },
  { kernel: '6.18.44', date: '2026-11-27', seeds: '300000 to 334600, every fourth with several tasks', programs: '34,600 (1,077,783 calls)', found: 'room that a failed copy gives back in AF_UNIX, repaired since' },
  { kernel: '6.18.44', date: '2026-11-27', seeds: '700000 to 736000, every fourth with several tasks', programs: '36,000 (1,121,540 calls)', found: 'room that a failed copy gives back in UDP, repaired since; one woken task that came back only after 44 more calls of its waker, on a loaded machine' },
];

/** What random programs do not contain. */
export const NOT_GENERATED: readonly string[] = [
  'port numbers, process ids and addresses: they are never compared',
  'how many bytes fit into the buffers of TCP before EAGAIN: sizes follow auto-tuning and the times of acknowledgements',
  'timers that fire while another task sleeps: in which call of the other tasks that happens is a matter of microseconds; for one task, a timer that is due at once is followed by a pause',
  'the order of items in `/proc/PID/fdinfo`: it follows addresses',
  'MSG_OOB together with AF_UNIX streams, and MSG_MORE together with UDP: see the known divergences',
];

/** Where the model does not answer as Linux does, found and not repaired. */
export const KNOWN_DIVERGENCES: readonly string[] = [
  '`send(MSG_OOB)` on an AF_UNIX stream: Linux 6.18 queues an out-of-band byte, the model answers EOPNOTSUPP',
  '`send(MSG_MORE)` on a UDP socket: Linux keeps the datagram back until it is complete, the model sends it at once',
];
