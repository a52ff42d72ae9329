"use strict";

const SIDE = 32; // pixels of a side of what the networks see
const PLACES = SIDE * SIDE;
const NEUTRAL = [125, 123, 114]; // CIFAR-10's mean colour: about 0 once normalised

/** A picture under the hand: painted on, moved, made noisy or bright, partly hidden. */
class EditablePicture {
  constructor() {
    this.base = new Uint8ClampedArray(3 * PLACES); // as it came
    this.paint = new Uint8ClampedArray(3 * PLACES);
    this.painted = new Uint8Array(PLACES); // where `paint` counts
    this.pixels = new Uint8ClampedArray(3 * PLACES); // as the networks see it, RGB
    this.grain = EditablePicture.#gaussian();
    this.reset();
  }

  /** Undo all that was done to the picture. */
  reset() {
    this.painted.fill(0);
    this.shift = [0, 0];
    this.noise = 0; // standard deviation, in levels of 255
    this.brightness = 0; // percent
    this.patch = null; // or {x, y, size}: its upper left pixel
  }

  get changes() {
    const found = [];
    if (this.patch) found.push("patch");
    if (this.painted.includes(1)) found.push("brush");
    if (this.shift[0] || this.shift[1]) found.push("shift");
    if (this.noise) found.push("noise");
    if (this.brightness) found.push("brightness");
    return found;
  }

  remember() {
    return {
      base: this.base.slice(), paint: this.paint.slice(), painted: this.painted.slice(),
      shift: [...this.shift], noise: this.noise, brightness: this.brightness,
      patch: this.patch && { ...this.patch },
    };
  }

  restore(memory) {
    this.base.set(memory.base);
    this.paint.set(memory.paint);
    this.painted.set(memory.painted);
    this.shift = [...memory.shift];
    this.noise = memory.noise;
    this.brightness = memory.brightness;
    this.patch = memory.patch && { ...memory.patch };
  }

  /** Move the picture by whole pixels, at most out of sight. */
  move(right, down) {
    this.shift = this.shift.map((at, i) => Math.max(-SIDE, Math.min(SIDE, at + [right, down][i])));
  }

  /** Put a patch with its middle at (x, y), inside the picture. */
  placePatch(x, y, size) {
    const inside = (middle) => Math.max(0, Math.min(SIDE - size, Math.round(middle - size / 2)));
    this.patch = { x: inside(x), y: inside(y), size };
  }

  /** Paint a round spot of `colour`, or take paint off where it is null. */
  dab(x, y, diameter, colour) {
    const radius = diameter / 2;
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        if (Math.hypot(column - x, row - y) >= Math.max(radius, 0.6)) continue;
        const X = column - this.shift[0], Y = row - this.shift[1]; // paint moves with the picture
        if (X < 0 || Y < 0 || X >= SIDE || Y >= SIDE) continue;
        this.painted[Y * SIDE + X] = colour ? 1 : 0;
        if (colour) this.paint.set(colour, 3 * (Y * SIDE + X));
      }
    }
  }

  compose() {
    const { base, paint, painted, pixels, patch, noise, grain } = this;
    const light = 1 + this.brightness / 100, [right, down] = this.shift;
    for (let y = 0, i = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++, i++) {
        const X = x - right, Y = y - down;
        const inside = X >= 0 && Y >= 0 && X < SIDE && Y < SIDE;
        const hidden = patch && x >= patch.x && y >= patch.y
          && x < patch.x + patch.size && y < patch.y + patch.size;
        const from = Y * SIDE + X;
        for (let c = 0; c < 3; c++) {
          const at = 3 * i + c;
          if (hidden || !inside) {
            pixels[at] = NEUTRAL[c];
          } else {
            const level = painted[from] ? paint[3 * from + c] : base[3 * from + c];
            pixels[at] = level * light + noise * grain[at];
          }
        }
      }
    }
  }

  /** The picture as the input of a network: (value / 255 - mean) / deviation, a plane a colour. */
  normalise(mean, deviation, into) {
    for (let c = 0; c < 3; c++) {
      const scale = 1 / (255 * deviation[c]), offset = mean[c] / deviation[c];
      for (let i = 0; i < PLACES; i++) into[c * PLACES + i] = this.pixels[3 * i + c] * scale - offset;
    }
  }

  /** Gaussian numbers, the same ones every time, so that noise grows but does not flicker. */
  static #gaussian() {
    let state = 1;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    return Float32Array.from({ length: 3 * PLACES },
      () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()));
  }
}
