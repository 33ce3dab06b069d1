/** Logs that strace -f wrote to the terminal: `[pid 9]` only while there are several threads, and messages in the middle of lines. */

import { findMainThread } from '../../src/replay/tracees.js';
import { readEvents } from '../../src/replay/reader.js';
import { searchReplay } from '../../src/replay/search.js';

const LOG = `pipe2([3, 4], 0)                        = 0
clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDstrace: Process 27593 attached
, child_tidptr=0x7f6b42f9ba10) = 27593
[pid 27591] read(3,  <unfinished ...>
[pid 27593] write(4, "a", 1)            = 1
[pid 27593] exit_group(0)               = ?
[pid 27593] +++ exited with 0 +++
<... read resumed>"a", 8)               = 1
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=27593, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---
wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 27593
getpid()                                = 27591
exit_group(0)                           = ?
+++ exited with 0 +++
`;

test('the first thread is the one that no other has made', () => {
  expect(findMainThread(LOG.split('\n'))).toBe(27591);
});

test.each([['known', 27591], ['not known', 0]])('such a log is replayed, its first thread %s', (_how, mainPid) => {
  const report = searchReplay('log', readEvents([LOG], { mainPid }));
  expect(report.divergences).toEqual([]);
  expect(report).toMatchObject({ calls: 8, compared: 8, agreed: 8 });
});

test('a broken line behind a message is told with its own number', () => {
  expect(() => searchReplay('log', readEvents([`${LOG}strace: Process 5 detached\nread(3 = 1\n`]))).toThrow(/^log:15:/);
});
