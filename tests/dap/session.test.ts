/**
 * Whole sessions of an editor, over the protocol: launch, breakpoints of every kind, steps in both directions, what is to be seen, questions.
 */

import { basename } from 'node:path';
import { readFileSync } from 'node:fs';
import { Editor } from './editor.js';

jest.setTimeout(30_000);

let editor: Editor;
afterEach(() => editor.close());

/** Everything that an editor shows of a stop: threads, stacks, and the variables of the innermost frame. */
async function everything(): Promise<unknown> {
  const { body: { threads } } = await editor.client.threadsRequest();
  const stacks = [];
  for (const { id } of threads) stacks.push((await editor.frames(id)).map(({ name, line, source }) => [name, line, source?.path ?? source?.name]));
  const scopes = await editor.scopes();
  const unfolded: unknown[] = [];
  for (const [name, reference] of Object.entries(scopes)) unfolded.push(name, await editor.unfold(reference, 2));
  return { threads, stacks, unfolded };
}

describe('moving', () => {
  test('back across an epoll_wait that slept, and forward again to the same state', async () => {
    editor = await Editor.launched({ scenario: 'read-once', options: { trigger: 'ET' } });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'epoll_wait' }] });
    const entered = await editor.run();
    expect(entered).toMatchObject({ reason: 'function breakpoint', threadId: 1, text: 'reader(1) calls epoll_wait(5, 0x7ffc0000, 8, 30)' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const before = await everything();
    const from = editor.step;
    expect(await editor.next()).toMatchObject({ reason: 'step', threadId: 1, text: 'epoll_wait returns 1 to reader(1)' });
    const after = await everything();
    const to = editor.step;
    expect(after).not.toEqual(before);
    expect(to - from).toBeGreaterThan(20);
    await editor.back();
    expect(editor.step).toBe(from);
    expect(await everything()).toEqual(before);
    await editor.next();
    expect(editor.step).toBe(to);
    expect(await everything()).toEqual(after);
  });

  test('into the kernel function by function, by event, out again, and back', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'pipe_write' }] });
    await editor.run();
    const write = editor.step;
    expect((await editor.frames()).map(({ name }) => name)).toEqual(['pipe_write', 'write(4, "0123456789", 10)', 'writer(2)']);
    expect(await editor.stepIn()).toMatchObject({ text: expect.stringMatching(/^writer\(2\) wakes those who wait on pipe#\d+\.rd_wait$/) });
    expect((await editor.frames())[0]!.name).toBe('__wake_up_sync_key');
    const inner = editor.step;
    await editor.next('instruction');
    expect(editor.step).toBe(inner + 1);
    await editor.back('instruction');
    expect(editor.step).toBe(inner);
    expect(await editor.next()).toMatchObject({ text: expect.stringMatching(/^__wake_up_sync_key (is done|gives)/) });
    expect(await editor.stepOut()).toMatchObject({ text: 'pipe_write gives 10' });
    await editor.back();
    expect(editor.step).toBe(write);
    expect(await editor.stepOut()).toMatchObject({ text: 'pipe_write gives 10' });
    expect(await editor.stepOut()).toMatchObject({ text: 'write returns 10 to writer(2)' });
    await editor.stepIn(1);
    expect((await editor.client.stepInTargetsRequest({ frameId: 0 })).body.targets).toHaveLength(4);
  });

  test('a breakpoint on the way stops a step, forward and backward', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'epoll_wait' }] });
    await editor.run();
    const { body } = await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'ep_poll_callback' }] });
    expect(await editor.next()).toMatchObject({ reason: 'function breakpoint', threadId: 2, hitBreakpointIds: [body.breakpoints[0]!.id] });
    const hit = editor.step;
    // the thread that waits is still chosen: its own next step is the return of the call
    await editor.move((c) => c.nextRequest({ threadId: 1 }));
    expect(editor.stop!.threadId).toBe(1);
    expect(editor.step).toBeGreaterThan(hit);
    while (editor.step > hit) await editor.back();
    expect(editor.step).toBe(hit);
    expect(editor.stop!.reason).toBe('function breakpoint');
  });

  test('to the end, where the session stays, and back to the start; the second continue ends it', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setExceptionBreakpointsRequest({ filters: [] });
    expect(await editor.run()).toMatchObject({ reason: 'pause' });
    expect(editor.output).toContain('console: The run is over: finished.');
    const end = editor.step;
    await editor.reverse();
    expect(editor.step).toBe(0);
    await editor.move((c) => c.customRequest('restart'));
    expect(editor.step).toBe(0);
    await editor.run();
    expect(editor.step).toBe(end);
    const terminated = editor.event('terminated');
    await editor.client.continueRequest({ threadId: 1 });
    await terminated;
  });

  test('what was passed is printed: lines of the log, and the stop as a sentence; then everything is to be read anew', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    const invalidated = editor.event<{ areas: string[] }>('invalidated');
    await editor.next();
    await editor.next();
    expect((await invalidated).areas).toEqual(['threads', 'stacks', 'variables']);
    expect(editor.output.slice(-3)).toEqual([
      expect.stringMatching(/^console: step 1: reader\(1\) calls pipe/), expect.stringMatching(/^stdout: reader\(1\) pipe\(\[3, 4\]\) += 0$/), expect.stringMatching(/^console: step \d+: pipe returns 0/),
    ]);
  });
});

