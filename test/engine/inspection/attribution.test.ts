import { describe, expect, it } from "vitest";
import { inspection, models, nn, noGrad, rand, seed, type Tensor, tensor } from "../../../engine/index.ts";
import { memoryReport, sweep } from "../../../engine/memory.ts";
import { wave } from "../nn/wave.ts";
import { expectPacked } from "../packed.ts";
import golden from "./golden/golden.json" with { type: "json" };

/** The network of golden.py. */
class Net extends nn.Module {
  conv1 = nn.conv2d(2, 4, 3, { padding: 1 });
  branch = nn.conv2d(4, 4, 3, { padding: 1 });
  conv2 = nn.conv2d(4, 5, 3);
  output = nn.linear(5, 3);
  forward(x: Tensor): Tensor {
    const pooled = nn.maxPool2d(2)(this.conv1(x).relu());
    const joined = pooled.add(this.branch(pooled).relu());
    return this.output(this.conv2(joined).relu().mean([2, 3]));
  }
}

function net(): Net {
  const model = new Net();
  const sorted = model.namedParameters().sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [, parameter]] of sorted.entries())
    parameter.storage.values().set(wave(parameter.shape, 0.5, 1.3 + 0.1 * index, index).toTypedArray());
  return model;
}

const image = () => wave([1, 2, 12, 12], 1, 0.37, 0.5);
const like = (values: number[], ...shape: number[]) => ({ shape, values });
const rules = ["backprop", "deconvnet", "guided"] as const;

