#!/usr/bin/env node
/**
 * The command `epollsim`: what it can do, and the way of each sub-command to its file. The files are loaded when they are needed, so that
 * --help is there at once. Exit codes: 0 all is well, 1 an expectation or a comparison failed, 2 bad input, 70 a bug of epollsim.
 */

import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { reportError } from './errors.js';
import { addOracle } from './oracle.js';
import { stopQuietlyOnClosedPipe } from './output.js';

const INTRODUCTION = `epollsim runs programs on a model of Linux's epoll, poll, select, pipes,
Unix sockets and TCP that has the kernel's own structures and takes its steps.
The same program, seed and choices give the same run, every time.

To see:      epollsim run during-scan
             each system call, and what it changed inside
To test:     epollsim run herd --seed 7
             the same programs under another schedule
To find:     epollsim explore herd
             every order of events, or the shortest one that fails
To compare:  epollsim replay server.log
             a strace log of a real program, call by call
To ask:      epollsim step et-stops-early
             forward, backward, and why no event comes`;

const NEXT = `
Examples:
  epollsim demo                             level- and edge-triggered side by side
  epollsim list                             the built-in scenarios
  epollsim claims                           what popular texts say, and what Linux does
  epollsim run read-once --trigger et       one of them, edge-triggered
  epollsim run ./mine.mjs --quiet           a scenario of your own
  epollsim run --replay epollsim1:...       exactly the run that printed this string
  strace -f -yy -ttt -T -o server.log ./server
  epollsim replay server.log

Exit codes: 0 all expectations hold, 1 one failed, 2 bad input.
New here? epollsim demo, then epollsim list, then docs/scenarios.md to write your own.`;

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}

function wholeNumber(name: string): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text)) return Number(text);
    throw new CommanderError(2, 'epollsim.number', `error: ${name} is a whole number, not '${text}'`);
  };
}

const format = (): Option => new Option('--format <format>', 'text for people, json for programs').choices(['text', 'json']).default('text');

function addRun(program: Command): void {
  program.command('run')
    .argument('[scenario]', 'name of a built-in scenario, or a file (.mjs, .js) with one as its default export')
    .summary('run a scenario and show each step')
    .description('Runs a scenario. Each system call is printed as strace does, and under it what changed inside: + new, ~ changed, - gone.')
    .addOption(new Option('--trigger <trigger>', 'level-triggered or edge-triggered, for scenarios that know both').choices(['lt', 'et']))
    .option('--option <name=value...>', 'another option of the scenario (epollsim list shows them)')
    .option('--seed <n>', 'take every choice at random, from this seed', wholeNumber('--seed'))
    .addOption(new Option('--preempt <where>', 'where a task may lose the CPU').choices(['never', 'all']))
    .option('--sysctl <name=value...>', "network settings of the machine, as tcp_fin_timeout=5 or 'tcp_rmem=4096 131072 6291456'")
    .option('--replay <recording>', 'the run that printed this string, again')
    .addOption(format())
    .option('--quiet', 'only how it ended')
    .option('--lines <n>', 'print at most so many steps; the run goes on (0: all)', wholeNumber('--lines'), 2000)
    .option('--out <kind=file...>', 'write the run to a file too: strace, calls, perfetto, pcapng, mermaid, svg, recording')
    .option('--steps <n>', 'stop a run that takes more steps than this', wholeNumber('--steps'), 10_000_000)
    .addHelpText('after', `
Exports (--out, more than one may be given):
  strace=FILE     the log of system calls; epollsim replay reads it back
  calls=FILE      kernel functions, as the function graph tracer prints them
  perfetto=FILE   Chrome trace JSON for ui.perfetto.dev
  pcapng=FILE     packets with headers and checksums, for Wireshark and tshark
  mermaid=FILE    a sequence diagram as text; svg=FILE as a picture
  recording=FILE  the string that brings the run back
A step number means the same in all of them.

Next: epollsim list shows what there is to run; the recording at the end of a run brings it back with --replay.`)
    .action(async (name: string | undefined, options: object) => (await import('./run.js')).runCommand(name, options as never));
}

