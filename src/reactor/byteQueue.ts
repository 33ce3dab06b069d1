/**
 * Bytes in the order in which they came, put in at one end and taken out at the other: the input and output buffers of a connection. Chunks
 * are kept as they arrive and joined only when somebody asks for them together.
 */

export class ByteQueue {
  /** bytes in the queue */
  length = 0;
  private chunks: Uint8Array[] = [];

  /** Adds bytes behind the last one. They are copied, because the caller may use its memory again. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes.slice());
    this.length += bytes.length;
  }

  /** The first bytes without taking them: the oldest chunk, or an empty array. */
  first(): Uint8Array {
    return this.chunks[0] ?? new Uint8Array(0);
  }

  /** All bytes without taking them. */
  peek(): Uint8Array {
    if (this.chunks.length > 1) {
      const whole = new Uint8Array(this.length);
      let at = 0;
      for (const chunk of this.chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      this.chunks = [whole];
    }
    return this.first();
  }

  /** Takes the first `n` bytes (all by default). @returns them */
  take(n = this.length): Uint8Array {
    const taken = this.peek().slice(0, n);
    this.drop(taken.length);
    return taken;
  }

  /** Drops the first `n` bytes. */
  drop(n: number): void {
    let left = Math.min(n, this.length);
    this.length -= left;
    while (left > 0) {
      const chunk = this.chunks[0]!;
      if (chunk.length > left) this.chunks[0] = chunk.subarray(left);
      else this.chunks.shift();
      left -= Math.min(left, chunk.length);
    }
  }
}
