/**
 * How the lines of a log begin and end, which depends on the options strace was given: -f (thread ids, in a column with -o, else as `[pid 9]`), -t, -tt, -ttt, -r (times)
 * and -T (durations). Found out from the log itself: the beginning from the first line, durations from the first result.
 */

/** How time is printed: not at all, `06:12:35` or `06:12:35.168929`, `1795414662.979404`, or since the line before, `     0.000130`. */
export type TimeFormat = 'none' | 'clock' | 'epoch' | 'delta';

export interface LineFormat {
  /** all lines begin with a column of thread ids */
  readonly threads: boolean;
  readonly time: TimeFormat;
  /** the second from which times are counted; with `clock`, since midnight; NaN in a log without times */
  readonly baseSeconds: number;
  /** results end with `<0.000019>`; null as long as no line has told */
  readonly durations: boolean | null;
}

/** Fewer seconds, in a padded column, are those since the line before. */
const FIRST_EPOCH = 1e8;
const FIRST_LINE = /^(?:(\d+)( +)|\[pid +\d+\] ( *)|( *))(?:(\d+)\.\d+ |(\d\d):(\d\d):(\d\d)(?:\.\d+)? )?/;
/** Columns of a thread id with the blank behind it; times since the line before are padded, so more blanks follow. */
const ID_COLUMNS = 6;

/** The format of a log that begins with `text`; at least its first line must be there. */
export function detectFormat(text: string): LineFormat {
  const [, pid, blanks, bracketed, alone, epoch, hours, minutes, seconds] = FIRST_LINE.exec(text)!;
  const padding = pid === undefined ? (bracketed ?? alone ?? '').length : blanks!.length - Math.max(1, ID_COLUMNS - pid.length);
  const time = epoch !== undefined ? (Number(epoch) < FIRST_EPOCH && padding > 0 ? 'delta' : 'epoch') : hours !== undefined ? 'clock' : 'none';
  const clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return {
    threads: pid !== undefined,
    time,
    baseSeconds: time === 'epoch' ? Number(epoch) : time === 'clock' ? clock : time === 'delta' ? 0 : Number.NaN,
    durations: null,
  };
}
