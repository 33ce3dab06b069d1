/**
 * Exploring a program: laws, and the runs that are held against them. What a law is stands in law.ts.
 */

export * from './law.js';
export * from './laws/index.js';
