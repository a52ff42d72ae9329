"use strict";

/**
 * The weights of a gate as the faders of an equaliser: drag one, go on sideways to sweep over its
 * neighbours, with Shift all of them; a double click resets. Each fader is a real range input,
 * unseen over its drawn bar: the arrow keys up and down move it, left and right go to the next.
 */
class Equaliser {
  /**
   * @param edit     the GateEdit that the faders move
   * @param kind     "weight": they show the gate's weights; "factor": what a channel is scaled by
   * @param hooks    {words, colour, remember(), changed(), point(channel)}
   */
  constructor(edit, kind, label, hooks) {
    Object.assign(this, { edit, kind, label, hooks });
    this.pointed = -1;
    this.drawn = {}; // what the canvas shows: run, pointed, room
    this.canvas = element("canvas", { height: 64, ariaHidden: "true" });
    this.inputs = Array.from({ length: edit.sliders }, (_, channel) => this.#input(channel));
    this.inputs[0].tabIndex = 0;
    this.root = element("div", { className: "faders", role: "group", ariaLabel: label },
      this.canvas, ...this.inputs);
    this.root.style.gridTemplateColumns = `repeat(${edit.sliders}, minmax(0, 1fr))`;
    this.#listen();
  }

  #input(channel) {
    const { hooks } = this;
    return element("input", {
      type: "range", min: 0, max: 1, step: 0.01, tabIndex: -1, value: 1,
      ariaLabel: fill(hooks.words.channel, { channel }),
      oninput: () => { this.set(channel, this.inputs[channel].valueAsNumber); hooks.changed(); },
      onkeydown: (event) => this.#key(event, channel),
      onfocus: () => hooks.point(channel),
      onblur: () => hooks.point(-1),
    });
  }