function addExplore(program: Command): void {
  program.command('explore')
    .argument('<scenario>', 'name of a built-in scenario, or a file (.mjs, .js) with one as its default export')
    .summary('search all runs of a scenario for one that fails')
    .description('Makes the runs of a scenario that differ in what Linux leaves open: who runs next at every point, softirqs now or later,\nfates of packets, ties of timers. Stops at the first that breaks something and shows it as short as it gets.')
    .addOption(new Option('--trigger <trigger>', 'level-triggered or edge-triggered, for scenarios that know both').choices(['lt', 'et']))
    .option('--option <name=value...>', 'another option of the scenario (epollsim list shows them)')
    .addOption(new Option('--mode <mode>', 'all runs, random ones, or random priorities (PCT)').choices(['exhaustive', 'random', 'pct']).default('exhaustive'))
    .option('--preemptions <n>', 'exhaustive: only runs with at most so many preemptions', wholeNumber('--preemptions'))
    .option('--softirqs <n>', 'exhaustive: softirqs of a run that may be left for later (1)', wholeNumber('--softirqs'))
    .option('--law <name...>', "hold runs to these laws instead of the scenario's own; loop: all for event loops")
    .option('--no-reduce', 'exhaustive: make also runs that are like others')
    .option('--seed <n>', 'random, pct: the first seed', wholeNumber('--seed'))
    .option('--depth <d>', 'pct: orderings that the bug needs (3)', wholeNumber('--depth'))
    .option('--schedules <n>', 'make at most so many runs', wholeNumber('--schedules'))
    .option('--seconds <n>', 'take at most so long', wholeNumber('--seconds'))
    .option('--steps <n>', 'a run that takes more steps counts as endless', wholeNumber('--steps'), 20_000)
    .option('--may-sleep', 'tasks that sleep for ever are no failure')
    .option('--all', 'go on after the first failure and count the others')
    .option('--shard <i/n>', 'only part i of n, for the jobs of a matrix')
    .option('--workers <n>', 'worker threads (default: all cores once a second has passed)', wholeNumber('--workers'))
    .option('--resume <file>', 'keep what is done in this file, and go on from it')
    .option('--save <file>', 'write the failing run as a scenario file')
    .addOption(format())
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 found, 2 bad input. Next: docs/exploring.md.')
    .action(async (name: string, options: object) => (await import('./explore.js')).exploreCommand(name, options as never));
}

function addExplain(program: Command): void {
  program.command('explain')
    .argument('<trace>', 'a scenario (name or file), a recording that a run printed, or a log of strace -f -yy -ttt -T -v')
    .summary('why an event came, or why none comes')
    .description('Makes the run again and tells the chain behind the last event of a descriptor: from the call that caused it through segments, wake-ups\n'
      + 'and lists to epoll_wait, each link with its step. With --not: the first link that is missing. Hazards seen in passing are listed too.')
    .requiredOption('--fd <n>', 'the descriptor, as the program knows it', wholeNumber('--fd'))
    .option('--at <step>', 'up to this step (default: the last one before the program ends)', wholeNumber('--at'))
    .option('--not', 'why does no event come?')
    .option('--ep <id>', 'only in the epoll instance ep#ID', wholeNumber('--ep'))
    .addOption(new Option('--trigger <trigger>', 'level-triggered or edge-triggered, for scenarios that know both').choices(['lt', 'et']))
    .option('--option <name=value...>', 'another option of the scenario (epollsim list shows them)')
    .option('--seed <n>', 'take every choice at random, from this seed', wholeNumber('--seed'))
    .addOption(new Option('--preempt <where>', 'where a task may lose the CPU').choices(['never', 'all']))
    .addOption(format())
    .addHelpText('after', `
Examples:
  epollsim explain read-once --trigger et --fd 3          why did the event of fd 3 come?
  epollsim explain read-once --trigger et --fd 3 --not    and why does no other one come?
  epollsim explain server.log --fd 7 --not --at 4120      the same about a real program

Exit codes: 0 there is an answer, 1 no event of the descriptor came, 2 bad input. docs/debugging.md lists the causes and the hazards.`)
    .action(async (trace: string, options: object) => (await import('./explain.js')).explainCommand(trace, options as never));
}

