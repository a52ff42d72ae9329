"use strict";

/** The kernel that computes a channel: mid-grey is 0, brighter is positive, darker negative. */
class KernelTile {
  /** @param weight  of a convolution, {shape: [outputs, inputs, height, width], data} */
  constructor(weight, label, title) {
    this.weight = weight;
    const [, inputs, height, width] = weight.shape;
    this.coloured = inputs === 3; // the first layer sees red, green and blue: one tile in colours
    this.tiles = this.coloured ? 1 : inputs;
    this.columns = Math.min(this.tiles, 16);
    const rows = Math.ceil(this.tiles / this.columns);
    this.picture = pixelCanvas(this.columns * (width + 1) - 1, rows * (height + 1) - 1, label,
      { className: "kernel" });
    this.picture.canvas.style.width = `${this.picture.width * (this.coloured ? 10 : 2)}px`;
    this.root = element("div", { className: "row detail", hidden: true }, title, this.picture.canvas);
    this.drawn = -1;
  }

  /** The last convolution of the graph before the module `attention`, where it makes `channels`. */
  static before(net, attention, channels) {
    const { nodes, modules } = net.graph;
    for (let i = nodes.findIndex((node) => node.name === modules[attention]); i >= 0; i--) {
      const name = nodes[i].op === "conv2d" ? nodes[i].inputs[1].slice(1) : attention;
      if (name.startsWith(attention)) continue; // a convolution of the module itself
      return net.weights[name].shape[0] === channels ? net.weights[name] : null;
    }
    return null;
  }

  draw(channel) {
    if (channel === this.drawn) return;
    this.drawn = channel;
    const { data, shape: [, inputs, height, width] } = this.weight, { pixels } = this.picture;
    const size = height * width, start = channel * inputs * size;
    let most = 1e-12;
    for (let i = start; i < start + inputs * size; i++) most = Math.max(most, Math.abs(data[i]));
    const level = (input, place) => Math.round(127.5 + (127.5 * data[start + input * size + place]) / most);
    for (let t = 0; t < this.tiles; t++) {
      const left = (t % this.columns) * (width + 1), top = Math.floor(t / this.columns) * (height + 1);
      for (let place = 0; place < size; place++) {
        const [r, g, b] = [0, 1, 2].map((c) => level(this.coloured ? c : t, place));
        const at = (top + Math.floor(place / width)) * this.picture.width + left + (place % width);
        pixels[at] = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
      }
    }
    this.picture.show();
  }
}
