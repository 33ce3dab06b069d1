/**
 * A log of strace as the source of a debug session: the log is replayed on the model, in the order that agrees with it, and each line of the log is
 * a line of the session. The log comes as text, so that this works in a browser.
 */

import type { Kernel } from '../kernel/kernel.js';
import { Trace } from '../kernel/trace.js';
import type { LogEvent } from '../replay/call.js';
import { Choices } from '../replay/choices.js';
import { Engine } from '../replay/engine.js';
import { StraceError } from '../replay/error.js';
import { findLongCalls } from '../replay/longCalls.js';
import { readEvents } from '../replay/reader.js';
import type { Divergence } from '../replay/report.js';
import { searchReplay } from '../replay/search.js';
import type { World } from '../replay/session.js';
import { DebugError } from './error.js';
import type { LiveRun, RunEnd, RunWatcher, Source } from './source.js';

/** The events of a log, up to the first line that cannot be read. */
function eventsOf(name: string, text: string): LogEvent[] {
  const events: LogEvent[] = [];
  try {
    for (const event of readEvents([text], { file: name, longCalls: findLongCalls([text]) })) {
      if (event.type === 'torn') break;
      events.push(event);
    }
  } catch (error) {
    if (!(error instanceof StraceError) || events.length === 0) throw error;
  }
  if (events.length === 0) throw new DebugError(`${name} has no line that can be replayed; expected a log of strace -f -yy -ttt -T -v`);
  return events;
}

function divergenceText({ line, call, linux, model, why }: Divergence): string {
  return `line ${line}: ${call}: Linux ${linux}, the model ${model}: ${why}`;
}

class LogRun implements LiveRun {
  readonly kernel: Kernel;
  readonly recording = null;
  private readonly name: string;
  private readonly engine: Engine;
  private readonly events: readonly LogEvent[];
  private readonly texts: readonly string[];
  private readonly watcher: RunWatcher;
  private at = 0;
  private told = 0;
  private differed = 0;

  constructor(name: string, events: readonly LogEvent[], texts: readonly string[], world: World, choices: Choices, watcher: RunWatcher) {
    this.name = name;
    this.engine = new Engine(name, world, choices);
    this.events = events;
    this.texts = texts;
    this.watcher = watcher;
    this.kernel = this.engine.session.k;
    this.kernel.trace = new Trace(this.kernel, 4096, true);
  }

  move(): null | RunEnd {
    const event = this.events[this.at++];
    if (event === undefined || event.type === 'torn') return this.finish();
    const pid = event.pid;
    if (event.type === 'enter') this.watcher.place(this.modelPid(pid), { file: this.name, line: event.line, column: 0 });
    this.engine.take(event);
    this.judge();
    // a line is complete when its last event is taken
    const next = this.events[this.at];
    if (next === undefined || next.line !== event.line) this.tell(event.line, pid, event.timeNs ?? 0);
    return null;
  }

  /** Process ids of the model are those of the log, but for threads whose number the log tells late. */
  private modelPid(pid: number): number {
    return this.engine.session.threads.get(pid)?.task?.pid ?? pid;
  }

  /** Tells of the calls whose answers differ from the log's. */
  private judge(): void {
    const { divergences } = this.engine.report;
    for (; this.differed < divergences.length; this.differed++) this.watcher.fault({ kind: 'divergence', text: divergenceText(divergences[this.differed]!) });
  }

  private tell(line: number, pid: number, timeNs: number): void {
    while (this.told < line) {
      const text = this.texts[this.told++];
      if (text !== undefined && text !== '') this.watcher.line({ number: this.told, timeNs, pid, host: '', comm: '', text });
    }
  }

  private finish(): RunEnd {
    const { divergences } = this.engine.finish();
    return { halt: 'end of the log', failures: divergences.map(divergenceText) };
  }
}

/**
 * A log as the source of a session.
 * @param name what the log is called in messages and places
 * @param text the log, as strace -f -yy -ttt -T -v writes it
 * @param world the machine it was made on, as far as it is known
 */
export function logSource(name: string, text: string, world: World = {}): Source {
  const events = eventsOf(name, text);
  const texts = text.split('\n');
  let order: Choices | null = null;
  return {
    name,
    kind: 'log',
    start: (watcher, recording): LiveRun => {
      if (recording !== null) throw new DebugError('a log gives the schedule of its run: there are no other choices');
      if (order === null) searchReplay(name, events, { world, chosen: (choices) => { order = choices; } });
      return new LogRun(name, events, texts, world, order ?? new Choices(), watcher);
    },
  };
}
