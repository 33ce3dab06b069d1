/**
 * Why the model answers otherwise than the log: the log is run once more with a trace, and the first divergences are asked about. Logs that
 * agree never come here.
 */

import { Evidence } from '../inspect/evidence.js';
import { explain } from '../inspect/explain.js';
import { after, History } from '../inspect/history.js';
import { lastUpTo } from '../inspect/itemLog.js';
import { lastOn } from '../inspect/lastOn.js';
import { bitsOf } from '../inspect/maskText.js';
import { epollMask } from '../inspect/names.js';
import { Nesting } from '../inspect/nesting.js';
import type { FileView, ItemView, MachineView } from '../inspect/view.js';
import { Trace } from '../kernel/trace.js';
import type { LogEvent } from './call.js';
import type { Choices } from './choices.js';
import type { Doubt } from './doubt.js';
import { Engine } from './engine.js';
import { StraceError } from './error.js';
import type { Divergence } from './report.js';
import type { World } from './session.js';

/** Divergences that are explained: the later ones mostly follow from the first. */
const EXPLAINED = 8;
/** Rows of the trace that are held; what diverges later stays without an explanation. */
const MOST_ROWS = 400_000;
const FIRST_ROWS = 4096;

/** A question, and the row of the trace at which it came up. */
interface Asked {
  readonly divergence: number;
  readonly step: number;
  readonly pid: number;
  readonly doubt: Doubt;
}

/** One question with what answers it. */
interface Case {
  readonly evidence: Evidence;
  readonly view: MachineView;
  readonly step: number;
  readonly pid: number;
}

/** The file behind a descriptor of the task that made the call. */
function fileAt({ view, pid }: Case, fd: number): FileView | null {
  const table = view.tasks.find((task) => task.pid === pid)?.table;
  const open = view.tables.find(({ id }) => id === table)?.fds.find((entry) => entry.fd === fd);
  return view.files.find(({ id }) => id === open?.file) ?? null;
}

/** The item of an epoll whose events carry this data. */
function itemWith(at: Case, epfd: number, { lo, hi }: { readonly lo: number; readonly hi: number }): ItemView | null {
  const file = fileAt(at, epfd);
  const ep = at.view.eventpolls.find(({ name }) => name === file?.object);
  return at.view.items.find(({ ep: id, data }) => id === ep?.id && data[0] >>> 0 === lo >>> 0 && data[1] >>> 0 === hi >>> 0) ?? null;
}

function aboutEvent(at: Case, doubt: Doubt & { kind: 'event' }): string {
  const { of, event, bits, epfd, isWhole } = doubt;
  const item = itemWith(at, epfd, event);
  if (item === null) return `nothing that fd ${epfd} watches now carries the data ${event.hi === 0 ? event.lo : `${event.hi}:${event.lo}`}`;
  const question = { fd: item.fd, step: at.step, ep: item.ep };
  if (of === 'model') return explain(at.evidence, { ...question, not: false }).answer;
  const mask = epollMask(bits);
  if (!item.disabled && (bitsOf(item.events) & bits) === 0) return `fd ${item.fd} was not asked for ${mask}: it is registered for ${item.events}`;
  return `${mask} is missing: ${explain(at.evidence, isWhole ? { ...question, not: true } : { ...question, not: true, bits }).answer}`;
}

function aboutOrder(at: Case, { epfd, linux, model }: Doubt & { kind: 'order' }): string | null {
  const [first, second] = [itemWith(at, epfd, model), itemWith(at, epfd, linux)];
  if (first === null || second === null) return null;
  const put = ({ id }: ItemView): number => {
    const life = at.evidence.items.get(id)!;
    return lastUpTo(life.puts, lastUpTo(life.events, at.step) - 1);
  };
  return `in the model fd ${first.fd} came to the ready list at step ${put(first)}, and fd ${second.fd} at step ${put(second)}`;
}

function answerTo(at: Case, doubt: Doubt): string | null {
  if (doubt.kind === 'event') return aboutEvent(at, doubt);
  if (doubt.kind === 'order') return aboutOrder(at, doubt);
  const file = fileAt(at, doubt.fd);
  return file === null ? `fd ${doubt.fd} is not open` : lastOn(at.evidence, file, `fd ${doubt.fd}`, at.step);
}

/** Runs the log up to the last divergence that is explained. */
class Rerun {
  readonly asked: Asked[] = [];
  readonly history: History;
  readonly trace: Trace;
  /** the row at which each line begins, and the lines */
  private readonly starts: number[] = [];
  private readonly lines: number[] = [];

  constructor(log: string, events: readonly LogEvent[], world: World | undefined, choices: Choices) {
    const engine = new Engine(log, world, choices);
    const { k } = engine.session;
    this.trace = k.trace = new Trace(k, FIRST_ROWS, true);
    this.history = new History(k, MOST_ROWS);
    engine.asks = (thread, doubt) => {
      this.asked.push({ divergence: engine.report.divergences.length, step: this.trace.count - 1, pid: thread.task.pid, doubt });
    };
    for (const event of events) {
      if (event.type === 'torn' || this.trace.count >= MOST_ROWS || engine.report.divergences.length >= EXPLAINED) break;
      this.starts.push(this.trace.count);
      this.lines.push(event.line);
      try {
        engine.take(event);
      } catch (error) {
        if (!(error instanceof StraceError)) throw error;    // the first run has told of it
        break;
      }
    }
    this.history.stop();
  }

  /** People who have a log know its lines, not the rows of a trace. */
  inLines(text: string): string {
    return text.replace(/\bstep (\d+)/g, (_, step: string) => {
      return `line ${this.lines[after(this.starts, Number(step)) - 1] ?? this.lines[0]!}`;
    });
  }
}

/** Adds to the first divergences of a report why the model answers as it does. */
export function explainDivergences(divergences: Divergence[], log: string, events: readonly LogEvent[], world: World | undefined, choices: Choices): void {
  const run = new Rerun(log, events, world, choices);
  const evidence = new Evidence(new Nesting(run.trace, run.history.count), (step) => run.history.view(step));
  for (const { divergence, step, pid, doubt } of run.asked) {
    const told = divergences[divergence];
    if (told === undefined || step >= run.history.count) continue;
    const answer = answerTo({ evidence, view: evidence.view(step), step, pid }, doubt);
    if (answer !== null) divergences[divergence] = { ...told, why: `${told.why}; ${run.inLines(answer)}` };
  }
}
