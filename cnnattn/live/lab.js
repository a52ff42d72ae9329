"use strict";

const SLOW = 50; // milliseconds of work a frame above which the models take turns

/** The page Live: one picture under the hand, and what several networks make of it. */
class Lab {
  /**
   * @param root      where it is drawn; gets the property `lab`
   * @param content   unpacked payload: {header: {models, pictures, colours}, part}
   * @param settings  {words, titles, classes (of each model by name), pictures (titles),
   *                  chosen: {name, label, pixels}}
   */
  constructor(root, content, settings) {
    const { header, part } = content;
    Object.assign(this, { root, header, part, settings, words: settings.words });
    this.colours = colourTable(header.colours);
    this.kernels = undefined; // the plain ones
    this.picture = new EditablePicture();
    this.camera = new Camera();
    this.history = [];
    this.work = []; // milliseconds of the last frames
    this.frames = 0;
    this.pointed = null; // {stage, channel}
    this.explained = -1; // the class whose heat map is drawn; -1: the predicted one
    this.method = "grad_cam";
    this.stage = "1";
    this.oneScale = true;
    this.ghosts = true;
    this.tool = "patch";
    this.size = 8;
    this.colour = [220, 40, 40];
    this.truth = null;
    this.models = header.models.map((entry) => new ModelView(entry, part, this));
    this.#build();
    root.lab = this;
    this.stopped = false;
    this.onHidden = () => { if (document.hidden) this.#stopCamera(); };
    document.addEventListener("visibilitychange", this.onHidden);
    this.watch = new ResizeObserver(() => this.#measureAgain());
    this.watch.observe(root);
    this.choose(settings.chosen);
  }

  // --- for checks from outside ---------------------------------------------------------------------

  /** Multiply a slider of a gate by `factor`; `model` is a number or a name. */
  setGate(model, gate, channel, factor) {
    const view = this.models[model] ?? this.models.find((m) => m.name === model);
    view.edits[gate].scale(channel, factor);
    view.net.setEdit(gate, view.edits[gate]);
    this.changed(view);
  }

  /** Show another picture, RGB, 32 × 32, as it is. */
  setPicture(pixels) {
    this.choose({ name: "", label: null, pixels });
  }

  /** Go on where another page over the same networks was: after a change of language. */
  resume(other) {
    this.picture.restore(other.picture.remember());
    this.truth = other.truth;
    this.models.forEach((model, m) => {
      const before = other.models[m];
      model.before.set(before.before);
      for (const [gate, edit] of Object.entries(model.edits)) {
        edit.factors.set(before.edits[gate].factors);
        edit.fixed.set(before.edits[gate].fixed);
      }
      model.restart();
    });
    this.#showSliders();
    this.pictureChanged();
  }

  // --- what happened -------------------------------------------------------------------------------

  /** A picture that nothing was done to: {name, label, pixels}. Gates stay as they are. */
  choose({ name, label, pixels }) {
    this.picture.reset();
    this.picture.base.set(pixels);
    this.truth = label;
    this.picture.compose();
    for (const model of this.models) {
      model.setPicture(this.picture);
      model.settle();
    }
    this.ghosts = true;
    this.strip?.querySelectorAll("button").forEach((button) => {
      const here = button.dataset.name === name;
      button.ariaPressed = String(here);
      if (here) this.strip.scrollLeft = button.offsetLeft - this.strip.offsetLeft - 60;
    });
    this.#showSliders();
    this.wake();
  }

  pictureChanged() {
    this.pictureDirty = true;
    this.wake();
  }

  changed(model) {
    model.dirty = true;
    this.wake();
  }

  point(place) {
    if (this.pointed?.stage === place?.stage && this.pointed?.channel === place?.channel) return;
    this.pointed = place;
    this.pointerMoved = true;
    this.wake();
  }

  explain(number) {
    this.explained = this.explained === number ? -1 : number;
    this.redraw();
  }

  redraw() {
    for (const model of this.models) model.dirty = true;
    this.wake();
  }

  /** Keep the state, so that what follows can be undone. */
  remember() {
    const gates = this.models.map((model) => Object.values(model.edits)
      .map((edit) => [edit.factors.slice(), edit.fixed.slice()]));
    this.history.push({ picture: this.picture.remember(), truth: this.truth, gates });
    if (this.history.length > 60) this.history.shift();
    this.undoButton.disabled = false;
  }

  undo() {
    const memory = this.history.pop();
    if (!memory) return;
    this.undoButton.disabled = !this.history.length;
    this.picture.restore(memory.picture);
    this.truth = memory.truth;
    this.models.forEach((model, m) => {
      Object.values(model.edits).forEach((edit, e) => {
        edit.factors.set(memory.gates[m][e][0]);
        edit.fixed.set(memory.gates[m][e][1]);
      });
      model.restart();
      model.dirty = true;
    });
    this.#showSliders();
    this.pictureChanged();
  }

  resetAll() {
    this.remember();
    this.#stopCamera();
    this.picture.reset();
    for (const model of this.models) {
      for (const edit of Object.values(model.edits)) edit.resetAll();
      model.restart();
      model.dirty = true;
    }
    this.#showSliders();
    this.pictureChanged();
  }

  // --- the loop ------------------------------------------------------------------------------------

  /** Draw at the display's next frame; without a change nothing is computed. */
  wake() {
    if (this.asked || this.stopped) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      if (this.stopped || !this.root.isConnected) return this.stop();
      const seen = this.camera.on && this.camera.look();
      if (seen) {
        this.picture.base.set(seen);
        this.pictureDirty = true;
      }
      const start = performance.now();
      this.#frame();
      this.work.push(performance.now() - start);
      if (this.work.length > 600) this.work.splice(0, 300);
      if (this.camera.on || this.models.some((model) => model.dirty)) this.wake();
    });
  }

