import { PATTERNS, PATTERN_STRENGTH, rgb } from "../lib/modes";
import { SLICE_STYLES } from "../lib/parts";
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./glShaders";
import { ROW_GAP_PX, ROW_HEIGHT_PX } from "./layout";
import {
  BACKGROUND,
  DIMMED,
  MIN_SLICE_PX,
  RAISED_COLOUR,
  TRACED_COLOUR,
  fitCanvas,
  type Frame,
  type Highlight,
  type SliceRenderer,
} from "./renderer";
import type { Tile } from "./tileCache";
import { timeToPx } from "./camera";
import { packInstances } from "./glInstances";

const INSTANCE_BYTES = 16;
/** Buffers of tiles that were not drawn lately are given back beyond this many. */
const MAX_BUFFERS = 400;

const UNIFORMS = [
  "uOffsetPx",
  "uPxPerNs",
  "uClipPx",
  "uRowsTopPx",
  "uRowHeightPx",
  "uRowGapPx",
  "uMinWidthPx",
  "uSizePx",
  "uColours",
  "uPatterns",
  "uPatternStrength",
  "uBackground",
  "uRaisedColour",
  "uTracedColour",
  "uDimmed",
  "uDevicePixelRatio",
] as const;
type Uniform = (typeof UNIFORMS)[number];

interface TileBuffer {
  readonly vertexArray: WebGLVertexArrayObject;
  readonly buffer: WebGLBuffer;
  highlight: Highlight;
  drawnInFrame: number;
}

/** Draws slices as instanced rectangles: panning and zooming change uniforms only, tiles are uploaded once. */
export class GlRenderer implements SliceRenderer {
  readonly name = "webgl2";
  readonly #gl: WebGL2RenderingContext;
  readonly #program: WebGLProgram;
  readonly #uniforms: ReadonlyMap<Uniform, WebGLUniformLocation | null>;
  readonly #buffers = new Map<Tile, TileBuffer>();
  #frame = 0;

