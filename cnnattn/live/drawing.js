"use strict";
// Numbers into pixels: colours, channel grids, heat maps over the picture.

/** 256 colours between evenly spaced "#rrggbb", each as 0xAABBGGRR. */
function colourTable(stops) {
  const rgb = stops.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const position = (level / 255) * (rgb.length - 1);
    const k = Math.min(rgb.length - 2, Math.floor(position)), f = position - k;
    const [r, g, b] = rgb[k].map((value, c) => Math.round(value * (1 - f) + rgb[k + 1][c] * f));
    return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/**
 * 256 levels of a veil between evenly spaced [red, green, blue, alpha]: what is added of its colour,
 * and the share of the picture under it that is still seen.
 */
function veilTable(stops) {
  const veil = {};
  for (const name of ["red", "green", "blue", "rest"]) veil[name] = new Float32Array(256);
  for (let level = 0; level < 256; level++) {
    const position = (level / 255) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(position)), f = position - k;
    const [r, g, b, alpha] = stops[k].map((value, c) => value * (1 - f) + stops[k + 1][c] * f);
    [veil.red[level], veil.green[level], veil.blue[level]] = [r * alpha, g * alpha, b * alpha];
    veil.rest[level] = 1 - alpha;
  }
  return veil;
}

/** Columns of a grid of `tiles` that is about twice as wide as high. */
function gridColumns(tiles) {
  return { 16: 8, 32: 8, 64: 16, 128: 16 }[tiles] ?? Math.ceil(Math.sqrt(2 * tiles));
}

/** The maps (C, H, W) of a layer as tiles, all on one colour scale from 0 to `most`. */
class ChannelGrid {
  constructor(shape, colours, label) {
    [, this.channels, this.height, this.width] = shape;
    this.gap = Math.max(1, this.width >> 4);
    this.columns = gridColumns(this.channels);
    this.rows = Math.ceil(this.channels / this.columns);
    this.colours = colours;
    this.picture = pixelCanvas(this.columns * (this.width + this.gap) - this.gap,
      this.rows * (this.height + this.gap) - this.gap, label);
    this.maxima = new Float32Array(this.channels);
    this.sorted = new Float32Array(this.channels);
  }

  /** A value that nearly all channels stay below: a few bright ones must not leave the rest black. */
  measure(maps) {
    const places = this.height * this.width;
    for (let c = 0, i = 0; c < this.channels; c++) {
      let most = 0;
      for (const end = i + places; i < end; i++) if (maps[i] > most) most = maps[i];
      this.maxima[c] = most;
    }
    this.sorted.set(this.maxima);
    this.sorted.sort();
    return this.sorted[Math.floor(0.9 * (this.channels - 1))] || this.sorted[this.channels - 1];
  }

  draw(maps, most) {
    const { pixels, width } = this.picture, { colours } = this;
    const scale = most > 0 ? 255 / most : 0;
    for (let c = 0, i = 0; c < this.channels; c++) {
      const left = (c % this.columns) * (this.width + this.gap);
      const top = Math.floor(c / this.columns) * (this.height + this.gap);
      for (let y = 0; y < this.height; y++) {
        let to = (top + y) * width + left;
        for (let x = 0; x < this.width; x++, i++) {
          const level = maps[i] * scale;
          pixels[to++] = colours[level >= 255 ? 255 : level > 0 ? level | 0 : 0];
        }
      }
    }
    this.picture.show();
  }

  /** Which channel a pointer is at, or -1. */
  channelAt(event) {
    const [x, y] = pixelAt(event, this.picture.canvas, this.columns, this.rows);
    const channel = y * this.columns + x;
    return channel < this.channels ? channel : -1;
  }

  /** Where a channel's tile lies, in percent of the canvas: left, top, width, height. */
  box(channel) {
    const { width, height } = this.picture;
    const left = (channel % this.columns) * (this.width + this.gap);
    const top = Math.floor(channel / this.columns) * (this.height + this.gap);
    return [left / width, top / height, this.width / width, this.height / height]
      .map((share) => `${100 * share}%`);
  }
}

/** A small map (h, w) as a veil over the picture, enlarged bilinearly: clear where it is 0. */
class Overlay {
  constructor(height, width, veil, label, attributes = {}) {
    const size = 4 * SIDE;
    this.size = size;
    this.veil = veil;
    this.line = new Float32Array(width);
    this.picture = pixelCanvas(size, size, label, attributes);
    this.width = width;
    this.rows = Overlay.#between(height, size);
    this.columns = Overlay.#between(width, size);
  }

  /** For each of `size` pixels the two samples that it lies between, and how far. */
  static #between(samples, size) {
    const low = new Int32Array(size), high = new Int32Array(size), share = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const at = Math.max(0, Math.min(samples - 1, ((i + 0.5) * samples) / size - 0.5));
      low[i] = Math.floor(at);
      high[i] = Math.min(samples - 1, low[i] + 1);
      share[i] = at - low[i];
    }
    return { low, high, share };
  }

  /** Values from 0 to `most`, over the RGB picture of 32 × 32; what is below 0 counts as 0. */
  draw(map, most, rgb, sharp = false) {
    const { rows, columns, width, size, line } = this, { red, green, blue, rest } = this.veil;
    const { pixels } = this.picture, scale = most > 0 ? 255 / most : 0;
    for (let y = 0, o = 0; y < size; y++) {
      const above = rows.low[y] * width, below = rows.high[y] * width;
      const down = sharp ? Math.round(rows.share[y]) : rows.share[y];
      for (let x = 0; x < width; x++) {
        line[x] = (map[above + x] * (1 - down) + map[below + x] * down) * scale;
      }
      for (let x = 0; x < size; x++, o++) {
        const along = sharp ? Math.round(columns.share[x]) : columns.share[x];
        const value = line[columns.low[x]] * (1 - along) + line[columns.high[x]] * along;
        const level = value >= 255 ? 255 : value > 0 ? value | 0 : 0;
        const at = 3 * ((y >> 2) * SIDE + (x >> 2)), seen = rest[level];
        const r = red[level] + rgb[at] * seen, g = green[level] + rgb[at + 1] * seen;
        pixels[o] = 0xff000000 | ((blue[level] + rgb[at + 2] * seen) << 16) | (g << 8) | r;
      }
    }
    this.picture.show();
  }
}
