/**
 * The sub-commands that make the model an oracle for others: `calls` and `vectors`. Their options and helps; what they do is in files of
 * their own, which are loaded when they are needed.
 */

import { type Command, Option } from 'commander';

function addCalls(program: Command): void {
  program.command('calls').argument('<files...>', 'scripts, or recordings (.jsonl) that hold one; - reads standard input')
    .summary('the kernel functions that each call enters')
    .description(`Makes the system calls of a script on the model and shows, under each call and its result,
the kernel functions that were entered: nested, with what they were called with and returned.
With --compare the run is held against what a real kernel did.`)
    .addOption(new Option('--format <format>', 'text for people; jsonl: a line a call, as recordings are').choices(['text', 'json', 'jsonl']).default('text'))
    .option('--compare', 'show the first difference from the recording, side by side')
    .addOption(new Option('--profile <profile>', 'functions that are compared').choices(['epoll', 'wake', 'tcp', 'all']).default('tcp'))
    .addHelpText('after', `
A script has one call a line:
  # a pipe, level-triggered
  ep = epoll_create1(0)
  r, w = pipe2(O_NONBLOCK)
  epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN)
  @w1 epoll_wait(ep, 8, -1)        made by a thread; the next line begins when it sleeps
  write(w, 10)

Exit codes: 0 all agree, 1 one differs, 2 a file cannot be read. docs/oracle.md has the whole language.`)
    .action(async (files: string[], options: object) => (await import('./calls.js')).callsCommand(files, options as never));
}

function addVectors(program: Command): void {
  program.command('vectors').argument('[scenarios...]', 'built-in scenarios, or files; default: all built-in ones')
    .summary('scenarios as test vectors: JSON and C')
    .description(`Writes each scenario, with each combination of its options, as two files: JSON with every call,
its answer and the order in which calls begin and end; and one C program that makes the
calls on a real kernel, takes turns as the run did, and prints TAP.`)
    .option('--out <folder>', 'where the files go (default: vectors)')
    .addOption(new Option('--format <format>', 'text for people, json for programs').choices(['text', 'json']).default('text'))
    .addHelpText('after', `
  epollsim vectors read-once --out v
  cc -pthread -o vector v/read-once-trigger-et.c && ./vector

For people who build an epoll of their own; docs/oracle.md says how to use the files.`)
    .action(async (names: string[], options: object) => (await import('./vectors.js')).vectorsCommand(names, options as never));
}

/** Adds both. */
export function addOracle(program: Command): void {
  addCalls(program);
  addVectors(program);
}