describe('breakpoints', () => {
  test('functions, points and calls by name; what is not there is said, with the nearest name', async () => {
    editor = await Editor.launched({ scenario: 'during-scan', preempt: 'all' });
    const names = ['ep_poll_callback', 'ep_send_events_proc:copy_to_user', 'epoll_wait', 'ep_poll_callbak', 'tcp_reset', 'recvmmsg', 'ep_insert:nowhere', 'pid =='];
    const { body: { breakpoints } } = await editor.client.setFunctionBreakpointsRequest({ breakpoints: names.map((name) => ({ name })) });
    expect(breakpoints.map(({ verified }) => verified)).toEqual([true, true, true, false, false, false, false, false]);
    expect(breakpoints[3]!.message).toBe("there is no kernel function or system call 'ep_poll_callbak'; did you mean ep_poll_callback?");
    expect(breakpoints[4]!.message).toBe('tcp_reset is never entered in this run');
    expect(breakpoints[6]!.message).toContain('no task stands at ep_insert:nowhere');
    expect(breakpoints[7]!.message).toContain('cannot understand the condition "pid =="; expected a comparison as errno == EAGAIN');
    const seen: number[] = [];
    for (let stop = await editor.run(); stop.reason === 'function breakpoint'; stop = await editor.run()) seen.push(editor.step);
    expect(seen.length).toBeGreaterThan(5);
    const again: number[] = [];
    for (let stop = await editor.reverse(); stop.reason === 'function breakpoint'; stop = await editor.reverse()) again.unshift(editor.step);
    expect(again).toEqual(seen);
  });

  test('lines of the program, with conditions; a line without a call moves to the next that has one', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'epoll_wait' }] });
    await editor.run();
    const [call, program] = await editor.frames();
    expect(call).toMatchObject({ name: 'epoll_wait(5, 0x7ffc0000, 8, 30)', source: { name: 'read-once.strace' } });
    expect(basename(program!.source!.path!)).toBe('readOnce.ts');
    expect(readFileSync(program!.source!.path!, 'utf8').split('\n')[program!.line - 1]).toContain('epoll_wait');
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const { source, line } = program!;
    const set = (breakpoints: { line: number; condition?: string }[]): Promise<{ verified: boolean; line?: number; message?: string }[]> =>
      editor.client.setBreakpointsRequest({ source: source!, breakpoints }).then(({ body }) => body.breakpoints);
    expect(await set([{ line: 1 }, { line: 9999 }])).toMatchObject([{ verified: true, line: expect.any(Number) }, { verified: false, message: expect.stringContaining('no system call of this run is made from line 9999') }]);
    expect(await set([{ line }])).toMatchObject([{ verified: true, line }]);
    const first = editor.step;
    expect(await editor.run()).toMatchObject({ reason: 'breakpoint', text: expect.stringContaining('calls epoll_wait') });
    expect(await editor.reverse()).toMatchObject({ reason: 'breakpoint' });
    expect(editor.step).toBe(first);
    expect(await set([{ line, condition: 'pid == 77' }])).toMatchObject([{ verified: true }]);
    expect(await editor.run()).toMatchObject({ reason: 'pause' });
    expect(await set([{ line, condition: 'colour == red' }])).toMatchObject([{ verified: false, message: expect.stringContaining('cannot understand "colour"') }]);
    const { body } = await editor.client.customRequest('breakpointLocations', { source, line, endLine: line + 1 }) as { body: { breakpoints: { line: number }[] } };
    expect(body.breakpoints).toContainEqual({ line });
    const { body: { targets } } = await editor.client.gotoTargetsRequest({ source: source!, line });
    expect(targets.length).toBeGreaterThan(1);
    expect(targets[0]!.label).toContain(`step ${first}: reader(1) calls epoll_wait`);
    expect(await editor.move((c) => c.gotoRequest({ threadId: 1, targetId: targets[0]!.id }))).toMatchObject({ reason: 'goto' });
    expect(editor.step).toBe(first);
  });

  test('back to who changed the ready list: a watch on a variable', async () => {
    editor = await Editor.launched({ scenario: 'during-scan' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'ep_done_scan' }] });
    await editor.run();
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const [ep] = await editor.variables((await editor.scopes())['Epoll instances']!);
    const { body } = await editor.client.dataBreakpointInfoRequest({ variablesReference: ep!.variablesReference, name: 'ovflist' });
    expect(body).toMatchObject({ dataId: expect.stringMatching(/^eventpolls\/\d+\/ovflist$/), accessTypes: ['write'] });
    expect((await editor.client.setDataBreakpointsRequest({ breakpoints: [{ dataId: body.dataId! }] })).body.breakpoints).toMatchObject([{ verified: true }]);
    expect((await editor.client.dataBreakpointInfoRequest({ name: `${ep!.name}.rdllist` })).body.dataId).toBe(`${ep!.evaluateName}/rdllist`);
    const changes: string[] = [];
    for (let stop = await editor.reverse(); stop.reason === 'data breakpoint'; stop = await editor.reverse()) changes.push(stop.text!);
    expect(changes.filter((text) => text.startsWith('ep_poll_callback chained')).length).toBe(2);
    const step = (await editor.scopes())['Step']!;
    expect((await editor.client.dataBreakpointInfoRequest({ variablesReference: step, name: 'sentence' })).body.dataId).toBeNull();
  });

  test('exceptions: any error, one error, and what they were', async () => {
    editor = await Editor.launched({ scenario: 'dup-close' });
    const set = (args: { filters: string[]; filterOptions?: { filterId: string; condition?: string }[] }): Promise<{ verified: boolean; message?: string }[]> =>
      editor.client.setExceptionBreakpointsRequest(args).then((answered) => (answered.body as { breakpoints: { verified: boolean; message?: string }[] }).breakpoints);
    expect(editor.capabilities.exceptionBreakpointFilters!.map(({ filter }) => filter)).toEqual(['errno', 'sigpipe', 'law', 'expectation']);
    expect(await set({ filters: [], filterOptions: [{ filterId: 'errno', condition: 'EBADF' }] })).toEqual([expect.objectContaining({ verified: true })]);
    expect(await editor.run()).toMatchObject({ reason: 'exception', text: 'epoll_ctl fails with EBADF in main(1)' });
    expect((await editor.client.exceptionInfoRequest({ threadId: 1 })).body).toMatchObject({ exceptionId: 'EBADF', description: 'epoll_ctl fails with EBADF in main(1)' });
    await set({ filters: [], filterOptions: [{ filterId: 'errno', condition: 'errno == ENOMEM || pid == 99' }] });
    expect(await editor.run()).toMatchObject({ reason: 'pause' });
    expect(await set({ filters: ['sigsegv'] })).toEqual([expect.objectContaining({ verified: false, message: expect.stringContaining("no exception filter 'sigsegv'") })]);
  });

  test('a broken law stops where it shows', async () => {
    editor = await Editor.launched({ scenario: 'et-accepts-once' });
    await editor.client.setExceptionBreakpointsRequest({ filters: ['law'] });
    expect(await editor.run()).toMatchObject({ reason: 'exception' });
    const { body } = await editor.client.exceptionInfoRequest({ threadId: 1 });
    expect(body).toMatchObject({ exceptionId: 'law', description: expect.stringMatching(/^the law [\w-]+ is broken: /) });
  });
});

