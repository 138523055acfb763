import { describe, expect, it } from "vitest";
import { data, rand, randn, seed } from "../../../engine/index.ts";
import { datasetPicture } from "../../../kernel/view/data/samples.ts";
import { chartSvg } from "../../../kernel/view/drawing/chart-image.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, countColour, pictureOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const { train } = data.shapes({ train: 8, test: 2, seed: 3 });
const { compose, randomHorizontalFlip, randomRotation } = data.transforms;
const frame = [255, 210, 63];

describe("show.augmentations", () => {
  it("sets what each draw makes of an image beside it, and boxes move along", () => {
    const shown = show.augmentations(train, compose(randomHorizontalFlip(), randomRotation(20)));
    const picture = pictureOf(expectPicture("augmentations", shown));
    expect(String(shown)).toMatch(/^4 images under 7 draws of compose\(randomHorizontalFlip/);
    expect(countColour(picture, frame)).toBeGreaterThan(32 * 40);
  });

  it("leaves the student's random numbers alone, and draws the same for the same seed", () => {
    seed(1);
    const images = rand([2, 1, 12, 12]);
    const of = (one: number) =>
      bundleOf(show.augmentations(images, randomRotation(40), { draws: 2, seed: one }));
    const expected = randn([3]).toArray();
    seed(1);
    rand([2, 1, 12, 12]);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(randn([3]).toArray()).toEqual(expected);
  });

  it("keeps many large colour images below 200 KB", () => {
    const shown = show.augmentations(rand([6, 3, 64, 96]), randomHorizontalFlip(), { images: 6, draws: 12 });
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  });

  it("says what it cannot draw", () => {
    const flip = randomHorizontalFlip();
    expect(() => show.augmentations([1] as never, flip)).toThrow(
      /a data set or images \[N, C, H, W\], got an array of 1/,
    );
    expect(() => show.augmentations(train, "flip" as never)).toThrow(
      /such as data.transforms.randomRotation\(20\), got/,
    );
    expect(() => show.augmentations(train, flip, { draws: 0 })).toThrow(
      /draws must be a whole number from 1, got 0/,
    );
  });
});

describe("a time series", () => {
  it("shows its windows and what follows them", async () => {
    const shown = datasetPicture(data.timeSeries({ train: 20, test: 5 }).train);
    const bundle = expectPicture("timeSeries", shown);
    const log = { messages: [] };
    await chartSvg(specOf(bundle), log);
    expect(log.messages).toEqual([]);
    expect(String(shown)).toContain("20 samples of 24 numbers");
  });
});

describe("a data set with boxes", () => {
  it("shows them around what they hold, with the masks beside", () => {
    expect(countColour(pictureOf(bundleOf(datasetPicture(train))), frame)).toBeGreaterThan(500);
    const [images, boxes] = train.loader({ batchSize: 4, target: "boxes" })[Symbol.iterator]().next().value!;
    expect(countColour(pictureOf(bundleOf(show.images(images, { boxes }))), frame)).toBeGreaterThan(500);
    expect(countColour(pictureOf(bundleOf(show.images(train))), frame)).toBeGreaterThan(500);
    expect(() => show.images(images, { boxes: train.target("boxes") })).toThrow(
      /boxes must be \[4, 4\], .* got shape 8×4/,
    );
    expectPicture("shapes", datasetPicture(train));
    const bare = datasetPicture(data.digits({ train: 20, test: 2 }).train);
    expect(countColour(pictureOf(bundleOf(bare)), frame)).toBe(0);
  });
});
