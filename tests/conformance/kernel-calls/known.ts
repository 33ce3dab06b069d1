/**
 * What is known to differ from the recordings, and why: a reason for each scenario here, the differences themselves
 * in known.json, counted. The test fails when the model differs in any other way, and when an entry is no longer
 * needed. `KERNEL_CALLS_BASELINE=write npx jest tests/conformance/kernel-calls` writes known.json anew; a scenario
 * without a reason here still fails then.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const KNOWN_FILE = join(__dirname, 'known.json');

/** Scenario -> difference -> how often, in profile tcp. */
export type Known = Readonly<Record<string, Readonly<Record<string, number>>>>;

export const known = JSON.parse(readFileSync(KNOWN_FILE, 'utf8')) as Known;

const BUFFERS =
  'how many bytes fit depends on the version: the recording itself says that Linux 6.12 differs. ';

/**
 * Why a scenario differs. What was measured on 6.18 are results of calls, made live: the kernel that was at hand gives no record of its functions
 * (its available_tracers are `blk function nop`: no function_graph; no kprobe_events; and the filters of `function` answer EPERM), so that
 * the functions of these scripts could not be recorded there.
 */
export const reasons: Readonly<Record<string, string>> = {
  'nested-add-ready':
    'the recording calls the item of the inner epoll by that epoll: below it eventfd_poll asks ev, which is what the model says',
  'add-when-ready-et':
    'Linux 6.18 scales windows by 10 bits, not by 7 (tcp_rmem ends at 32 MiB), so 100 bytes do not change the window of the ACK, which then '
    + 'takes the fast path past tcp_data_queue. Measured on 6.18: every ACK of this exchange carries the window 64, as in the model',
  'notsent-lowat': `${BUFFERS}Measured on 6.18: four writes of 4096 fit, as in the model, where 6.1 took three`,
  'sndbuf-et': `${BUFFERS}Measured on 6.18: nine writes of 4096 fit and nine reads get them, as in the model, because unsent buffers merge since 6.10`,
  'sndbuf-peer-resets': `${BUFFERS}Measured on 6.18: nine writes of 4096 fit, as in the model`,
  'sndbuf-blocked-writer': `${BUFFERS}Measured on 6.18: the first read returns 12288 bytes, as in the model, where 6.1 returned 8192`,
};