function addStep(program: Command): void {
  program.command('step')
    .argument('<trace>', 'a scenario (name or file), a recording that a run printed, or a log of strace -f -yy -ttt -T -v')
    .summary('step through a run in the terminal, forward and backward')
    .description('A full-screen debugger: the program, its system calls, the kernel stack, the tree and the lists of epoll, wait queues in their order,\n'
      + 'buffers, segments, timers; what a step changed is marked, and each step is one sentence. Keys are those of gdb and vim; ? shows them.')
    .option('--at <step>', 'begin at this step', wholeNumber('--at'))
    .addOption(new Option('--trigger <trigger>', 'level-triggered or edge-triggered, for scenarios that know both').choices(['lt', 'et']))
    .option('--option <name=value...>', 'another option of the scenario (epollsim list shows them)')
    .option('--seed <n>', 'take every choice at random, from this seed', wholeNumber('--seed'))
    .addOption(new Option('--preempt <where>', 'where a task may lose the CPU').choices(['never', 'all']))
    .addOption(new Option('--format <format>', 'the screen, or one frame of it as text').choices(['screen', 'text']).default('screen'))
    .option('--size <size>', 'text: columns and rows of the frame', '80x24')
    .option('--keys <keys>', 'text: press these keys first')
    .addHelpText('after', `
A server hangs, and you want to know why:
  epollsim step et-stops-early    W asks why no event comes; j, k and Enter go to
                                  the steps of the answer; '' comes back

  s n u }    a step, a system call, to the end of the function, over a function
  S N U {    the same backward        g G :120   first, last, step 120
  b c C      breakpoint, run, back    / word     find
  w W H      why, why not, hazards    l L        last, next change of a picked row
  m ' f [ ]  bookmark, go to it, fork at a decision, other branches
  Tab j k    pane and row             ? q        all keys, quit

Examples:
  epollsim step read-once --trigger et
  epollsim step server.log --at 4120             a log of a real program
  epollsim step herd --preempt all --seed 7      and f makes it go another way
  epollsim step herd --format text --at 100      one frame, for scripts

Exit codes: 0 quit, 2 bad input, or no terminal. docs/debugging.md shows the screen.`)
    .action(async (trace: string, options: object) => (await import('./step.js')).stepCommand(trace, options as never));
}

function addOpen(program: Command): void {
  program.command('open')
    .argument('[what]', 'a built-in scenario, or a recording that a run printed')
    .summary('the page: see a run in a browser')
    .description('Serves the page on 127.0.0.1 and prints its address. All runs are made in the browser; nothing leaves this machine.')
    .addOption(new Option('--trigger <trigger>', 'level-triggered or edge-triggered, for scenarios that know both').choices(['lt', 'et']))
    .option('--option <name=value...>', 'another option of the scenario (epollsim list shows them)')
    .option('--port <n>', 'port of 127.0.0.1 (default: one that is free)', wholeNumber('--port'), 0)
    .addHelpText('after', '\nExamples:\n  epollsim open\n  epollsim open read-once --trigger et\n\nExit codes: 2 bad input. Next: docs/embedding.md puts it into a page of your own.')
    .action(async (what: string | undefined, options: object) => (await import('./open.js')).openCommand(what, options as never));
}

function addDap(program: Command): void {
  program.command('dap').summary('the debugger for editors')
    .description('Speaks the Debug Adapter Protocol on standard input and output: an editor starts this command and steps through a run, forward and backward.\n'
      + 'The run is a scenario, a recording or a log of strace, as the launch configuration of the editor says.')
    .addHelpText('after', `
A launch configuration of VS Code:
  { "type": "epollsim", "request": "launch", "name": "read-once", "scenario": "read-once", "options": { "trigger": "ET" } }

Next: docs/debugging.md, "In the editor".`)
    .action(async () => (await import('./dap.js')).dapCommand());
}

