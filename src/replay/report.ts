/**
 * What a replay found: counts of the three classes of calls, and every place where Linux and the model do not agree.
 */

/** A place where Linux and the model do not agree. */
export interface Divergence {
  /** line of the log */
  readonly line: number;
  readonly pid: number;
  /** the call with its arguments, as the log prints it */
  readonly call: string;
  /** what Linux answered */
  readonly linux: string;
  /** what the model answers */
  readonly model: string;
  /** what it is about */
  readonly why: string;
  /** one line for each descriptor of the call, and for the thread: how things stand in the model */
  readonly states: readonly string[];
}

/** The result of one log. */
export interface LogReport {
  readonly log: string;
  /** calls that the log shows the end of; compared + all of outside */
  calls: number;
  compared: number;
  agreed: number;
  /** values taken from the log, by kind */
  adopted: Record<string, number>;
  /** calls on what the model does not have, by reason */
  outside: Record<string, number>;
  /** places where the log leaves the order of two tasks open and the first order did not agree */
  choices: number;
  divergences: Divergence[];
}

export function emptyReport(log: string): LogReport {
  return { log, calls: 0, compared: 0, agreed: 0, adopted: {}, outside: {}, choices: 0, divergences: [] };
}

/** The report as the object that `--format json` prints. */
export function reportJson(report: LogReport): string {
  const divergences = report.divergences.map(({ line, pid, call, linux, model, why }) => ({ line, pid, call, linux, model, why }));
  return JSON.stringify({ ...report, divergences });
}

function counts(record: Readonly<Record<string, number>>): string {
  return Object.entries(record).sort(([, a], [, b]) => b - a).map(([name, n]) => `${n} ${name}`).join(', ');
}

/** The report for people: one line when all agree, and the first divergences with what stands behind them. */
export function reportText(report: LogReport, shown = 5): string {
  const { log, calls, compared, agreed, divergences } = report;
  const outside = Object.values(report.outside).reduce((sum, n) => sum + n, 0);
  const lines = [`${log}: ${calls} calls, ${compared} compared, ${agreed} agree${outside > 0 ? `, ${outside} outside the model` : ''}`];
  if (outside > 0) lines.push(`  outside: ${counts(report.outside)}`);
  if (Object.keys(report.adopted).length > 0) lines.push(`  adopted: ${counts(report.adopted)}`);
  if (report.choices > 0) lines.push(`  choices: ${report.choices}`);
  for (const [index, divergence] of divergences.slice(0, shown).entries()) {
    lines.push('', `${log}:${divergence.line}: [${divergence.pid}] ${divergence.call}`);
    lines.push(`    Linux  ${divergence.linux}`, `    model  ${divergence.model}`, `    why    ${divergence.why}`);
    for (const state of divergence.states) lines.push(`           ${state}`);
    if (index === 0) lines.push(`    ${afterFirst(report)}`);
  }
  if (divergences.length > shown) lines.push(...(shown > 0 ? ['', `${divergences.length - shown} more divergences`] : [`  ${divergences.length} divergences, the first in line ${divergences[0]!.line}`]));
  return `${lines.join('\n')}\n`;
}

/** Whether what follows the first divergence still agrees. */
function afterFirst({ divergences }: LogReport): string {
  return divergences.length === 1 ? 'all later lines agree' : `${divergences.length - 1} later lines differ too`;
}
