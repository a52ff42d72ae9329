"use strict";

const SLOW = 50; // milliseconds of work a frame above which the models take turns

/** The page Live: one picture under the hand, and what several networks make of it. */
class Lab {
  /**
   * @param root      where it is drawn; gets the property `lab`
   * @param content   unpacked payload: {header: {models, pictures, colours}, part}
   * @param settings  {words, titles, classes (of each model by name), pictures (titles),
   *                  chosen: {name, label, pixels}}, and where it is a part of another page
   *                  {stage: the only one shown, without the picture's tools; gates: how they stand
   *                  at first, see `setGates`; told(state): called when a hand has moved gates}
   */
  constructor(root, content, settings) {
    const { header, part } = content;
    Object.assign(this, { root, header, part, settings, words: settings.words });
    this.colours = colourTable(header.colours);
    this.veil = veilTable(header.veil);
    this.kernels = fastestKernels();
    this.picture = new EditablePicture();
    this.history = new UndoHistory(this);
    this.work = []; // milliseconds of the last frames
    this.frames = 0;
    this.pointed = null; // {stage, channel}
    this.explained = -1; // the class whose heat map is drawn; -1: the predicted one
    this.method = "grad_cam";
    this.stage = settings.stage ?? header.models[0].stages[0].name;
    this.oneScale = true;
    this.ghosts = true;
    this.truth = null;
    this.models = header.models.map((entry) => new ModelView(entry, part, this));
    this.view = settings.stage ? null : new PictureView(this);
    this.#build();
    root.lab = this;
    this.stopped = false;
    this.onHidden = () => { if (document.hidden) this.view?.stopCamera(); };
    document.addEventListener("visibilitychange", this.onHidden);
    this.watch = new ResizeObserver(() => this.#measureAgain());
    this.watch.observe(root);
    this.seen = new IntersectionObserver((entries) => this.#see(entries), { rootMargin: "100px" });
    for (const model of this.models) for (const stage of model.stages) this.seen.observe(stage.root);
    if (settings.gates) this.setGates(settings.gates);
    this.choose(settings.chosen);
  }

  // --- for checks and pages around it --------------------------------------------------------------

  #model(model) {
    return this.models[model] ?? this.models.find((m) => m.name === model);
  }

  /** Multiply a slider of a gate by `factor`; `model` is a number or a name. */
  setGate(model, gate, channel, factor) {
    const view = this.#model(model);
    view.edits[gate].scale(channel, factor);
    view.net.setEdit(gate, view.edits[gate]);
    this.changed(view);
  }

  /**
   * How all gates stand: {model's name: {gate: {factors: {channel: factor}, base: [weights]}}}. What
   * is not named stands as the network has it; `base` takes the place of the network's own weights,
   * and may be the name of a layer whose maps do.
   */
  setGates(gates) {
    for (const model of this.models) {
      for (const [gate, edit] of Object.entries(model.edits)) {
        const { factors = {}, base = null } = gates[model.name]?.[gate] ?? {};
        edit.resetAll();
        edit.base = typeof base === "string"
          ? model.net.layer(base).data : base && Float32Array.from(base);
        for (const [channel, factor] of Object.entries(factors)) edit.scale(Number(channel), factor);
      }
      model.restart();
      model.dirty = true;
    }
    this.wake();
  }

  /** Show another picture, RGB, 32 × 32, as it is. */
  setPicture(pixels) {
    this.choose({ name: "", label: null, pixels });
  }

  /**
   * What another page can take along: the picture if something was done to it, and the gate that was
   * touched last, as factors of its channels, or of its positions (`places`): {name, pixels or null,
   * model, stage, gate, factors, places}.
   */
  get state() {
    const pixels = this.picture.changes.length || !this.name ? this.picture.pixels : null;
    const { model, stage, gate } = this.touched
      ?? { model: this.models.find((m) => m.gated) ?? this.models[0], stage: this.stage, gate: null };
    const edit = gate && model.edits[gate], factors = edit ? edit.asFactors() : {};
    const shown = stage === "all" ? model.stages[0].name : stage;
    const places = Boolean(edit?.spatial);
    return { name: this.name, pixels, model: model.name, stage: shown, gate, factors, places };
  }

  /** Go on where another page over the same networks was: after a change of language, say. */
  resume(other) {
    this.history.states = other.history.states;
    this.picture.restore(other.picture.remember());
    this.truth = other.truth;
    this.name = other.name;
    this.models.forEach((model, m) => {
      const before = other.models[m];
      model.before.set(before.before);
      for (const [gate, edit] of Object.entries(model.edits)) edit.restore(before.edits[gate]);
      model.restart();
    });
    this.view?.update();
    this.pictureChanged();
  }

  // --- what happened -------------------------------------------------------------------------------

  /** A picture that nothing was done to: {name, label, pixels}. Gates stay as they are. */
  choose({ name, label, pixels }) {
    this.picture.reset();
    this.picture.base.set(pixels);
    this.truth = label;
    this.name = name;
    this.picture.compose();
    for (const model of this.models) {
      model.setPicture(this.picture);
      model.settle();
    }
    this.ghosts = true;
    this.view?.draw();
    this.view?.update();
    this.view?.mark(name);
    this.wake();
  }

  /** The camera is on. */
  filming() {
    this.ghosts = false; // there is no answer before, for every picture is new
    this.truth = null;
    this.name = "";
    this.wake();
  }

  pictureChanged() {
    this.pictureDirty = true;
    this.wake();
  }

  /** A gate of the model was moved: its answer comes at once, all else with the next frame. */
  changed(model, stage, gate) {
    if (gate) this.touched = { model, stage, gate };
    this.moved = true;
    model.dirty = true;
    if (!this.asked && !this.pictureDirty) model.answer(this.truth);
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
    this.history.remember();
    this.view?.update();
  }

  undo() {
    if (!this.history.undo()) return;
    this.moved = true;
    this.view?.update();
    this.redraw();
    this.pictureChanged();
  }

  resetAll() {
    this.remember();
    this.view?.stopCamera();
    this.picture.reset();
    for (const model of this.models) {
      for (const edit of Object.values(model.edits)) edit.resetAll();
      model.restart();
    }
    this.view?.update();
    this.redraw();
    this.pictureChanged();
  }

  // --- the loop ------------------------------------------------------------------------------------

  /** Draw at the display's next frame; without a change nothing is computed. */
  wake() {
    if (this.asked || this.stopped) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      if (this.stopped || !this.root.isConnected) return this.stop();
      const camera = this.view?.camera, seen = camera?.on && camera.look();
      if (seen) {
        this.picture.base.set(seen);
        this.pictureDirty = true;
      }
      const start = performance.now();
      this.#frame();
      this.work.push(performance.now() - start);
      if (this.work.length > 600) this.work.splice(0, 300);
      if (camera?.on || this.models.some((model) => model.dirty)) this.wake();
    });
  }

  #frame() {
    const { picture, models } = this;
    if (this.pictureDirty) {
      picture.compose();
      for (const model of models) model.setPicture(picture);
      this.pictureDirty = false;
      this.view?.draw();
    }
    let waiting = models.filter((model) => model.dirty);
    if (waiting.length > 1 && this.#slow()) { // in turns
      this.turn = ((this.turn ?? 0) + 1) % waiting.length;
      waiting = [waiting[this.turn]];
    }
    for (const model of waiting) model.answer(this.truth);
    for (const model of waiting) {
      model.drawHeat(picture);
      model.dirty = false;
    }
    const shown = this.#shownStages();
    if (waiting.length) {
      for (const stage of shown) {
        let most = 0;
        for (const model of models) most = Math.max(most, model.measureStage(stage));
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
    const wait = Math.max(0, 1000 - (performance.now() - (this.said ?? -1000)));
    this.telling = setTimeout(() => {
      this.telling = 0;
      this.said = performance.now();
      const text = story(this.models, this.picture, this.words);
      if (this.line.textContent !== text) this.line.textContent = text;
      for (const model of this.models) for (const s of this.#shownStages()) model.stages[s].faders.tellAll();
    }, Math.max(120, wait));
  }

  stop() {
    this.stopped = true;
    cancelAnimationFrame(this.asked);
    clearTimeout(this.telling);
    this.view?.stopCamera();
    this.watch.disconnect();
    this.seen.disconnect();
    document.removeEventListener("visibilitychange", this.onHidden);
  }

  // --- the page ------------------------------------------------------------------------------------

  get ink() {
    return getComputedStyle(this.root).color;
  }

  #build() {
    const { words, models, root, settings } = this;
    this.line = element("p", { className: "story", role: "status", ariaLive: "polite" },
      words.nothing_changed);
    this.rows = models[0].stages.map((_, i) => element("div", { className: "models" },
      ...models.flatMap((model) => (model.stages[i] ? [model.stages[i].root] : []))));
    root.style.setProperty("--models", models.length);
    root.classList.toggle("part", !this.view);
    root.replaceChildren(...(this.view ? [this.view.root] : []),
      element("div", { className: "right" },
        this.line,
        element("div", { className: "models heads" }, ...models.map((model) => model.head)),
        ...(this.view ? [this.#buildChoices()] : []),
        ...this.rows,
        ...this.#buildWaysOn(),
        element("p", { className: "hint" }, words.hint)));
    root.onkeydown = (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); this.undo(); }
    };
    if (settings.told) {
      const told = () => { // a hand has let go
        if (!this.moved) return;
        this.moved = false;
        settings.told(this.state);
      };
      root.onpointerup = root.onkeyup = root.onclick = root.ondblclick = told;
    }
    this.#showStages();
  }

  /** Which stage, which heat map, which colour scale. */
  #buildChoices() {
    const { words } = this, stages = [...this.models[0].stages.map((stage) => stage.name), "all"];
    const stageButtons = element("div", { className: "segments", role: "group", ariaLabel: words.stage },
      ...stages.map((name) => element("button", {
        type: "button", ariaPressed: String(name === this.stage),
        onclick: (event) => {
          this.stage = name;
          pressOnly(event.currentTarget);
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
    return element("div", { className: "row" }, stageButtons,
      element("label", { className: "check" }, scale, words.one_scale),
      element("label", { className: "method" }, words.heat_map, methods));
  }

  /** Buttons to other pages, which take the state along: `settings.ways` are their titles by name. */
  #buildWaysOn() {
    const { words, settings } = this, ways = Object.entries(settings.ways ?? {});
    if (!ways.length) return [];
    return [element("div", { className: "row", role: "group", ariaLabel: words.take_along },
      element("strong", {}, words.take_along),
      ...ways.map(([page, title]) => element("button", {
        type: "button", onclick: () => settings.take(page, this.state),
      }, title)))];
  }

  #showStages() {
    const shown = this.#shownStages();
    this.rows.forEach((row, i) => { row.hidden = !shown.includes(i); });
  }

  /** Stages that nobody sees are computed, not drawn. */
  #see(entries) {
    const stages = this.models.flatMap((model) => model.stages);
    for (const { target, isIntersecting } of entries) {
      stages.find((stage) => stage.root === target).visible = isIntersecting;
    }
    this.redraw();
  }

  #measureAgain() {
    for (const model of this.models) for (const stage of model.stages) stage.faders.room = 0;
    this.redraw();
  }
}
