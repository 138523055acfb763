/** `data.imageFolder`: a dataset from a folder that has one folder of PNG and JPEG files for each class. */

import { makeEmpty, tensor } from "../creation.ts";
import { checkInterrupt } from "../interrupt.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { Dataset } from "./dataset.ts";
import { DataError, MissingDataError } from "./errors.ts";
import type { FileAccess } from "./fileAccess.ts";
import { checkImageOptions, type ImageOptions, readImage } from "./image.ts";

const operation = "data.imageFolder";

/**
 * Your own pictures: `path/cat/1.jpg`, `path/dog/2.png`, … become images `[N, 3, H, W]` in [0, 1] (`[N, 1, H, W]` with `grey`)
 * with labels `[N]`; the folders' names, sorted, are the classes, and `variants` has each image's file. Pictures of
 * different sizes need `size`; JPEGs are turned upright, as `data.image` does. As torchvision's `ImageFolder`, without folders in folders; files that begin with a dot are
 * passed over. Throws a DataError that names the file that is broken, no image or of another size, or the folder without
 * images, and a MissingDataError where there is no such folder.
 *
 * @example
 * const animals = await data.imageFolder("animals", { size: 32 });
 * const [train, test] = animals.split(0.8, { stratified: true });
 */
export async function imageFolder(path: string, options: ImageOptions = {}): Promise<Dataset> {
  checkImageOptions(operation, path, options);
  const { nodeFiles } = await import("./nodeFiles.ts");
  const folder = nodeFiles.absolute(path);
  if (!(await nodeFiles.isFolder(folder)))
    throw new MissingDataError(
      `${operation}: there is no folder ${folder}; a path is relative to the notebook's folder`,
    );
  const classes = await findClasses(nodeFiles, folder);
  const files = await findImages(nodeFiles, folder, classes);
  return new Dataset({
    name: folder.split(/[\\/]/).at(-1) ?? folder,
    images: await readImages(nodeFiles, files, options),
    labels: tensor(Int32Array.from(files, ({ label }) => label)).keep(),
    classes,
    variants: files.map(({ label, name }) => `${classes[label]}/${name}`),
  });
}

/** A file and the class it stands for. */
interface LabelledFile {
  readonly path: string;
  readonly name: string;
  readonly label: number;
}

/** What file managers leave in folders besides files that begin with a dot. */
const leftovers: readonly string[] = ["Thumbs.db", "desktop.ini"];

/** Visible names in the order of their characters' codes: the same on every machine. */
async function visible(access: FileAccess, folder: string): Promise<string[]> {
  const names = await access.list(folder);
  return names.filter((name) => !name.startsWith(".") && !leftovers.includes(name)).sort();
}

async function findClasses(access: FileAccess, folder: string): Promise<string[]> {
  const classes: string[] = [];
  const loose: string[] = [];
  for (const name of await visible(access, folder))
    if (await access.isFolder(access.join(folder, name))) classes.push(name);
    else if (/\.(png|jpe?g)$/i.test(name)) loose.push(name);
  const layout = "put the images of each class into a folder with the name of the class";
  if (loose.length > 0)
    throw new DataError(
      `${operation}: ${folder} has images outside the classes' folders, such as ${loose[0]}; ${layout}`,
    );
  if (classes.length === 0)
    throw new DataError(`${operation}: ${folder} has no folders for classes; ${layout}`);
  return classes;
}

async function findImages(
  access: FileAccess,
  folder: string,
  classes: readonly string[],
): Promise<LabelledFile[]> {
  const files: LabelledFile[] = [];
  for (const [label, className] of classes.entries()) {
    const inner = access.join(folder, className);
    const names = await visible(access, inner);
    if (names.length === 0)
      throw new DataError(`${operation}: the folder ${inner} is empty; put images into it or remove it`);
    for (const name of names) {
      const path = access.join(inner, name);
      if (await access.isFolder(path))
        throw new DataError(
          `${operation}: ${path} is a folder in the folder of a class; move its images up, or name the folder above the classes`,
        );
      files.push({ path, name, label });
    }
  }
  return files;
}

/** `[N, C, H, W]`, filled one image after the other. */
async function readImages(
  access: FileAccess,
  files: readonly LabelledFile[],
  options: ImageOptions,
): Promise<Tensor> {
  let images: Tensor | null = null;
  for (const [i, { path }] of files.entries()) {
    checkInterrupt();
    const picture = await readImage(operation, access, path, options);
    images ??= makeEmpty(operation, [files.length, ...picture.shape], "float32").keep();
    const shape = images.shape.slice(1);
    if (picture.shape.some((length, d) => length !== shape[d]))
      throw new DataError(
        `${operation}: ${path} is ${describeShape(picture.shape)}, but ${files[0]!.path} is ${describeShape(shape)}; give the size to bring them to: { size: 32 }`,
      );
    images.storage.values().set(picture.storage.values(), i * picture.size);
    picture.dispose();
  }
  return images!;
}
