import { SLICE_STYLES } from "../lib/parts";

/** One instance is one slice; its four vertices make a rectangle. Positions arrive relative to the tile, in float32. */
export const VERTEX_SHADER = `#version 300 es
precision highp float;

layout(location = 0) in vec2 aSpanNs;
layout(location = 1) in float aRow;
layout(location = 2) in vec4 aStyle;

uniform float uOffsetPx;
uniform float uPxPerNs;
uniform vec2 uClipPx;
uniform float uRowsTopPx;
uniform float uRowHeightPx;
uniform float uRowGapPx;
uniform float uMinWidthPx;
uniform vec2 uSizePx;

flat out vec4 vStyle;
out vec2 vFromTopLeftPx;
flat out vec2 vBoxPx;

void main() {
  float left = uOffsetPx + aSpanNs.x * uPxPerNs;
  float right = uOffsetPx + aSpanNs.y * uPxPerNs;
  if (right - left > 4.0) right -= 1.0;
  right = max(right, left + uMinWidthPx);
  left = max(left, uClipPx.x);
  right = min(right, uClipPx.y);
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  float top = uRowsTopPx + aRow * uRowHeightPx;
  float height = uRowHeightPx - uRowGapPx;
  vec2 px = vec2(mix(left, right, corner.x), top + corner.y * height);
  vStyle = aStyle;
  vBoxPx = vec2(right - left, height);
  vFromTopLeftPx = corner * vBoxPx;
  gl_Position = right <= left ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(px.x / uSizePx.x * 2.0 - 1.0, 1.0 - px.y / uSizePx.y * 2.0, 0.0, 1.0);
}
`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;

flat in vec4 vStyle;
in vec2 vFromTopLeftPx;
flat in vec2 vBoxPx;

uniform vec3 uColours[${SLICE_STYLES.length}];
uniform int uPatterns[${SLICE_STYLES.length}];
uniform float uPatternStrength;
uniform vec3 uBackground;
uniform vec3 uRaisedColour;
uniform vec3 uTracedColour;
uniform float uDimmed;
uniform float uDevicePixelRatio;

out vec4 outColour;

float pattern(int kind, vec2 px) {
  if (kind == 1) return step(mod(px.x + px.y, 8.0), 2.0);
  if (kind == 2) return step(length(mod(px, 6.0) - 3.0), 1.3);
  if (kind == 3) return step(mod(px.y, 6.0), 1.5);
  if (kind == 4) return max(step(mod(px.x + px.y, 8.0), 1.5), step(mod(px.x - px.y, 8.0), 1.5));
  return 0.0;
}

void main() {
  int code = clamp(int(vStyle.x + 0.5), 0, ${SLICE_STYLES.length - 1});
  vec2 px = vec2(gl_FragCoord.x / uDevicePixelRatio, vFromTopLeftPx.y);
  vec3 colour = uColours[code] * (1.0 - uPatternStrength * pattern(uPatterns[code], px));
  int flags = int(vStyle.y + 0.5);
  if ((flags & 2) != 0 && vFromTopLeftPx.y < 2.5) colour = uTracedColour;
  if ((flags & 1) != 0 && vFromTopLeftPx.y > vBoxPx.y - 3.5) colour = uRaisedColour;
  if (vStyle.z > 0.5) colour = mix(uBackground, colour, uDimmed);
  outColour = vec4(colour, 1.0);
}
`;