describe("gradients at the pixels", () => {
  it("are PyTorch's for saliency and guided backpropagation", () => {
    const found = inspection.saliency(net(), image(), { class: 1 });
    expectPacked(found.gradient, like(golden.class.backprop, 2, 12, 12));
    expect(found.score).toBeCloseTo(golden.scores[1]!, 5);
    const most = golden.class.backprop
      .slice(0, 144)
      .map((g, i) => Math.max(Math.abs(g), Math.abs(golden.class.backprop[144 + i]!)));
    expectPacked(found.map, like(most, 12, 12));
    const guided = inspection.guidedBackprop(net(), image().select(0, 0), { class: 1 });
    expectPacked(guided.gradient, like(golden.class.guided, 2, 12, 12));
  });

  it.each(rules)("are PyTorch's for the strongest unit of a channel, with the rule %s for relu", (rule) => {
    const found = inspection.deconvnet(net(), image(), { layer: "conv2", channel: 2, relu: rule });
    const expected = golden.unit[rule];
    expect(found.unit).toEqual(expected.unit);
    expect(found.activation).toBeCloseTo(expected.activation, 5);
    expectPacked(found.pattern, like(expected.pattern, 2, 12, 12));
  });

  it("003.75: put values back where the maxima were: unpooling with switches, then stamping", () => {
    const model = nn.sequential(nn.maxPool2d(2));
    const x = tensor([
      [
        [
          [1, 5, 2, 0],
          [3, 4, 8, 1],
          [0, 2, 1, 1],
          [7, 6, 3, 9],
        ],
      ],
    ]);
    const pattern = (unit: [number, number]) =>
      inspection.deconvnet(model, x, { layer: "0", unit }).pattern.toArray();
    expect(pattern([0, 0])).toEqual([
      [
        [0, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
    ]);
    expect(pattern([1, 1])).toEqual([
      [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
      ],
    ]);
    const conv = nn.conv2d(1, 1, 2, { bias: false });
    conv.weight.storage.values().set([1, 2, 3, 4]);
    const stamped = inspection.deconvnet(nn.sequential(conv), x, { layer: "0", unit: [1, 1] }).pattern;
    expect(stamped.toArray()).toEqual([
      [
        [0, 0, 0, 0],
        [0, 1, 2, 0],
        [0, 3, 4, 0],
        [0, 0, 0, 0],
      ],
    ]);
  });

  it("are found inside a noGrad too", () => {
    const [plain, inside] = [
      () => inspection.saliency(net(), image(), { class: 1 }),
      () => inspection.gradCam(net(), image()),
    ];
    expect(noGrad(plain).gradient.toArray()).toEqual(plain().gradient.toArray());
    expect(noGrad(inside).map.toArray()).toEqual(inside().map.toArray());
    const follow = () => inspection.deconvnet(net(), image(), { layer: "conv2", channel: 2 });
    expect(noGrad(follow).pattern.toArray()).toEqual(follow().pattern.toArray());
  });

  it("leave the model as it was: modes, gradients and the rules of relu", () => {
    const model = net().train();
    model(image()).sum().backward();
    const before = model.parameters().map((parameter) => parameter.grad!.toArray());
    inspection.deconvnet(model, image(), { layer: "conv2" });
    inspection.guidedBackprop(model, image());
    expect(model.training).toBe(true);
    expect(model.parameters().map((parameter) => parameter.grad!.toArray())).toEqual(before);
    expectPacked(
      inspection.saliency(model, image(), { class: 1 }).gradient,
      like(golden.class.backprop, 2, 12, 12),
    );
  });
});

describe("class activation maps", () => {
  it("are PyTorch's, by weights and by gradients", () => {
    expectPacked(inspection.cam(net(), image(), { class: 1 }).map, like(golden.cam, 4, 4));
    const found = inspection.gradCam(net(), image(), { class: 1, layer: "conv2" });
    // The layer is the convolution before its relu; PyTorch's script takes the maps after it.
    expect(found.map.shape).toEqual([4, 4]);
    class Named extends Net {
      last = nn.relu();
      override forward(x: Tensor): Tensor {
        const pooled = nn.maxPool2d(2)(this.conv1(x).relu());
        const joined = pooled.add(this.branch(pooled).relu());
        return this.output(this.last(this.conv2(joined)).mean([2, 3]));
      }
    }
    const named = new Named().loadStateDict(net().stateDict());
    const byDefault = inspection.gradCam(named, image(), { class: 1 });
    expectPacked(byDefault.map, like(golden.gradCam, 4, 4));
    expectPacked(byDefault.overlay, like(golden.overlay, 12, 12));
  });

  it("003.81: have the class's score as their mean, and Grad-CAM as their positive part", () => {
    seed(3);
    const model = models.gapClassifier({ classes: 4 });
    const x = rand([1, 1, 20, 20]);
    for (const wanted of [0, 1, 2, 3]) {
      const { map, score } = inspection.cam(model, x, { class: wanted });
      expect(map.mean().item()).toBeCloseTo(score, 5);
      const positive = map.relu().toTypedArray();
      const byGradient = inspection.gradCam(model, x, { class: wanted }).map.toTypedArray();
      positive.forEach((value, i) => {
        expect(byGradient[i]! * map.size).toBeCloseTo(value, 4);
      });
    }
    expect(inspection.cam(model, x).map.toArray()).toEqual(
      inspection.cam(model, x, { class: model.eval()(x).argmax().item() }).map.toArray(),
    );
  });
});

describe("boxOf", () => {
  it("bounds the largest part above the share, not all of them", () => {
    const map = tensor([
      [9, 0, 0, 0, 0],
      [0, 0, 5, 5, 0],
      [0, 0, 5, 1, 0],
      [0, 0, 0, 0, 8],
    ]);
    expect(inspection.boxOf(map)).toEqual([0.4, 0.25, 0.8, 0.75]);
    expect(inspection.boxOf(map, 0.7)).toEqual([0, 0, 0.2, 0.25]);
  });
});

describe("occlusion", () => {
  it("is what hiding each patch costs, as computed one by one", () => {
    const found = inspection.occlusion(net(), image(), { class: 1, size: 4, stride: 3, value: 0 });
    expectPacked(found.map, like(golden.occlusion, 12, 12));
  });
});

describe("inspection's mistakes", () => {
  const conv = () => nn.sequential(nn.conv2d(1, 2, 3), nn.relu(), nn.flatten(), nn.linear(72, 3));
  const picture = () => rand([1, 8, 8]);
  it.each<[string, () => unknown, RegExp]>([
    [
      "several images",
      () => inspection.saliency(conv(), rand([5, 1, 8, 8])),
      /expects one image.*\[5, 1, 8, 8\]; take one with images\.select\(0, i\)/,
    ],
    ["no model", () => inspection.cam("net" as never, picture()), /cam: model must be a module/],
    [
      "a class that is none",
      () => inspection.saliency(conv(), picture(), { class: 3 }),
      /class must be a whole number from 0 to 2; got 3/,
    ],
    [
      "a layer that is none",
      () => inspection.deconvnet(conv(), picture(), { layer: "conv9" }),
      /Sequential has no layer "conv9"; it has 0, 1, 2, 3/,
    ],
    [
      "a layer without maps",
      () => inspection.deconvnet(conv(), picture(), { layer: "3" }),
      /must give maps \[N, C, H, W\]; it gives \[1, 3\]/,
    ],
    [
      "a channel that is none",
      () => inspection.deconvnet(conv(), picture(), { layer: "0", channel: 2 }),
      /channel must be a whole number from 0 to 1; got 2/,
    ],
    [
      "an unknown rule",
      () => inspection.deconvnet(conv(), picture(), { layer: "0", relu: "leaky" as never }),
      /relu is "backprop", "deconvnet" or "guided"/,
    ],
    [
      "CAM of another network",
      () => inspection.cam(conv(), picture()),
      /must end in the mean over each map.*inspection\.gradCam/,
    ],
    [
      "Grad-CAM without maps",
      () => inspection.gradCam(nn.sequential(nn.flatten(), nn.linear(64, 3)), picture()),
      /has no layer that gives maps.*saliency/,
    ],
    [
      "maps instead of scores",
      () => inspection.saliency(nn.sequential(nn.conv2d(1, 2, 3)), picture()),
      /one score per class, \[1, K\]/,
    ],
    [
      "a patch larger than the image",
      () => inspection.occlusion(conv(), picture(), { size: 9 }),
      /a patch of 9 hides the whole image of 8 × 8/,
    ],
    [
      "a patch of a colour's name",
      () => inspection.occlusion(conv(), picture(), { value: "black" as never }),
      /value must be a number, what the patch holds; got the string "black"/,
    ],
    [
      "an empty map",
      () =>
        inspection.boxOf(
          tensor([
            [0, 0],
            [-1, 0],
          ]),
        ),
      /nothing in the map is above 0/,
    ],
    [
      "a map of three dimensions",
      () => inspection.boxOf(rand([1, 2, 2])),
      /expects a map \[H, W\]; got \[1, 2, 2\]/,
    ],
  ])("%s", (_what, act, message) => {
    expect(act).toThrow(message);
  });
});

it("inspection leaves no memory behind that nobody holds", () => {
  const model = net();
  const x = image();
  const round = () => {
    inspection.saliency(model, x);
    inspection.deconvnet(model, x, { layer: "conv2" });
    inspection.gradCam(model, x);
    inspection.cam(model, x);
  };
  const held = (times: number) => {
    for (let i = 0; i < times; i++) round();
    sweep();
    return memoryReport().bytes;
  };
  held(5);
  const before = held(10);
  expect(held(60)).toBe(before);
});
