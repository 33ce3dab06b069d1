/**
 * The kernel functions of a run as the function graph tracer of Linux prints them: one line for a function that calls no other, braces around those
 * that do, and the task in front. List moves, wake-ups and segments stand between as comments.
 */

import { readTrace, type TraceEntry } from '../inspect/index.js';
import type { Capture } from './capture.js';

const HEAD = `# tracer: function_graph
#
# STEP      TASK              FUNCTION CALLS
#    |         |              |   |   |   |
`;

function argsText(entry: TraceEntry): string {
  return Object.entries(entry.args).map(([name, value]) => `${name}=${value}`).join(', ');
}

function returnText(entry: TraceEntry): string {
  return entry.ret === null ? '' : ` /* = ${entry.ret} */`;
}

/** A row that is not a function: a comment. */
function noteText(entry: TraceEntry): string {
  const args = argsText(entry);
  return `/* ${entry.kind === entry.name ? '' : `${entry.kind} `}${entry.name}${args === '' ? '' : `: ${args}`} */`;
}

/** The functions entered in the range, as text. */
export function callGraph(capture: Capture): string {
  const entries = readTrace(capture.machine.kernel.trace!);
  const depths = new Map<number, number>();
  let text = HEAD;
  const line = (entry: TraceEntry, depth: number, what: string): void => {
    const who = capture.tasks.get(entry.task) ?? (entry.task === 0 ? '<idle>' : `<${entry.task}>`);
    text += `${String(entry.step).padStart(6)}  ${who.padEnd(18)} |${'  '.repeat(depth + 1)}${what}\n`;
  };
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at]!;
    const depth = depths.get(entry.task) ?? 0;
    const opens = entry.kind === 'enter' || entry.kind === 'syscall';
    if (opens) {
      const next = entries[at + 1];
      const name = entry.kind === 'syscall' ? `sys_${entry.name}` : entry.name;
      if (next !== undefined && next.task === entry.task && (next.kind === 'leave' || next.kind === 'sysret')) {
        line(entry, depth, `${name}(${argsText(entry)});${returnText(next)}`);
        at++;
        continue;
      }
      line(entry, depth, `${name}(${argsText(entry)}) {`);
      depths.set(entry.task, depth + 1);
    } else if (entry.kind === 'leave' || entry.kind === 'sysret') {
      depths.set(entry.task, Math.max(0, depth - 1));
      line(entry, Math.max(0, depth - 1), `}${returnText(entry)}`);
    } else {
      line(entry, depth, noteText(entry));
    }
  }
  return text;
}