describe('what is to be seen', () => {
  test('kernel functions lead to the source of the model, and say which file of Linux they are written after', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'ep_poll_callback' }] });
    await editor.run();
    const [frame] = await editor.frames();
    expect(frame).toMatchObject({ name: 'ep_poll_callback', source: { name: 'ep_callback.ts', origin: 'fs/eventpoll.c' } });
    expect(readFileSync(frame!.source!.path!, 'utf8').split('\n')[frame!.line - 1]).toContain('function ep_poll_callback(');
    const scopes = await editor.scopes(frame);
    expect(Object.keys(scopes)).toEqual(['Step', 'Arguments', 'Task', 'Descriptors', 'Epoll instances', 'Sockets', 'Machine']);
    expect(await editor.unfold(scopes['Arguments']!, 0)).toMatchObject({ key: 'EPOLLIN|EPOLLRDNORM' });
    expect(await editor.unfold(scopes['Descriptors']!, 1)).toMatchObject({ 3: { '': expect.stringMatching(/^pipe#\d+ IN\|RDNORM$/) }, 5: { '': expect.stringMatching(/^ep#\d+$/) } });
    const [ep] = Object.values(await editor.unfold(scopes['Epoll instances']!, 3));
    expect(ep).toMatchObject({ '': expect.stringContaining('rbr={3} rdllist=[]'), rbr: { '': '3b', colour: 'black', item: { fd: '3' } }, wq: { '': '[reader(1)!]' } });
  });

  test('the log of system calls is a text with lines that can be stopped at', async () => {
    editor = await Editor.launched({ scenario: 'read-once' });
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'read' }] });
    await editor.run();
    const { source = {}, line } = (await editor.frames())[0]!;
    const { body: { content } } = await editor.client.sourceRequest({ source, sourceReference: source.sourceReference! });
    expect(content.split('\n')[line - 1]).toMatch(/^0\.010000 reader\(1\) {2}read\(3, /);
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    await editor.client.setBreakpointsRequest({ source, breakpoints: [{ line }] });
    expect(await editor.run()).toMatchObject({ reason: 'breakpoint', text: expect.stringContaining('read returns') });
    await expect(editor.client.sourceRequest({ sourceReference: 5 })).rejects.toThrow('there is no such text');
  });

  test('softirq work has threads of its own: timers, and ksoftirqd where a decision leaves work to it', async () => {
    editor = await Editor.launched({ scenario: 'echo', seed: 1 });
    const { body: { threads } } = await editor.client.threadsRequest();
    expect(threads.map(({ name }) => name)).toContain('ksoftirqd/0 (softirq)');
    const ksoftirqd = threads.find(({ name }) => name.startsWith('ksoftirqd'))!.id;
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'tcp_v4_rcv', condition: 'pid < 0' }] });
    const stop = await editor.run();
    expect(stop.threadId).toBe(ksoftirqd);
    expect((await editor.frames()).map(({ name }) => name)).toContain('tcp_v4_rcv');
    const sockets = await editor.variables((await editor.scopes())['Sockets']!);
    expect(sockets.map(({ name }) => name).join()).toMatch(/^sock#\d+/);
  });
});

