/**
 * Sets of signals as two words of 32 bits: signal n is bit n - 1 of the pair. Also which signals do what when a
 * program has no handler for them. Linux counterparts: include/linux/signal.h, include/linux/signal_types.h.
 */

import type { sigpending } from './signal_types.js';

/** Numbers of signals run from 1 to this one. include/uapi/asm-generic/signal.h:_NSIG */
export const _NSIG = 64;
/** Bytes of a set in user memory. */
export const SIGSET_SIZE = 8;

function bit(sig: number): number {
  return 1 << (sig - 1);
}

const SIGKILL_BIT = bit(9);
const SIGSTOP_BIT = bit(19);
/** SIGKILL and SIGSTOP: nobody blocks them. */
export const UNBLOCKABLE_LO = SIGKILL_BIT | SIGSTOP_BIT;
/** SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU. include/linux/signal.h:SIG_KERNEL_STOP_MASK */
export const SIG_KERNEL_STOP_MASK = SIGSTOP_BIT | bit(20) | bit(21) | bit(22);
/** SIGCONT, SIGCHLD, SIGWINCH, SIGURG. include/linux/signal.h:SIG_KERNEL_IGNORE_MASK */
export const SIG_KERNEL_IGNORE_MASK = bit(18) | bit(17) | bit(28) | bit(23);
/** QUIT, ILL, TRAP, ABRT, FPE, SEGV, BUS, SYS, XCPU, XFSZ. include/linux/signal.h:SIG_KERNEL_COREDUMP_MASK */
export const SIG_KERNEL_COREDUMP_MASK = bit(3) | bit(4) | bit(5) | bit(6) | bit(8) | bit(11) | bit(7) | bit(31) | bit(24) | bit(25);
/** SEGV, BUS, ILL, TRAP, FPE, SYS: taken before all others. kernel/signal.c:SYNCHRONOUS_MASK */
const SYNCHRONOUS_MASK = bit(11) | bit(7) | bit(4) | bit(5) | bit(8) | bit(31);

/** The low word of the set with this one signal. include/linux/signal.h:sigmask */
export function sig_lo(sig: number): number {
  return sig <= 32 ? bit(sig) : 0;
}

/** The high word of the set with this one signal. include/linux/signal.h:sigmask */
export function sig_hi(sig: number): number {
  return sig > 32 ? bit(sig - 32) : 0;
}

/** True when the set holds `sig`. include/linux/signal.h:sigismember */
export function sigismember(lo: number, hi: number, sig: number): boolean {
  return ((lo & sig_lo(sig)) | (hi & sig_hi(sig))) !== 0;
}

/** True when `sig` is pending in this queue. include/linux/signal.h:sigismember */
export function is_pending(pending: sigpending, sig: number): boolean {
  return sigismember(pending.signal_lo, pending.signal_hi, sig);
}

/** Marks `sig` as pending. include/linux/signal.h:sigaddset */
export function sigaddset(pending: sigpending, sig: number): void {
  pending.signal_lo |= sig_lo(sig);
  pending.signal_hi |= sig_hi(sig);
}

/** Marks `sig` as not pending. include/linux/signal.h:sigdelset */
export function sigdelset(pending: sigpending, sig: number): void {
  pending.signal_lo &= ~sig_lo(sig);
  pending.signal_hi &= ~sig_hi(sig);
}

function in_mask(mask: number, sig: number): boolean {
  return sig <= 32 && (mask & bit(sig)) !== 0;
}

/** Its default action is to stop the process. include/linux/signal.h:sig_kernel_stop */
export function sig_kernel_stop(sig: number): boolean {
  return in_mask(SIG_KERNEL_STOP_MASK, sig);
}

/** Its default action is nothing. include/linux/signal.h:sig_kernel_ignore */
export function sig_kernel_ignore(sig: number): boolean {
  return in_mask(SIG_KERNEL_IGNORE_MASK, sig);
}

/** Its default action ends the process with a core dump. include/linux/signal.h:sig_kernel_coredump */
export function sig_kernel_coredump(sig: number): boolean {
  return in_mask(SIG_KERNEL_COREDUMP_MASK, sig);
}

function lowest(word: number): number {
  return 32 - Math.clz32(word & -word);
}

/** The pending signal that is taken first among those not in the mask: synchronous ones, then the lowest; 0 if none. kernel/signal.c:next_signal */
export function next_signal(pending: sigpending, mask_lo: number, mask_hi: number): number {
  const lo = pending.signal_lo & ~mask_lo;
  if (lo !== 0) return lowest((lo & SYNCHRONOUS_MASK) !== 0 ? lo & SYNCHRONOUS_MASK : lo);
  const hi = pending.signal_hi & ~mask_hi;
  return hi !== 0 ? 32 + lowest(hi) : 0;
}

/** True when something is pending that is not in the mask. kernel/signal.c:has_pending_signals */
export function has_pending_signals(pending: sigpending, mask_lo: number, mask_hi: number): boolean {
  return ((pending.signal_lo & ~mask_lo) | (pending.signal_hi & ~mask_hi)) !== 0;
}