  #key(event, channel) {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const next = this.inputs[channel + (event.key === "ArrowRight" ? 1 : -1)];
      event.preventDefault();
      if (!next) return;
      this.inputs[channel].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.hooks.remember();
      this.edit.reset(channel);
      this.hooks.changed();
    } else if (/^(Arrow|Page|Home|End)/.test(event.key)) {
      this.hooks.remember();
    }
  }

  #listen() {
    const { root, edit, hooks } = this;
    const place = (event) => {
      const box = root.getBoundingClientRect();
      const along = Math.floor(((event.clientX - box.left) / box.width) * edit.sliders);
      const up = 1 - (event.clientY - box.top) / box.height;
      return [Math.max(0, Math.min(edit.sliders - 1, along)), Math.max(0, Math.min(1, up))];
    };
    let drag = null; // {channel, x, sweeping, held}
    const hold = (event) => {
      const { channel } = drag;
      drag.held = true;
      this.inputs[channel].focus({ preventScroll: true });
      hooks.remember();
      this.#drag(event, channel, channel, place(event)[1]);
    };
    root.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the drawn faders answer, not the inputs over them
      root.setPointerCapture(event.pointerId);
      drag = { channel: place(event)[0], x: event.clientX, sweeping: false, held: false };
      // A finger may only want to scroll the page: then the browser takes it away, unless these
      // faders are in use (`touch-action` in lab.css).
      if (event.pointerType !== "touch" || root.matches(":focus-within")) hold(event);
    });
    root.addEventListener("pointermove", (event) => {
      const [channel, value] = place(event);
      if (!drag) return hooks.point(channel);
      const aside = Math.abs(event.clientX - drag.x);
      if (!drag.held && aside > 6) hold(event);
      if (!drag.held) return;
      drag.sweeping ||= aside > 12;
      const to = drag.sweeping ? channel : drag.channel;
      this.#drag(event, drag.channel, to, value);
      drag.channel = to;
      hooks.point(to);
    });
    root.addEventListener("pointerup", (event) => {
      if (drag && !drag.held) hold(event); // a tap
      drag = null;
    });
    root.addEventListener("pointercancel", () => { drag = null; });
    root.addEventListener("pointerleave", () => { if (!drag) hooks.point(-1); });
    root.addEventListener("dblclick", (event) => {
      edit.reset(place(event)[0]);
      hooks.changed();
    });
  }

  #drag(event, from, to, value) {
    if (event.shiftKey) for (let c = 0; c < this.edit.sliders; c++) this.set(c, value);
    else for (let c = Math.min(from, to); c <= Math.max(from, to); c++) this.set(c, value);
    this.hooks.changed();
  }

  /** Move a fader to `value` in 0 … 1. */
  set(channel, value) {
    const { edit } = this;
    if (this.kind === "factor") edit.scale(channel, value);
    else if (edit.size === 1) edit.fix(channel, value);
    else edit.scale(channel, value / Math.max(1e-6, edit.ownWeight(channel)));
  }

  value(channel) {
    return this.kind === "factor" ? this.edit.factors[channel] : this.edit.weight(channel);
  }

  own(channel) {
    return this.kind === "factor" ? 1 : this.edit.ownWeight(channel);
  }

  allOne() {
    for (let c = 0; c < this.edit.sliders; c++) this.set(c, 1);
  }

  /** Each channel gets the weight of another one. */
  shuffle() {
    const values = this.inputs.map((_, c) => this.value(c));
    for (let i = values.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [values[i], values[j]] = [values[j], values[i]];
    }
    values.forEach((value, c) => this.set(c, value));
  }

  /** Channels that were turned off by hand, and how many others were moved. */
  get moved() {
    const off = [];
    let others = 0;
    for (let c = 0; c < this.edit.sliders; c++) {
      if (!this.edit.touched(c)) continue;
      if (this.value(c) < 0.02) off.push(c);
      else if (Math.abs(this.value(c) - this.own(c)) > 0.005) others++;
    }
    return { off, others };
  }

  /** Draw what was computed in the network's run number `run`, unless that is drawn already. */
  draw(run) {
    const { canvas, edit, drawn, pointed } = this;
    this.room ||= this.root.clientWidth; // asked once: the answer costs a layout of the page
    if (!this.room) return;
    if (drawn.run === run && drawn.pointed === pointed && drawn.room === this.room) return;
    Object.assign(drawn, { run, pointed, room: this.room });
    const width = Math.round(this.room * Math.min(2, devicePixelRatio));
    const height = Math.round(64 * Math.min(2, devicePixelRatio));
    if (canvas.width !== width) { canvas.width = width; canvas.height = height; }
    const context = this.context ??= canvas.getContext("2d");
    const step = width / edit.sliders, gap = Math.min(step * 0.25, 3), wide = step - gap;
    context.clearRect(0, 0, width, height);
    context.fillStyle = this.hooks.colour;
    // Bars of one strength are one path: hundreds of single rectangles cost more than the networks.
    context.globalAlpha = 0.13;
    context.beginPath();
    for (let c = 0; c < edit.sliders; c++) context.rect(c * step + gap / 2, 0, wide, height);
    context.fill();
    for (const strong of [false, true]) {
      context.globalAlpha = strong ? 1 : 0.6;
      context.beginPath();
      for (let c = 0; c < edit.sliders; c++) {
        const touched = edit.touched(c), left = c * step + gap / 2;
        if ((touched || c === pointed) !== strong) continue;
        const top = height * (1 - Math.min(1, this.value(c)));
        context.rect(left, top, wide, height - top);
        if (!touched) continue; // where the network itself would have it, above its bar
        const own = Math.min(height - 2, height * (1 - this.own(c)));
        if (own < top) context.rect(left, own, wide, Math.min(2, top - own));
      }
      context.fill();
    }
    context.globalAlpha = 1;
    if (pointed >= 0) {
      context.strokeStyle = this.hooks.ink();
      context.lineWidth = 2;
      context.strokeRect(pointed * step + 1, 1, Math.max(3, step - 2), height - 2);
    }
    const focused = this.inputs.indexOf(this.root.getRootNode().activeElement);
    if (focused >= 0) this.#tell(focused);
  }

  /** Bring the inputs up to date: rarely, since nobody sees them. */
  tellAll() {
    for (let c = 0; c < this.inputs.length; c++) this.#tell(c);
  }

  #tell(channel) {
    const value = this.value(channel).toFixed(2);
    if (this.inputs[channel].value === String(Number(value))) return;
    this.inputs[channel].value = value;
    this.inputs[channel].ariaValueText = value;
  }
}