  #frame() {
    const { picture, models, screen } = this;
    if (this.pictureDirty) {
      picture.compose();
      for (const model of models) model.setPicture(picture);
      this.pictureDirty = false;
    }
    this.#drawPicture(screen);
    let waiting = models.filter((model) => model.dirty);
    if (waiting.length > 1 && this.#slow()) { // in turns
      this.turn = ((this.turn ?? 0) + 1) % waiting.length;
      waiting = [waiting[this.turn]];
    }
    const shown = this.#shownStages();
    for (const model of waiting) {
      model.compute();
      model.drawAnswer(picture, this.truth);
      for (const stage of shown) {
        const { grid, output } = model.stages[stage];
        model.stages[stage].most = grid.measure(model.net.layer(output).data);
      }
      model.dirty = false;
    }
    if (waiting.length) {
      for (const stage of shown) {
        let most = 0;
        for (const model of models) most = Math.max(most, model.stages[stage].most ?? 0);
        for (const model of models) {
          if (model.top === undefined) continue; // its first turn is still to come
          model.drawStage(stage, this.oneScale ? most : model.stages[stage].most, picture);
        }
      }
      this.frames++;
      this.#tellSoon();
    } else if (this.pointerMoved) {
      for (const model of models) for (const stage of shown) model.drawPointed(stage);
    }
    this.pointerMoved = false;
  }

  #slow() {
    const last = this.work.slice(-15).sort((a, b) => a - b);
    return last.length === 15 && last[7] > SLOW;
  }

  #shownStages() {
    const all = this.models[0].stages.map((_, i) => i);
    return this.stage === "all" ? all : all.filter((i) => this.models[0].stages[i].name === this.stage);
  }

  /** The sentence and the faders' values: once a second at most, for those who listen. */
  #tellSoon() {
    if (this.telling) return;
    const wait = Math.max(0, 1000 - (performance.now() - (this.told ?? -1000)));
    this.telling = setTimeout(() => {
      this.telling = 0;
      this.told = performance.now();
      const text = story(this.models, this.picture, this.words);
      if (this.line.textContent !== text) this.line.textContent = text;
      for (const model of this.models) for (const s of this.#shownStages()) model.stages[s].faders.tellAll();
    }, Math.max(120, wait));
  }

  stop() {
    this.stopped = true;
    cancelAnimationFrame(this.asked);
    clearTimeout(this.telling);
    this.#stopCamera();
    this.watch.disconnect();
    document.removeEventListener("visibilitychange", this.onHidden);
  }

  // --- the page ------------------------------------------------------------------------------------

  get ink() {
    return getComputedStyle(this.root).color;
  }

  #build() {
    const { words, models, root } = this;
    this.line = element("p", { className: "story", role: "status", ariaLive: "polite" },
      words.nothing_changed);
    const stages = [...models[0].stages.map((stage) => stage.name), "all"];
    const stageButtons = element("div", { className: "segments", role: "group", ariaLabel: words.stage },
      ...stages.map((name) => element("button", {
        type: "button", ariaPressed: String(name === this.stage),
        onclick: (event) => {
          this.stage = name;
          for (const button of event.currentTarget.parentNode.children) button.ariaPressed = "false";
          event.currentTarget.ariaPressed = "true";
          this.#showStages();
          this.redraw();
        },
      }, name === "all" ? words.all : fill(words.stage_number, { stage: name }))));
    const methods = element("select", {
      ariaLabel: words.heat_map,
      onchange: (event) => { this.method = event.currentTarget.value; this.redraw(); },
    }, ...Object.keys(CAMS).map((name) => element("option", { value: name }, words[`cam_${name}`])));
    const scale = element("input", {
      type: "checkbox", checked: true,
      onchange: () => { this.oneScale = scale.checked; this.redraw(); },
    });
    this.rows = models[0].stages.map((_, i) => element("div", { className: "models" },
      ...models.flatMap((model) => (model.stages[i] ? [model.stages[i].root] : []))));
    root.style.setProperty("--models", models.length);
    root.replaceChildren(
      element("div", { className: "left" }, this.#buildPicture(), this.#buildTools(), this.#buildStrip()),
      element("div", { className: "right" },
        this.line,
        element("div", { className: "models heads" }, ...models.map((model) => model.head)),
        element("div", { className: "row" }, stageButtons,
          element("label", { className: "check" }, scale, words.one_scale),
          element("label", { className: "method" }, words.heat_map, methods)),
        ...this.rows,
        element("p", { className: "hint" }, words.hint)));
    root.onkeydown = (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); this.undo(); }
    };
    this.#showStages();
  }

  #showStages() {
    const shown = this.#shownStages();
    this.rows.forEach((row, i) => { row.hidden = !shown.includes(i); });
  }

  #measureAgain() {
    for (const model of this.models) for (const stage of model.stages) stage.faders.room = 0;
    this.redraw();
  }

  #buildPicture() {
    const { words } = this;
    this.screen = pixelCanvas(SIDE, SIDE, words.picture,
      { role: "application", tabIndex: 0, className: "picture" });
    const { canvas } = this.screen;
    let last = null;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.remember();
      last = pixelAt(event, canvas, SIDE, SIDE);
      this.#use(last, last);
    };
    canvas.onpointermove = (event) => {
      if (!last) return;
      const at = pixelAt(event, canvas, SIDE, SIDE);
      this.#use(last, at);
      last = at;
    };
    canvas.onpointerup = canvas.onpointercancel = () => { last = null; };
    canvas.onkeydown = (event) => this.#keyOnPicture(event);
    return element("div", { className: "frame" }, canvas);
  }

  /** The tool in hand goes from one pixel of the picture to another. */
  #use([x0, y0], [x, y]) {
    const { picture } = this;
    if (this.tool === "patch") picture.placePatch(x + 0.5, y + 0.5, this.size);
    if (this.tool === "shift") {
      picture.shift[0] = Math.max(-SIDE, Math.min(SIDE, picture.shift[0] + x - x0));
      picture.shift[1] = Math.max(-SIDE, Math.min(SIDE, picture.shift[1] + y - y0));
    }
    if (this.tool === "brush" || this.tool === "eraser") {
      const colour = this.tool === "brush" ? this.colour : null;
      const steps = Math.max(1, Math.abs(x - x0), Math.abs(y - y0));
      const thick = Math.max(1, this.size / 2);
      for (let i = 1; i <= steps; i++) {
        picture.dab(x0 + ((x - x0) * i) / steps, y0 + ((y - y0) * i) / steps, thick, colour);
      }
    }
    this.pictureChanged();
  }

  #keyOnPicture(event) {
    const step = ARROWS[event.key], { picture } = this;
    if (event.key === "Delete" || event.key === "Backspace") {
      this.remember();
      picture.patch = null;
      this.pictureChanged();
    }
    if (!step) return;
    event.preventDefault();
    this.remember();
    if (this.tool === "shift") {
      this.#use([0, 0], step);
    } else {
      const { x, y } = picture.patch ?? { x: (SIDE - this.size) / 2, y: (SIDE - this.size) / 2 };
      const middle = this.size / 2;
      picture.placePatch(x + step[0] + middle, y + step[1] + middle, this.size);
      this.pictureChanged();
    }
  }

  #drawPicture({ pixels, show }) {
    const rgb = this.picture.pixels;
    for (let i = 0, at = 0; i < PLACES; i++, at += 3) {
      pixels[i] = (0xff000000 | (rgb[at + 2] << 16) | (rgb[at + 1] << 8) | rgb[at]) >>> 0;
    }
    show();
  }

  #buildTools() {
    const { words, picture } = this;
    const tools = ["patch", "brush", "eraser", "shift"].map((tool) =>
      iconButton(tool, words[`tool_${tool}`], (event) => {
        this.tool = tool;
        for (const button of event.currentTarget.parentNode.children) button.ariaPressed = "false";
        event.currentTarget.ariaPressed = "true";
      }, { ariaPressed: String(tool === this.tool) }));
    this.undoButton = iconButton("undo", words.undo, () => this.undo(), { disabled: true });
    this.cameraButton = iconButton("camera", words.camera, () => this.#toggleCamera(),
      { ariaPressed: "false", disabled: !Camera.available });
    this.flipButton = iconButton("flip", words.flip, () => this.#cameraSafely(() => this.camera.flip()),
      { hidden: true });
    const start = () => this.remember();
    this.sliders = {
      size: slider(words.size, { min: 2, max: 20, value: this.size }, (size) => {
        this.size = size;
        const { patch } = picture;
        if (!patch || this.tool !== "patch") return;
        picture.placePatch(patch.x + patch.size / 2, patch.y + patch.size / 2, size);
        this.pictureChanged();
      }, start),
      noise: slider(words.noise, { min: 0, max: 100, value: 0 },
        (noise) => { picture.noise = noise; this.pictureChanged(); }, start),
      brightness: slider(words.brightness, { min: -100, max: 100, value: 0, show: (v) => `${v}%` },
        (light) => { picture.brightness = light; this.pictureChanged(); }, start),
    };
    const colour = element("input", {
      type: "color", value: "#dc2828", ariaLabel: words.brush_colour, title: words.brush_colour,
      oninput: () => { this.colour = [1, 3, 5].map((i) => parseInt(colour.value.slice(i, i + 2), 16)); },
    });
    this.note = element("p", { className: "hint" }, Camera.available ? "" : words.camera_needs);
    return element("div", { className: "tools" },
      element("div", { className: "row", role: "group", ariaLabel: words.tools }, ...tools, colour),
      ...Object.values(this.sliders),
      element("div", { className: "row" }, this.undoButton,
        iconButton("reset", words.reset, () => this.resetAll()), this.cameraButton, this.flipButton),
      this.note);
  }

  #showSliders() {
    this.sliders.noise.show(this.picture.noise);
    this.sliders.brightness.show(this.picture.brightness);
  }

  #toggleCamera() {
    if (this.camera.on) return this.#stopCamera();
    this.remember();
    this.#cameraSafely(() => this.camera.start());
  }

  async #cameraSafely(act) {
    try {
      await act();
    } catch {
      this.note.textContent = this.words.camera_refused;
      return this.#stopCamera();
    }
    if (this.stopped || document.hidden) return this.#stopCamera();
    this.ghosts = false; // there is no answer before, for every picture is new
    this.truth = null;
    this.cameraButton.ariaPressed = "true";
    this.flipButton.hidden = false;
    this.note.textContent = this.words.camera_note;
    this.wake();
  }

  #stopCamera() {
    if (!this.camera.on && this.cameraButton.ariaPressed !== "true") return;
    this.camera.stop();
    this.cameraButton.ariaPressed = "false";
    this.flipButton.hidden = true;
    this.choose({ name: "", label: null, pixels: this.picture.base.slice() });
  }

  #buildStrip() {
    this.strip = element("div", { className: "strip", role: "group", ariaLabel: this.words.samples },
      ...this.header.pictures.map((entry) => {
        const rgb = this.part(entry.at);
        const thumb = pixelCanvas(SIDE, SIDE, "", { ariaHidden: "true" });
        for (let i = 0; i < PLACES; i++) {
          thumb.pixels[i] = (0xff000000 | (rgb[3 * i + 2] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i]) >>> 0;
        }
        thumb.show();
        return element("button", {
          type: "button", ariaLabel: this.settings.pictures[entry.name], ariaPressed: "false",
          title: this.settings.pictures[entry.name], "data-name": entry.name,
          onclick: () => {
            this.remember();
            this.camera.stop();
            this.cameraButton.ariaPressed = "false";
            this.choose({ name: entry.name, label: entry.label, pixels: rgb });
          },
        }, thumb.canvas);
      }));
    return this.strip;
  }
}