describe('the console', () => {
  test('why, why not, hazards, the sentence, parts of the machine, steps; each wrong question has an answer', async () => {
    editor = await Editor.launched({ scenario: 'read-once', options: { trigger: 'ET' } });
    await editor.run();
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'epoll_wait' }] });
    await editor.reverse();
    expect(await editor.say('why 3')).toMatch(/^reader\(1\) is handed EPOLLIN for fd 3.*\n {2}step \d+: writer\(2\) calls write/);
    expect(await editor.say('whynot 3')).toMatch(/^fd 3 is edge-triggered.*read until EAGAIN\.\n[^]*missing: no ep_poll_callback/);
    expect(await editor.say('hazards')).toMatch(/^step \d+: fd 3 is edge-triggered and was not read to EAGAIN/);
    expect(await editor.say('decisions')).toContain('none from here on');
    expect(await editor.say('sentence')).toBe(editor.stop!.text);
    expect((await editor.say('log 2')).split('\n')).toHaveLength(2);
    expect(await editor.say('help')).toContain('whynot FD [STEP]');
    const [ep] = await editor.variables((await editor.scopes())['Epoll instances']!);
    expect(await editor.say(`${ep!.name}.rdllist`, 'watch')).toBe('[]');
    expect(await editor.say(ep!.name, 'hover')).toBe(ep!.value);
    const moved = await editor.move(() => editor.say('step 65'));
    expect([moved.reason, editor.step]).toEqual(['goto', 65]);
    await editor.move(() => editor.say(`next ${ep!.name}.rdllist`));
    expect(editor.stop!.text).toContain('put fd 3 on the ready list');
    await expect(editor.say('step 99999')).rejects.toThrow('there is no step 99999; this run has the steps 0 to');
    await expect(editor.say('step 3', 'watch')).rejects.toThrow('step 3 moves the session; say it in the console');
    await expect(editor.say('wyh 3')).rejects.toThrow('did you mean why?');
    await expect(editor.say('why x')).rejects.toThrow('a descriptor is a whole number, not "x"');
    await expect(editor.say('ep#999.wq')).rejects.toThrow('there is no ep#999.wq at step');
    const complete = async (text: string): Promise<string[]> => (await editor.client.completionsRequest({ text, column: text.length + 1 })).body.targets.map(({ label }) => label);
    expect(await complete('wh')).toEqual(['why', 'whynot']);
    expect(await complete('whynot ')).toEqual(['3']);
    expect(await complete(`last ${ep!.name}.r`)).toEqual([`${ep!.name}.rbr`, `${ep!.name}.rdllist`]);
  });

  test('another future: a decision is made otherwise, in a branch of its own', async () => {
    editor = await Editor.launched({ scenario: 'herd', preempt: 'all' });
    const [first] = (await editor.say('decisions')).split('\n');
    const decision = Number.parseInt(first!, 10);
    await editor.move(() => editor.say(`fork ${decision} 1`));
    expect(editor.stop!.reason).toBe('goto');
    await editor.move(() => editor.say('branch 0'));
    await expect(editor.say('branch 7')).rejects.toThrow('there is no branch 7; there are 2');
  });
});
