/** A curve of a training under way, in little memory however long it gets. */

/** A series of any length in at most 2 × 150 stretches: each has its mean, lowest and highest value. */
export class Trend {
  private readonly limit = 300;
  private stride = 1;
  private readonly stretches: { count: number; x: number; sum: number; low: number; high: number }[] = [];

  push(x: number, y: number): void {
    if (!Number.isFinite(y)) return;
    const last = this.stretches[this.stretches.length - 1];
    if (last && last.count < this.stride) {
      last.count++;
      last.x = x;
      last.sum += y;
      last.low = Math.min(last.low, y);
      last.high = Math.max(last.high, y);
      return;
    }
    if (this.stretches.length === this.limit) this.merge();
    this.stretches.push({ count: 1, x, sum: y, low: y, high: y });
  }

  private merge(): void {
    const merged = [];
    for (let i = 0; i < this.stretches.length; i += 2) {
      const [a, b] = [this.stretches[i]!, this.stretches[i + 1]!];
      merged.push({
        count: a.count + b.count,
        x: b.x,
        sum: a.sum + b.sum,
        low: Math.min(a.low, b.low),
        high: Math.max(a.high, b.high),
      });
    }
    this.stretches.splice(0, this.stretches.length, ...merged);
    this.stride *= 2;
  }

  /** The trend as at most 60 points and the spread around each: x, y, … and x, low, high, … */
  lines(): { points: Float64Array; band: Float64Array } {
    const width = Math.max(1, Math.ceil(this.stretches.length / 60));
    const points: number[] = [];
    const band: number[] = [];
    for (let i = 0; i < this.stretches.length; i += width) {
      const group = this.stretches.slice(i, i + width);
      const count = group.reduce((sum, part) => sum + part.count, 0);
      const x = group[group.length - 1]!.x;
      points.push(x, group.reduce((sum, part) => sum + part.sum, 0) / count);
      band.push(x, Math.min(...group.map(({ low }) => low)), Math.max(...group.map(({ high }) => high)));
    }
    return { points: Float64Array.from(points), band: Float64Array.from(band) };
  }
}