  /**
   * Returns null where the browser has no WebGL2, or refuses our shaders.
   *
   * @param evenIfSlow also where WebGL2 is emulated on the CPU: there Canvas2D drew ten thousand slices in a tenth of the time.
   */
  static create(canvas: HTMLCanvasElement, evenIfSlow: boolean): GlRenderer | null {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      stencil: false,
      failIfMajorPerformanceCaveat: !evenIfSlow,
    });
    if (gl && !evenIfSlow && isEmulated(gl)) return null;
    const program = gl && link(gl);
    return gl && program ? new GlRenderer(canvas, gl, program) : null;
  }

  private constructor(
    readonly canvas: HTMLCanvasElement,
    gl: WebGL2RenderingContext,
    program: WebGLProgram,
  ) {
    this.#gl = gl;
    this.#program = program;
    this.#uniforms = new Map(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  }

  draw(frame: Frame): void {
    const gl = this.#gl;
    const { viewport } = frame;
    this.#frame++;
    fitCanvas(this.canvas, viewport);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    const [red, green, blue] = rgb(BACKGROUND[frame.theme]);
    gl.clearColor(red, green, blue, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.#program);
    this.#setFrameUniforms(frame);
    const pxPerNs = viewport.widthPx / (viewport.window.endNs - viewport.window.beginNs);
    for (const { lane, pieces } of frame.lanes) {
      gl.uniform1f(this.#at("uRowsTopPx"), lane.rowsTopPx - viewport.scrollTopPx);
      for (const { tile, beginNs, endNs } of pieces) {
        if (tile.slices.count === 0) continue;
        const buffer = this.#bufferOf(tile, frame.highlight);
        const toPx = (timeNs: number) => timeToPx(viewport.window, viewport.widthPx, timeNs);
        gl.uniform1f(this.#at("uOffsetPx"), toPx(tile.beginNs));
        gl.uniform1f(this.#at("uPxPerNs"), pxPerNs);
        gl.uniform2f(this.#at("uClipPx"), toPx(beginNs), toPx(endNs));
        gl.bindVertexArray(buffer.vertexArray);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, tile.slices.count);
      }
    }
    gl.bindVertexArray(null);
    this.#forgetUnused();
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.#delete(buffer);
    this.#buffers.clear();
    this.#gl.deleteProgram(this.#program);
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #at(name: Uniform): WebGLUniformLocation | null {
    return this.#uniforms.get(name) ?? null;
  }

  #setFrameUniforms({ viewport, theme }: Frame): void {
    const gl = this.#gl;
    gl.uniform2f(this.#at("uSizePx"), viewport.widthPx, viewport.heightPx);
    gl.uniform1f(this.#at("uRowHeightPx"), ROW_HEIGHT_PX);
    gl.uniform1f(this.#at("uRowGapPx"), ROW_GAP_PX);
    gl.uniform1f(this.#at("uMinWidthPx"), MIN_SLICE_PX);
    gl.uniform1f(this.#at("uDevicePixelRatio"), viewport.devicePixelRatio);
    gl.uniform3fv(
      this.#at("uColours"),
      SLICE_STYLES.flatMap((style) => rgb(style[theme])),
    );
    gl.uniform1iv(
      this.#at("uPatterns"),
      SLICE_STYLES.map((style) => PATTERNS[style.pattern]),
    );
    gl.uniform1f(this.#at("uPatternStrength"), PATTERN_STRENGTH);
    gl.uniform3f(this.#at("uBackground"), ...rgb(BACKGROUND[theme]));
    gl.uniform3f(this.#at("uRaisedColour"), ...rgb(RAISED_COLOUR));
    gl.uniform3f(this.#at("uTracedColour"), ...rgb(TRACED_COLOUR));
    gl.uniform1f(this.#at("uDimmed"), DIMMED);
  }

  #bufferOf(tile: Tile, highlight: Highlight): TileBuffer {
    const gl = this.#gl;
    let entry = this.#buffers.get(tile);
    if (!entry) {
      entry = { ...this.#createBuffer(), highlight, drawnInFrame: 0 };
      this.#buffers.set(tile, entry);
      gl.bindBuffer(gl.ARRAY_BUFFER, entry.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, packInstances(tile, highlight), gl.STATIC_DRAW);
    } else if (entry.highlight !== highlight) {
      gl.bindBuffer(gl.ARRAY_BUFFER, entry.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, packInstances(tile, highlight), gl.STATIC_DRAW);
      entry.highlight = highlight;
    }
    entry.drawnInFrame = this.#frame;
    return entry;
  }

  #createBuffer(): { readonly vertexArray: WebGLVertexArrayObject; readonly buffer: WebGLBuffer } {
    const gl = this.#gl;
    const vertexArray = gl.createVertexArray();
    const buffer = gl.createBuffer();
    gl.bindVertexArray(vertexArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    const attributes = [
      { location: 0, size: 2, type: gl.FLOAT, offset: 0 },
      { location: 1, size: 1, type: gl.UNSIGNED_SHORT, offset: 8 },
      { location: 2, size: 4, type: gl.UNSIGNED_BYTE, offset: 12 },
    ];
    for (const { location, size, type, offset } of attributes) {
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, type, false, INSTANCE_BYTES, offset);
      gl.vertexAttribDivisor(location, 1);
    }
    return { vertexArray, buffer };
  }

  #forgetUnused(): void {
    if (this.#buffers.size <= MAX_BUFFERS) return;
    for (const [tile, buffer] of this.#buffers) {
      if (buffer.drawnInFrame === this.#frame) continue;
      this.#delete(buffer);
      this.#buffers.delete(tile);
    }
  }

  #delete(buffer: TileBuffer): void {
    this.#gl.deleteBuffer(buffer.buffer);
    this.#gl.deleteVertexArray(buffer.vertexArray);
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

/** Browsers do not always call emulation a performance caveat, but its name tells. */
function isEmulated(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return typeof name === "string" && /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}
