import { describe, expect, it, onTestFinished } from "vitest";
import { data, nn, optim, seed, type Tensor, tensor } from "../../engine/index.ts";
import { drawMeanwhile } from "../../kernel/view/drawing/drawing.ts";
import { show } from "../../kernel/view/index.ts";
import { showLivePictures } from "../../kernel/view/live.ts";
import type { MimeBundle } from "../../kernel/view/mime.ts";
import { bundleOf, textOf } from "./decode.ts";
import { expectPicture } from "./snapshot.ts";

type Event = { kind: "display" | "update"; bundle: MimeBundle; id: string | undefined };

/** A notebook with one cell, whose clock stands still until it is moved. */
function notebook(live = true) {
  const events: Event[] = [];
  const endings = new Set<() => void>();
  const clock = { now: 0 };
  const publisher = {
    display: (bundle: MimeBundle, id?: string) => void events.push({ kind: "display", bundle, id }),
    update: (bundle: MimeBundle, id: string) => void events.push({ kind: "update", bundle, id }),
    atEnd: (last: () => void) => void endings.add(last),
  };
  showLivePictures(publisher, { live, now: () => clock.now });
  onTestFinished(() => showLivePictures({ ...publisher, atEnd: () => {} }, { live: false }));
  const end = () => {
    for (const ending of endings) ending();
    endings.clear();
  };
  return { events, clock, end };
}

/** Waits until all that was asked of the drawing thread is drawn, as a loop that goes on for a while. */
async function drawn(): Promise<void> {
  await new Promise<void>((done, fail) => {
    drawMeanwhile({ kind: "chart", spec: { data: { values: [] }, mark: "point" } }, () => done(), fail);
  });
}

const moons = data.moons({ samples: 60 });
const turned = (angle: number) => (points: Tensor) =>
  points.matmul(tensor([[Math.cos(angle)], [Math.sin(angle)]])).flatten(0);

describe("show.live", () => {
  it("shows the picture of the moment where it is displayed", () => {
    let angle = 0.5;
    const picture = show.live(() => show.decisionBoundary(turned(angle), moons));
    const before = String(picture);
    angle = -1.3;
    expect(String(picture)).not.toBe(before);
    expectPicture("live", picture);
  });

  it("publishes frames in one place, none too early, and the chart when the cell ends", async () => {
    const { events, clock, end } = notebook();
    let value = 0;
    const picture = show.live(() => show.bars([value, 2]));
    picture.update();
    expect(events.map(({ kind }) => kind)).toEqual(["display"]);
    for (value = 1; value < 50; value++) picture.update();
    await drawn();
    expect(events.map(({ kind }) => kind)).toEqual(["display", "update"]);
    expect(textOf(events[1]!.bundle)).toContain("most 1 (2), least 0 (0)");
    expect(Object.keys(events[1]!.bundle.data)).toEqual(["image/png", "text/plain"]);
    clock.now = 249;
    picture.update();
    clock.now = 10_000;
    picture.update();
    await drawn();
    expect(events).toHaveLength(3);
    value = 77;
    end();
    expect(events.map(({ kind }) => kind)).toEqual(["display", "update", "update", "update"]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(textOf(events[3]!.bundle)).toContain("most 0 (77)");
    expect(Object.keys(events[3]!.bundle.data)[0]).toBe("application/vnd.vegalite.v5+json");
  });

  it("receives frames in a loop that never waits", () => {
    const { events, clock } = notebook();
    const picture = show.live(() => show.bars([1, 2]));
    picture.update();
    const start = performance.now();
    while (events.length < 2 && performance.now() - start < 20_000) picture.update();
    expect(events.map(({ kind }) => kind)).toEqual(["display", "update"]);
    clock.now = 1e6;
  });

  it("forgets a frame that the end of the cell has overtaken", async () => {
    const { events, end } = notebook();
    const picture = show.live(() => show.bars([1, 2]));
    picture.update();
    end();
    await drawn();
    expect(events.map(({ kind }) => kind)).toEqual(["display", "update"]);
    expect(events[1]!.bundle.data).toHaveProperty("application/vnd.vegalite.v5+json");
  });

  it("publishes only the end where frames are not wanted", () => {
    const { events, end } = notebook(false);
    const picture = show.live(() => show.bars([1, 2]));
    for (let step = 0; step < 3; step++) picture.update();
    expect(events).toEqual([]);
    end();
    expect(events.map(({ kind }) => kind)).toEqual(["display"]);
  });

  it("leaves a training as it would have been, by hand and in fit", () => {
    notebook();
    const losses = (watched: boolean) => {
      seed(4);
      const model = nn.sequential(nn.linear(2, 8), nn.tanh(), nn.dropout(0.2), nn.linear(8, 2));
      const optimizer = optim.sgd(model.parameters(), { lr: 0.3 });
      const picture = show.live(() => show.decisionBoundary(model, moons, { resolution: 20 }));
      if (watched) optimizer.registerStepPostHook(picture.update);
      return Array.from({ length: 20 }, () => {
        const loss = nn.crossEntropy(model(moons.points), moons.labels);
        loss.backward();
        optimizer.step();
        return loss.item();
      });
    };
    expect(losses(true)).toEqual(losses(false));
  });

  it("works for what is no drawing, and on any display", async () => {
    const { events, end } = notebook();
    const table = show.live(() => show.compare({ a: { accuracy: 0.5 } }));
    table.update();
    end();
    expect(events.map(({ kind }) => kind)).toEqual(["display", "update", "update"]);
    expect(bundleOf(table).data).toHaveProperty("text/markdown");
  });

  it("shows the error of a picture that cannot be made once, and can be used again", () => {
    const { events, clock, end } = notebook();
    let values = [1, 2];
    const picture = show.live(() => show.bars(values));
    values = [];
    expect(() => picture.update()).toThrow("show.bars: expected numbers, got none");
    end();
    expect(events).toEqual([]);
    values = [1];
    clock.now = 1000;
    picture.update();
    expect(events).toHaveLength(1);
  });

  it("explains what is wrong", () => {
    expect(() => show.live(show.bars([1]) as never)).toThrow(
      /show\.live: expected a function that makes the picture/,
    );
    expect(() => String(show.live((() => 5) as never))).toThrow(/it returned 5/);
  });
});
