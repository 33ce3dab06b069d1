/**
 * A curve as text: a line for each series, with a bar for each size. The bars of one chart have one scale.
 */

const BARS = ' ▁▂▃▄▅▆▇█';

/** The height of a value among `most`, as one character. */
function barOf(value: number, most: number): string {
  const height = most === 0 ? 0 : Math.round((value / most) * (BARS.length - 1));
  return value > 0 ? BARS[Math.max(1, height)]! : BARS[0]!;
}

/** The lines of a chart. @param across what the sizes count @param unit what the values are */
export function chartLines(across: string, unit: string, sizes: readonly number[], series: Readonly<Record<string, readonly number[]>>): string[] {
  const names = Object.keys(series);
  const most = Math.max(...names.flatMap((name) => [...series[name]!]));
  const wide = Math.max(across.length, ...names.map((name) => name.length));
  const cell = Math.max(...sizes.map((size) => String(size).length), String(Math.round(most)).length) + 2;
  const row = (head: string, cells: readonly string[]): string => `${head.padEnd(wide)}  ${cells.map((text) => text.padStart(cell)).join('')}`.trimEnd();
  return [
    row(across, sizes.map(String)),
    ...names.map((name) => `${row(name, series[name]!.map((value) => String(Math.round(value))))}   ${series[name]!.map((value) => barOf(value, most)).join('')}`),
    `(${unit})`,
  ];
}
