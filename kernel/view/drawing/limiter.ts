/** How often a picture is drawn anew while something computes. */

const SHORTEST_PAUSE_MS = 250;
const LARGEST_SHARE = 0.01;

/**
 * Decides when the next frame may be drawn: four a second at most, and drawing at most 1 % of the time. Where every core
 * computes, a frame holds up all of them, and costs the training about twice its own time.
 */
export class FrameLimiter {
  private last = Number.NEGATIVE_INFINITY;
  private cost = 0;
  private drawing = false;

  /** True when a frame may begin now; it counts as begun. */
  start(now: number): boolean {
    if (this.drawing || now - this.last < this.pause) return false;
    this.drawing = true;
    this.last = now;
    return true;
  }

  /** Tells what the frame cost; `null` for one that does not count (failed, or drawn while things were loading). */
  finish(milliseconds: number | null): void {
    this.drawing = false;
    if (milliseconds !== null)
      this.cost = this.cost === 0 ? milliseconds : 0.7 * this.cost + 0.3 * milliseconds;
  }

  get pause(): number {
    return Math.max(SHORTEST_PAUSE_MS, this.cost / LARGEST_SHARE);
  }
}