function addClaims(program: Command): void {
  program.command('claims')
    .argument('[ids...]', 'ids of claims, as F17; without one: a table of all')
    .summary('what popular texts say about epoll, and what Linux does')
    .description('Claims about select, poll, epoll and sockets, each with a verdict that the run of a story bears out: holds, holds with a condition, or wrong on\n'
      + 'Linux. With an id: the story call by call, the calls that are evidence with their steps, and what a real kernel answered to the same calls.')
    .addOption(format())
    .addHelpText('after', `
Examples:
  epollsim claims                   all of them, a line each
  epollsim claims F17               what is the difference between LT and ET?
  epollsim claims A5 C7             two about cost, with curves
  epollsim run claim-f17            the story of a claim, with what each call changes inside
  epollsim explain claim-c5 --fd 5  why an event in it came

Exit codes: 0 the verdicts stand, 1 a run shows another one, 2 bad input. docs/claims.md has them all on a page.`)
    .action(async (ids: string[], options: object) => (await import('./claims.js')).claimsCommand(ids, options as never));
}

function build(): Command {
  const program = new Command('epollsim');
  program.description(INTRODUCTION).addHelpText('after', NEXT).version(version(), '-V, --version').exitOverride().showSuggestionAfterError();
  program.configureOutput({ writeErr: () => {} });
  program.command('list').summary('the built-in scenarios').description('Lists the built-in scenarios with their options, one line each.')
    .addOption(format())
    .action(async (options: { format: string }) => (await import('./list.js')).listCommand(options));
  addRun(program);
  addExplore(program);
  program.command('replay').argument('<logs...>', 'logs of strace -f -yy -ttt -T -v').summary('compare strace logs with the model')
    .description('Makes the system calls of a strace log on the model and compares every result. Exit code 0: all agree, 1: one differs, 2: unreadable.')
    .addOption(format()).option('--quiet', 'only counts, no divergences').option('--show <n>', 'divergences shown in full', '5')
    .option('--sysctl <name=value...>', "the machine's network settings, as 'tcp_rmem=4096 131072 6291456'")
    .option('--untraced', 'the log is of epollsim itself: no tracer made it, so ignored signals end no wait')
    .option('--mtu <bytes>', 'largest packet of the loopback device').option('--nofile <soft:hard>', 'limit of descriptors at the start')
    .addHelpText('after', `
To make a log:  strace -f -yy -ttt -T -v -o server.log ./server
                All options but -f may be missing; so may -o, if the program
                itself prints nothing. More is compared with more of them.

Every call is one of three:
  compared   the model makes it; result, errno, events and their order, bytes
  outside    on what the model does not have: files, terminals, netlink
  and values that no model can know (process ids, free ports, bytes that
  strace did not print) are adopted from the log, if they are possible.
Where the log leaves the order of tasks open, orders are searched; "choices"
says how many decisions were needed.

At a divergence: the line, both answers, why, and how things stand.
  If results of TCP buffers differ, tell the network settings of the machine:
  --sysctl 'tcp_rmem=4096 131072 6291456' --mtu 65536
A file manifest.json beside the log may say in what world it was made.

Exit codes: 0 all agree, 1 one differs, 2 a log cannot be read.`)
    .action(async (logs: string[], options: object) => (await import('./replay.js')).replayCommand(logs, options as never));
  addOracle(program);
  addExplain(program);
  addStep(program);
  addOpen(program);
  addDap(program);
  addClaims(program);
  program.command('demo').summary('level- and edge-triggered side by side')
    .description('Shows one scenario level-triggered and edge-triggered side by side, on the same bytes, and says why they part.')
    .action(async () => (await import('./demo.js')).demoCommand());
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  return program;
}

/** Runs the command line and sets the exit code; what was printed is never cut off by an exit. */
export async function main(args: readonly string[]): Promise<void> {
  stopQuietlyOnClosedPipe();
  const program = build();
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    process.exitCode = reportError(error);
  }
}

await main(process.argv.slice(2));
