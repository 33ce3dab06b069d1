/**
 * Values as strace prints them. What was read and printed again is the text of the log, but for the choice between octal
 * and other escapes in strings.
 */

import type { NumberValue, Value } from './value.js';

/** The text of a value. */
export function printValue(value: Value): string {
  const text = plain(value);
  return value.comment === '' || (value.kind === 'array' && value.elided && value.items.length === 0) ? text : `${text} /* ${value.comment} */`;
}

function plain(value: Value): string {
  switch (value.kind) {
    case 'number': return number(value);
    case 'flags': return [...value.names, ...(value.rest === null ? [] : [number(value.rest)])].join('|');
    case 'null': return 'NULL';
    case 'string': return `"${value.raw}"${value.elided ? '...' : ''}`;
    case 'fd': return `${value.name === '' ? value.fd : value.name}<${value.about}>${value.deleted ? '(deleted)' : ''}`;
    case 'struct': {
      const fields = value.values.map((v, i) => (value.names[i] === '' ? printValue(v) : `${value.names[i]}=${printValue(v)}`));
      return `{${[...fields, ...(value.elided ? ['...'] : [])].join(', ')}}`;
    }
    case 'array': {
      const items = [...value.items.map(printValue), ...(value.elided ? [value.comment === '' || value.items.length > 0 ? '...' : `/* ${value.comment} */`] : [])];
      return `${value.complement ? '~' : ''}[${items.join(value.separator === ' ' ? ' ' : ', ')}]`;
    }
    case 'changed': return `${printValue(value.before)} => ${printValue(value.after)}`;
    case 'field': return `${value.name}=${printValue(value.value)}`;
    case 'macro': return `${value.name}(${value.args.map(printValue).join(', ')})`;
    case 'address': return `&${value.name}`;
    case 'operation': {
      const tight = value.op === '*' || value.op === '<<' || value.op === '|';
      return `${printValue(value.left)}${tight ? value.op : ` ${value.op} `}${printValue(value.right)}`;
    }
    case 'resuming': return `<... resuming interrupted ${value.name} ...>`;
    case 'elided': return '...';
  }
}

function number(value: NumberValue): string {
  const minus = value.value < 0 ? '-' : '';
  const size = value.value < 0 ? -value.value : value.value;
  switch (value.base) {
    case 10: return `${minus}${size}`;
    case 8: return `${minus}0${size.toString(8)}`;
    case 16: return `${minus}0x${size.toString(16)}`;
  }
}
