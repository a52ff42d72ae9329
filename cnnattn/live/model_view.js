"use strict";

/** A network with what is drawn of it: its answer, its heat map, its stages. */
class ModelView {
  /** @param entry  the network's entry in the header; @param lab  what all models share */
  constructor(entry, part, lab) {
    Object.assign(this, { entry, lab, name: entry.name, frames: 0, dirty: true });
    this.net = new Network(entry.graph, unpackWeights(entry.weights, part), lab.kernels);
    this.input = new Float32Array(3 * PLACES);
    this.classes = lab.settings.classes[entry.name];
    this.title = lab.settings.titles[entry.name];
    this.logits = this.net.logits;
    this.probabilities = new Float32Array(this.classes.length);
    this.before = new Float32Array(this.classes.length);
    this.edits = {};
    const last = entry.stages.at(-1).output;
    const [, channels, height, width] = this.net.layer(last).shape;
    this.last = { layer: last, channels, places: height * width };
    this.map = new Float32Array(height * width);
    this.overlay = new Overlay(height, width, lab.veil, fill(lab.words.heat_map_of, { model: this.title }));
    this.stages = entry.stages.map((stage) => this.#stage(stage));
    this.#buildHead();
  }

  /** Whether it has gates. */
  get gated() {
    return this.entry.stages.some((stage) => stage.gates.length > 0);
  }

  // --- what can be changed -------------------------------------------------------------------------

  #edit(gate) {
    const edit = new GateEdit(this.net.layer(gate).shape);
    this.edits[gate] = edit;
    this.net.setEdit(gate, edit);
    return edit;
  }

