/** The functions of `show`: pictures of data, networks and results. A namespace, so that hovering shows each one's text. */
export { bars } from "./bars.ts";
export { confusionMatrix } from "./confusion.ts";
export { curves } from "./curves.ts";
export { images } from "./images.ts";
export { filters } from "./layers.ts";
export { featureMaps, informationFlow, mistakes, summary } from "./network.ts";
export { compare } from "./summary.ts";
export { tensor } from "./tensor.ts";
