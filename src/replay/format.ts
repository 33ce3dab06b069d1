/**
 * How the lines of a log begin and end, which depends on the options strace was given: -f (thread ids), -t, -tt, -ttt, -r (times)
 * and -T (durations). Found out from the log itself: the beginning from the first line, durations from the first result.
 */

/** How time is printed: not at all, `06:12:35` or `06:12:35.168929`, `1795414662.979404`, or since the line before, `     0.000130`. */
export type TimeFormat = 'none' | 'clock' | 'epoch' | 'delta';

export interface LineFormat {
  /** lines begin with a thread id */
  readonly threads: boolean;
  readonly time: TimeFormat;
  /** the second from which times are counted; with `clock`, since midnight; NaN in a log without times */
  readonly baseSeconds: number;
  /** results end with `<0.000019>`; null as long as no line has told */
  readonly durations: boolean | null;
}

/** Nobody has traced before 1973: fewer seconds are those since the line before. */
const FIRST_EPOCH = 1e8;
const FIRST_LINE = /^(\d+ +)?(?: *(\d+)\.\d+ |(\d\d):(\d\d):(\d\d)(?:\.\d+)? )?/;

/** The format of a log that begins with `text`; at least its first line must be there. */
export function detectFormat(text: string): LineFormat {
  const [, pid, epoch, hours, minutes, seconds] = FIRST_LINE.exec(text)!;
  const time = epoch !== undefined ? (Number(epoch) < FIRST_EPOCH ? 'delta' : 'epoch') : hours !== undefined ? 'clock' : 'none';
  const clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return {
    threads: pid !== undefined,
    time,
    baseSeconds: time === 'epoch' ? Number(epoch) : time === 'clock' ? clock : time === 'delta' ? 0 : Number.NaN,
    durations: null,
  };
}
