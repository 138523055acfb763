/**
 * How the camera was held, which it notes in a JPEG file: the orientation tag of the Exif segment (Exif 2.3, section 4.6.4, in the
 * format of TIFF 6.0). Knows bytes only. What is wrong in such a segment keeps nobody from seeing the picture as it is stored.
 */

/** Which side of the picture the first stored row and the first stored column are, 1 … 8; 1, top and left, where nothing says. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;
const unsignedShort = 3;

/** The orientation that a JPEG file notes. */
export function orientationOf(jpeg: Uint8Array): Orientation {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1]!;
    // From here on there are pixels.
    if (marker === 0xda) break;
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === 0xe1 && String.fromCharCode(...jpeg.subarray(at + 4, at + 10)) === "Exif\0\0") {
      const tiff = jpeg.subarray(at + 10, end);
      return readDirectory(new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength));
    }
    at = end;
  }
  return 1;
}

/** The tag's value in the first directory of a TIFF file: a count, then 12 bytes an entry. */
function readDirectory(tiff: DataView): Orientation {
  if (tiff.byteLength < 8) return 1;
  const isLittle = tiff.getUint16(0) === 0x4949;
  if (tiff.getUint16(2, isLittle) !== 42) return 1;
  const start = tiff.getUint32(4, isLittle) + 2;
  if (start > tiff.byteLength) return 1;
  const entries = tiff.getUint16(start - 2, isLittle);
  for (let at = start; at < start + 12 * entries && at + 12 <= tiff.byteLength; at += 12) {
    const [tag, type] = [tiff.getUint16(at, isLittle), tiff.getUint16(at + 2, isLittle)];
    const value = tiff.getUint16(at + 8, isLittle);
    if (tag === orientationTag && type === unsignedShort && value >= 1 && value <= 8)
      return value as Orientation;
  }
  return 1;
}
