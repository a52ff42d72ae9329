"use strict";

/** The picture large, the tools in hand, and the strip of pictures to choose from. */
class PictureView {
  /** @param lab  has the picture and the words; is told what is done: remember(), choose(), … */
  constructor(lab) {
    Object.assign(this, { lab, words: lab.words, picture: lab.picture });
    this.tool = "patch";
    this.size = 8; // pixels of a side of the patch, and twice the brush
    this.colour = [220, 40, 40];
    this.camera = new Camera();
    this.root = element("div", { className: "left" },
      this.#buildPicture(), this.#buildTools(), this.#buildStrip());
  }

  draw() {
    showPicture(this.screen, this.picture.pixels);
  }

  /** Bring tools and strip up to date with a picture that came otherwise than by their use. */
  update() {
    this.sliders.noise.show(this.picture.noise);
    this.sliders.brightness.show(this.picture.brightness);
    this.undoButton.disabled = this.lab.history.empty;
  }

  /** Mark the picture `name` of the strip as the one shown; none of them for another name. */
  mark(name) {
    for (const button of this.strip.children) {
      const here = button.dataset.name === name;
      button.ariaPressed = String(here);
      if (here) this.strip.scrollLeft = button.offsetLeft - this.strip.offsetLeft - 60;
    }
  }

  // --- the picture under the hand ------------------------------------------------------------------

  #buildPicture() {
    this.screen = pixelCanvas(SIDE, SIDE, this.words.picture,
      { role: "application", tabIndex: 0, className: "picture" });
    const { canvas } = this.screen;
    let last = null;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.lab.remember();
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
    canvas.onkeydown = (event) => this.#key(event);
    return element("div", { className: "frame" }, canvas);
  }

  /** The tool in hand goes from one pixel of the picture to another. */
  #use([x0, y0], [x, y]) {
    const { picture, tool } = this;
    if (tool === "patch") picture.placePatch(x + 0.5, y + 0.5, this.size);
    if (tool === "shift") picture.move(x - x0, y - y0);
    if (tool === "brush" || tool === "eraser") {
      const colour = tool === "brush" ? this.colour : null;
      const steps = Math.max(1, Math.abs(x - x0), Math.abs(y - y0));
      const thick = Math.max(1, this.size / 2);
      for (let i = 1; i <= steps; i++) {
        picture.dab(x0 + ((x - x0) * i) / steps, y0 + ((y - y0) * i) / steps, thick, colour);
      }
    }
    this.lab.pictureChanged();
  }

  #key(event) {
    const step = ARROWS[event.key], { picture, size } = this;
    const removes = event.key === "Delete" || event.key === "Backspace";
    if (!step && !removes) return;
    event.preventDefault();
    this.lab.remember();
    if (removes) {
      picture.patch = null;
    } else if (this.tool === "shift") {
      picture.move(...step);
    } else {
      const { x, y } = picture.patch ?? { x: (SIDE - size) / 2, y: (SIDE - size) / 2 };
      picture.placePatch(x + step[0] + size / 2, y + step[1] + size / 2, size);
    }
    this.lab.pictureChanged();
  }

  // --- tools ---------------------------------------------------------------------------------------

  #buildTools() {
    const { words, lab } = this;
    const tools = ["patch", "brush", "eraser", "shift"].map((tool) =>
      iconButton(tool, words[`tool_${tool}`], (event) => {
        this.tool = tool;
        pressOnly(event.currentTarget);
      }, { ariaPressed: String(tool === this.tool) }));
    this.undoButton = iconButton("undo", words.undo, () => lab.undo(), { disabled: true });
    this.cameraButton = iconButton("camera", words.camera, () => this.#toggleCamera(),
      { ariaPressed: "false", disabled: !Camera.available });
    this.flipButton = iconButton("flip", words.flip, () => this.#film(() => this.camera.flip()),
      { hidden: true });
    const colour = element("input", {
      type: "color", value: "#dc2828", ariaLabel: words.brush_colour, title: words.brush_colour,
      oninput: () => { this.colour = [1, 3, 5].map((i) => parseInt(colour.value.slice(i, i + 2), 16)); },
    });
    this.note = element("p", { className: "hint" }, Camera.available ? "" : words.camera_needs);
    return element("div", { className: "tools" },
      element("div", { className: "row", role: "group", ariaLabel: words.tools }, ...tools, colour),
      ...this.#buildSliders(),
      element("div", { className: "row" }, this.undoButton,
        iconButton("reset", words.reset, () => lab.resetAll()), this.cameraButton, this.flipButton),
      this.note);
  }

  #buildSliders() {
    const { words, picture, lab } = this;
    const start = () => lab.remember();
    this.sliders = {
      size: slider(words.size, { min: 2, max: 20, value: this.size }, (size) => {
        this.size = size;
        const { patch } = picture;
        if (!patch || this.tool !== "patch") return;
        picture.placePatch(patch.x + patch.size / 2, patch.y + patch.size / 2, size);
        lab.pictureChanged();
      }, start),
      noise: slider(words.noise, { min: 0, max: 100, value: 0 },
        (noise) => { picture.noise = noise; lab.pictureChanged(); }, start),
      brightness: slider(words.brightness, { min: -100, max: 100, value: 0, show: (v) => `${v}%` },
        (light) => { picture.brightness = light; lab.pictureChanged(); }, start),
    };
    return Object.values(this.sliders);
  }

  #buildStrip() {
    const { lab, words } = this;
    this.strip = element("div", { className: "strip", role: "group", ariaLabel: words.samples },
      ...lab.header.pictures.map(({ name, label, at }) => {
        const pixels = lab.part(at), title = lab.settings.pictures[name];
        const thumb = pixelCanvas(SIDE, SIDE, "", { ariaHidden: "true" });
        showPicture(thumb, pixels);
        return element("button", {
          type: "button", ariaLabel: title, title, ariaPressed: "false", "data-name": name,
          onclick: () => {
            lab.remember();
            this.#endFilm();
            lab.choose({ name, label, pixels });
          },
        }, thumb.canvas);
      }));
    return this.strip;
  }

  // --- camera --------------------------------------------------------------------------------------

  #toggleCamera() {
    if (this.camera.on) return this.stopCamera();
    this.lab.remember();
    this.#film(() => this.camera.start());
  }

  async #film(start) {
    try {
      await start();
    } catch {
      this.note.textContent = this.words.camera_refused;
      return this.stopCamera();
    }
    if (this.lab.stopped || document.hidden) return this.stopCamera();
    this.cameraButton.ariaPressed = "true";
    this.flipButton.hidden = false;
    this.note.textContent = this.words.camera_note;
    this.lab.filming();
  }

  #endFilm() {
    this.camera.stop();
    this.cameraButton.ariaPressed = "false";
    this.flipButton.hidden = true;
  }

  /** End the film; its last picture stays. */
  stopCamera() {
    if (!this.camera.on && this.cameraButton.ariaPressed !== "true") return;
    this.#endFilm();
    this.lab.choose({ name: "", label: null, pixels: this.picture.base.slice() });
  }
}