  #hooks(stage, gate) {
    const { lab, entry } = this;
    return {
      words: lab.words, colour: entry.colour, veil: lab.veil, ink: () => lab.ink,
      remember: () => lab.remember(),
      changed: () => {
        this.net.setEdit(gate, this.edits[gate]);
        lab.changed(this, stage.name, gate);
      },
      point: (channel) => lab.point(channel < 0 ? null : { stage: stage.name, channel }),
      redraw: () => { this.dirty = true; lab.wake(); },
    };
  }

  #stage(stage) {
    const { words } = this.lab;
    const about = { model: this.title, stage: stage.name };
    const shape = this.net.layer(stage.output).shape;
    const view = { name: stage.name, output: stage.output, maps: [], faders: null, visible: true, run: 0, most: 0, drawn: {} };
    let faded = null; // the module whose output the faders move
    const only = this.lab.settings.gate; // the one that can be moved, on a page that is about it
    for (const gate of stage.gates) {
      const gateShape = this.net.layer(gate).shape;
      if (only && gate !== only && !gate.endsWith("affinity")) {
        this.#edit(gate);
      } else if (gate.endsWith("affinity")) {
        const label = fill(words.affinity_of, about);
        view.maps.push([gate, new AffinityMap(gateShape, shape, label, this.#hooks(stage, gate))]);
      } else if (gateShape[1] === 1) {
        const map = new PlaceMap(this.#edit(gate), gateShape, fill(words.places_of, about),
          this.#hooks(stage, gate));
        view.maps.push([gate, map]);
      } else {
        faded = gate;
        view.faders = new Equaliser(this.#edit(gate), "weight", fill(words.gates_of, about),
          this.#hooks(stage, gate));
      }
    }
    if (!view.faders) { // no weight a channel: then what goes on of each channel can be turned down
      faded = stage.attention;
      view.faders = new Equaliser(this.#edit(faded), "factor", fill(words.factors_of, about),
        this.#hooks(stage, faded));
    }
    view.faders.gate = faded;
    view.grid = new ChannelGrid(shape, this.lab.colours, fill(words.grid_of, about));
    view.mark = element("span", { className: "mark box", hidden: true });
    view.detail = element("p", { className: "detail" });
    const kernel = KernelTile.before(this.net, stage.attention, shape[1]);
    view.kernel = kernel && new KernelTile(kernel, fill(words.kernel_of, about), words.kernel);
    view.root = this.#buildStage(view, shape);
    return view;
  }

  #buildStage(view, shape) {
    const { lab } = this, { words } = lab, { canvas } = view.grid.picture;
    const button = (label, act) => element("button", {
      type: "button", ariaLabel: `${label} (${view.faders.label})`,
      onclick: () => {
        lab.remember();
        act();
        this.restart();
        lab.changed(this, view.name, view.faders.gate);
      },
    }, label);
    canvas.addEventListener("pointermove", (event) => {
      const channel = view.grid.channelAt(event);
      lab.point(channel < 0 ? null : { stage: view.name, channel });
    });
    canvas.addEventListener("pointerleave", () => lab.point(null));
    return element("section", { className: "stage" },
      element("div", { className: "row" },
        element("strong", {}, view.faders.kind === "weight" ? words.gates : words.factors),
        button(words.all_one, () => view.faders.allOne()),
        button(words.shuffle, () => view.faders.shuffle()),
        button(words.own_gates, () => {
          view.faders.edit.resetAll();
          for (const [, map] of view.maps) map.edit?.resetAll();
        })),
      view.faders.root,
      ...view.maps.map(([, map]) => map.root),
      element("div", { className: "marked" }, canvas, view.mark),
      element("div", { className: "details" }, view.detail,
        ...(view.kernel ? [view.kernel.root] : [])));
  }

  #buildHead() {
    const { entry, lab } = this, { words } = lab;
    this.verdict = element("p", { className: "verdict" });
    this.bars = this.classes.map((label, number) => {
      const bar = { fill: element("i"), ghost: element("b"), number: element("output"), said: {} };
      bar.root = element("button", {
        type: "button", className: "bar", ariaPressed: "false", title: words.explain,
        onclick: () => lab.explain(number),
      }, element("span", {}, label), element("span", { className: "track" }, bar.ghost, bar.fill),
      bar.number);
      return bar;
    });
    const name = element("h3", {}, element("span", { className: "dot" }), this.title);
    this.head = element("section", { className: "head" }, name, this.verdict,
      element("div", { className: "answer" },
        element("div", { className: "bars" }, ...this.bars.map((bar) => bar.root)),
        element("figure", {}, this.overlay.picture.canvas)));
    for (const part of [this.head, ...this.stages.map((stage) => stage.root)]) {
      part.style.setProperty("--model", entry.colour);
    }
  }

  // --- computing -----------------------------------------------------------------------------------

  restart() {
    for (const [gate, edit] of Object.entries(this.edits)) this.net.setEdit(gate, edit);
  }

  setPicture(picture) {
    picture.normalise(this.entry.mean, this.entry.deviation, this.input);
    this.net.setInput(this.input);
    this.dirty = true;
  }

  /** Take the answer to the picture as it is now, with no gate touched, as the one before. */
  settle() {
    const active = Object.values(this.edits).some((edit) => edit.active);
    if (active) for (const gate of Object.keys(this.edits)) this.net.setEdit(gate, null);
    this.#softmax(this.net.run(), this.before);
    if (active) this.restart();
    this.dirty = true;
  }

  #softmax(logits, into) {
    let most = -Infinity, sum = 0;
    for (let i = 0; i < logits.length; i++) if (logits[i] > most) most = logits[i];
    for (let i = 0; i < logits.length; i++) sum += into[i] = Math.exp(logits[i] - most);
    for (let i = 0; i < logits.length; i++) into[i] /= sum;
  }

  // --- drawing -------------------------------------------------------------------------------------

  /** Compute what has changed, and draw the answer; the maps, which take longer, are not drawn. */
  answer(truth) {
    this.#softmax(this.net.run(), this.probabilities);
    this.top = topOf(this.probabilities);
    this.#drawBars();
    this.#drawVerdict(truth);
  }

  #drawBars() {
    const { lab, top, probabilities, before } = this;
    for (let number = 0; number < this.bars.length; number++) {
      const bar = this.bars[number], { said } = bar;
      const width = Math.round(1000 * probabilities[number]);
      const ghost = lab.ghosts ? Math.round(1000 * before[number]) : 0;
      const isTop = number === top, isExplained = number === lab.explained;
      if (width !== said.width) bar.fill.style.transform = `scaleX(${width / 1000})`;
      if (ghost !== said.ghost) bar.ghost.style.transform = `scaleX(${ghost / 1000})`;
      const text = percent(probabilities[number]);
      if (text !== said.text) bar.number.textContent = text;
      if (isTop !== said.isTop) bar.root.classList.toggle("top", isTop);
      if (isExplained !== said.isExplained) bar.root.ariaPressed = String(isExplained);
      Object.assign(said, { width, ghost, text, isTop, isExplained });
    }
  }

  #drawVerdict(truth) {
    const { lab, top, probabilities } = this;
    const known = truth !== null && truth < this.classes.length;
    const right = top === truth, answer = { class: this.classes[top], share: percent(probabilities[top]) };
    const judged = right ? { mark: "✓", word: lab.words.right } : { mark: "✗", word: lab.words.wrong };
    const verdict = known ? fill(lab.words.verdict, { ...judged, ...answer })
      : `${answer.class} ${answer.share}`;
    if (verdict !== this.said) this.verdict.textContent = this.said = verdict;
    const className = `verdict ${known ? (right ? "right" : "wrong") : ""}`;
    if (this.verdict.className !== className) this.verdict.className = className;
  }

  /** The heat map of the class that is explained, over the picture. */
  drawHeat(picture) {
    const { lab, top } = this;
    const target = lab.explained < this.classes.length && lab.explained >= 0 ? lab.explained : top;
    const { layer, channels, places } = this.last;
    const A = this.net.layer(layer).data, g = this.net.gradient(layer, target);
    CAMS[lab.method](A, g, channels, places, this.map);
    let most = 0;
    for (let i = 0; i < places; i++) if (this.map[i] > most) most = this.map[i];
    this.overlay.draw(this.map, most, picture.pixels);
    this.frames++;
  }

  /** The end of a stage's colour scale, measured again when its maps were computed again. */
  measureStage(index) {
    const stage = this.stages[index], layer = this.net.layer(stage.output);
    if (layer.run !== stage.run) {
      stage.most = stage.grid.measure(layer.data);
      stage.run = layer.run;
    }
    return stage.most;
  }

  /** What is new of a stage, where somebody sees it. */
  drawStage(index, most, picture) {
    const stage = this.stages[index], layer = this.net.layer(stage.output), { drawn } = stage;
    if (!stage.visible) return;
    if (layer.run !== drawn.run || most !== drawn.most) {
      stage.grid.draw(layer.data, most);
      [drawn.run, drawn.most] = [layer.run, most];
    }
    for (const [gate, map] of stage.maps) map.draw(this.net.layer(gate).data, picture.pixels);
    this.drawPointed(index);
  }

  /** The channel that is pointed at, in whichever model: its tile, its fader, its numbers. */
  drawPointed(index) {
    const stage = this.stages[index], { pointed, words } = this.lab;
    const here = pointed && pointed.stage === stage.name && pointed.channel < stage.grid.channels;
    const channel = here ? pointed.channel : -1;
    stage.faders.pointed = channel;
    stage.faders.draw(this.net.layer(stage.faders.gate).run);
    stage.mark.hidden = !here;
    if (stage.kernel) stage.kernel.root.hidden = !here;
    if (!here) {
      if (stage.detail.textContent) stage.detail.textContent = "";
      return;
    }
    stage.kernel?.draw(channel);
    const style = stage.mark.style;
    [style.left, style.top, style.width, style.height] = stage.grid.box(channel);
    stage.detail.textContent = fill(words.detail, {
      channel, weight: stage.faders.value(channel).toFixed(2),
      mean: this.#mean(stage.output, channel).toFixed(3),
      share: index === this.stages.length - 1 ? this.#share(channel) : "",
    });
  }

  #mean(layer, channel) {
    const { data, shape } = this.net.layer(layer), places = shape[2] * shape[3];
    let sum = 0;
    for (let i = channel * places; i < (channel + 1) * places; i++) sum += data[i];
    return sum / places;
  }

  /** How much of Grad-CAM's sum of absolute contributions is this channel's, in words. */
  #share(channel) {
    const { layer, channels, places } = this.last;
    const A = this.net.layer(layer).data, g = this.net.layer(layer).gradient;
    let mine = 0, all = 0;
    for (let c = 0; c < channels; c++) {
      let a = 0, w = 0;
      for (let i = c * places; i < (c + 1) * places; i++) { a += A[i]; w += g[i]; }
      const contribution = Math.abs((a * w) / places);
      all += contribution;
      if (c === channel) mine = contribution;
    }
    return fill(this.lab.words.share, { share: percent(all ? mine / all : 0) });
  }
}

function topOf(numbers) {
  let top = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[top]) top = i;
  return top;
}
