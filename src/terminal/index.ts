/**
 * The terminal debugger without its terminal: what it knows, what its keys do, what it shows as lines. screen.ts puts it on a terminal, and is loaded
 * by itself, because ink and React take time to load.
 */

export { Debugger, type Outside } from './debugger.js';
export { frame, type Size, SMALLEST } from './frame.js';
export { paint } from './paint.js';
export { plainText } from './text.js';
