"use strict";

/** Which place of a map is meant, by pointer or arrow keys; `chosen(x, y, event)` is told. */
function choosePlace(canvas, width, height, chosen) {
  let at = [width >> 1, height >> 1];
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    if (step) {
      at = [Math.max(0, Math.min(width - 1, at[0] + step[0])),
        Math.max(0, Math.min(height - 1, at[1] + step[1]))];
    }
    chosen(...at, event);
  });
  for (const type of ["pointerdown", "pointermove"]) {
    canvas.addEventListener(type, (event) => {
      if (type === "pointerdown") canvas.setPointerCapture(event.pointerId);
      at = pixelAt(event, canvas, width, height);
      chosen(...at, event);
    });
  }
}

const captionOf = (...lines) =>
  element("figcaption", {}, ...lines.map((line) => element("span", {}, line)));

/** The weights of a gate of places, over the picture: paint places shut, with Shift open. */
class PlaceMap {
  constructor(edit, shape, label, hooks) {
    Object.assign(this, { edit, hooks });
    [, , this.height, this.width] = shape;
    this.overlay = new Overlay(this.height, this.width, hooks.veil, label,
      { role: "application", title: hooks.words.paint_places });
    this.root = element("figure", { className: "places" }, this.overlay.picture.canvas,
      captionOf(label, hooks.words.paint_places));
    const { canvas } = this.overlay.picture;
    choosePlace(canvas, this.width, this.height, (x, y, event) => {
      const painting = event.buttons || event.key === " ";
      if (!painting) return;
      if (event.type !== "pointermove") hooks.remember();
      const radius = Math.max(0, (this.width >> 3) - 1), weight = event.shiftKey ? 1 : 0;
      for (let row = y - radius; row <= y + radius; row++) {
        for (let column = x - radius; column <= x + radius; column++) {
          if (row < 0 || column < 0 || row >= this.height || column >= this.width) continue;
          edit.fix(row * this.width + column, weight);
        }
      }
      hooks.changed();
    });
    canvas.addEventListener("dblclick", () => { edit.resetAll(); hooks.changed(); });
  }

  draw(weights, rgb) {
    let most = 0;
    for (let i = 0; i < weights.length; i++) if (weights[i] > most) most = weights[i];
    this.overlay.draw(weights, most, rgb, true);
  }
}

/** Non-local attention: point at a position, see from where it takes. */
class AffinityMap {
  constructor(shape, layerShape, label, hooks) {
    [, , this.height, this.width] = layerShape; // the places that look
    const keys = shape[2]; // the places that are looked at, perhaps every second row and column
    this.keyWidth = Math.round(this.width / Math.sqrt((this.width * this.height) / keys));
    this.keys = keys;
    this.place = (this.height >> 1) * this.width + (this.width >> 1);
    this.overlay = new Overlay(keys / this.keyWidth, this.keyWidth, hooks.veil, label,
      { role: "application" });
    this.mark = element("span", { className: "mark" });
    this.root = element("figure", { className: "places" },
      element("div", { className: "marked" }, this.overlay.picture.canvas, this.mark),
      captionOf(label, hooks.words.point_places));
    choosePlace(this.overlay.picture.canvas, this.width, this.height, (x, y) => {
      this.place = y * this.width + x;
      hooks.redraw();
    });
  }

  draw(affinity, rgb) {
    const row = affinity.subarray(this.place * this.keys, (this.place + 1) * this.keys);
    let most = 0;
    for (let i = 0; i < row.length; i++) if (row[i] > most) most = row[i];
    this.overlay.draw(row, most, rgb, true);
    const x = this.place % this.width, y = Math.floor(this.place / this.width);
    this.mark.style.left = `${(100 * (x + 0.5)) / this.width}%`;
    this.mark.style.top = `${(100 * (y + 0.5)) / this.height}%`;
  }
}
