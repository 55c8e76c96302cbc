/** Rows of pixel columns, for what is too narrow to be drawn one by one. */

/** A colour, whose parts go from 0 to 1, in the order of bytes that ImageData has, whichever the machine's own is. */
export function packed(red: number, green: number, blue: number, alpha: number): number {
  const bytes = new Uint8ClampedArray([red, green, blue, alpha].map((part) => 255 * part));
  return new Uint32Array(bytes.buffer)[0] ?? 0;
}

const OPAQUE = packed(0, 0, 0, 1);

function isOpaque(colour: number): boolean {
  return (colour & OPAQUE) >>> 0 === OPAQUE;
}

/** What each column of pixels shows in each row; 0 where there is nothing. */
export class Columns {
  readonly pixels: Uint32Array<ArrayBuffer>;

  constructor(
    readonly width: number,
    readonly rows: number,
  ) {
    this.pixels = new Uint32Array(width * rows);
  }

  clear(): void {
    this.pixels.fill(0);
  }

  /** Paints a row from one position to another, at least one column; what is dimmed does not cover what is not. */
  paint(row: number, left: number, right: number, colour: number): void {
    const first = Math.max(0, Math.round(left));
    const last = Math.min(this.width, Math.max(first + 1, Math.round(right)));
    const begin = row * this.width;
    const bright = isOpaque(colour);
    for (let at = begin + first; at < begin + last; at++) {
      if (bright || !isOpaque(this.pixels[at] ?? 0)) this.pixels[at] = colour;
    }
  }
}
