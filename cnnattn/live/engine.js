"use strict";
// Runs a network that graph.py has written down: every map is kept, any layer can be edited, a run
// begins at the first change, and the gradient of any logit is there at any layer. All memory is
// reserved at the start; a run allocates nothing.

/** A value of the network: a shape, and where its numbers and their gradient lie. */
class Value {
  constructor(shape, store) {
    this.shape = shape;
    this.store = store;
    this.run = 0; // in which run of the network it was computed last
  }
  get data() { return this.store.data; }
  get gradient() { return this.store.gradient; }
  /** Whether the gradient that is being computed passes here. */
  get wanted() { return this.store.wanted; }
}

const count = (shape) => shape.reduce((product, size) => product * size, 1);

class Network {
  /**
   * @param graph    what graph.py exported
   * @param weights  {name: {shape, data}}
   * @param kernels  `fastestKernels()`, `javascriptKernels`
   */
  constructor(graph, weights, kernels = javascriptKernels) {
    this.graph = graph;
    this.values = { input: this.#reserve(graph.input) };
    this.weights = {};
    for (const name of Object.keys(weights)) {
      this.weights[name] = this.#reserve(weights[name].shape, false);
    }
    this.numbers = new Map(); // constants of the graph
    this.turned = new Map(); // kernels of convolutions with rows and columns exchanged
    this.scratch = this.#reserve([this.#scratchSize()], false);
    const ends = new Set(Object.values(graph.modules));
    for (const node of graph.nodes) this.#plan(node, ends);

    let bytes = 64; // no address is 0, which the kernels take for "no bias"
    for (const store of this.#stores) {
      store.at = bytes;
      bytes += Math.ceil(store.length / 4) * 16; // aligned for SIMD
      if (store.hasGradient) {
        store.gradientAt = bytes;
        bytes += Math.ceil(store.length / 4) * 16;
      }
    }
    this.kernels = kernels(bytes);
    for (const store of this.#stores) {
      store.data = new Float32Array(this.kernels.buffer, store.at, store.length);
      if (store.hasGradient) {
        store.gradient = new Float32Array(this.kernels.buffer, store.gradientAt, store.length);
      }
    }
    for (const name of Object.keys(weights)) this.weights[name].data.set(weights[name].data);
    for (const [number, value] of this.numbers) value.data[0] = number;
    for (const [weight, value] of this.turned) transposed(weight, value);

    this.steps = graph.nodes.map((node) => {
      const out = this.values[node.name];
      return { out, edit: null, ...OPERATIONS[node.op](node, this.#inputs(node), out, this) };
    });
    this.index = {};
    graph.nodes.forEach((node, i) => { this.index[node.name] = i; });
    this.logits = this.values[graph.output].data;
    this.paths = {}; // module -> how its gradient is computed
    this.clean = 0; // how many steps need not be computed again
    this.runs = 0;
  }

  #stores = [];

  #reserve(shape, hasGradient = true) {
    const store = { length: count(shape), hasGradient, wanted: false };
    this.#stores.push(store);
    return new Value(shape, store);
  }

  #scratchSize() {
    const sizes = this.graph.nodes
      .filter((node) => node.op === "conv2d")
      .map((node) => count(this.weights[node.inputs[1].slice(1)].shape.slice(1))
        * Math.ceil(count(node.outSize) / PANEL) * PANEL);
    return Math.max(1, ...sizes);
  }

  #plan(node, ends) {
    if (!(node.op in OPERATIONS)) throw Error(`unknown operation ${node.op}`);
    const inputs = this.#inputs(node);
    // A module's output has memory of its own, so that an edit of it changes nothing before it.
    const shares = node.op === "view" && !ends.has(node.name);
    this.values[node.name] = shares
      ? new Value(node.shape, inputs[0].store) : this.#reserve(node.shape);
    if (node.op === "conv2d" && !this.turned.has(inputs[1])) {
      const [outputs, ...rest] = inputs[1].shape;
      this.turned.set(inputs[1], this.#reserve([count(rest), outputs], false));
    }
  }

  #inputs(node) {
    return node.inputs.map((input) => {
      if (input === null) return null;
      if (typeof input === "string") {
        return (input[0] === "%" ? this.values : this.weights)[input.slice(1)];
      }
      if (!this.numbers.has(input)) this.numbers.set(input, this.#reserve([], false));
      return this.numbers.get(input);
    });
  }

  /** The output of a module, `{shape, data}`; its numbers change with every run. */
  layer(module) {
    return this.values[this.graph.modules[module]];
  }

  has(module) {
    return module in this.graph.modules;
  }

  setInput(numbers) {
    this.values.input.data.set(numbers);
    this.clean = 0;
  }

  /**
   * What happens to the output of `module` before the network goes on with it: `edit.apply(numbers,
   * shape)` changes them in place, `edit.back(gradient)` turns the gradient of the result into that
   * of the original. null: nothing. Call it again when the edit's own numbers have changed.
   */
  setEdit(module, edit) {
    const step = this.index[this.graph.modules[module]];
    this.steps[step].edit = edit;
    this.clean = Math.min(this.clean, step);
  }

  /** Compute all that has changed; returns the logits. */
  run() {
    if (this.clean < this.steps.length) this.runs++;
    for (let i = this.clean; i < this.steps.length; i++) {
      const step = this.steps[i];
      step.forward();
      step.out.run = this.runs;
      if (step.edit) step.edit.apply(step.out.data, step.out.shape);
    }
    this.clean = this.steps.length;
    return this.logits;
  }

  /** Derivative of a logit by the output of `module`, for the run before; of the same length. */
  gradient(module, logit) {
    const path = (this.paths[module] ??= this.#path(module));
    for (const step of this.steps) step.out.store.wanted = false;
    this.values.input.store.wanted = false;
    for (const store of path.stores) {
      store.wanted = true;
      store.gradient.fill(0);
    }
    const target = this.layer(module);
    const output = this.values[this.graph.output];
    if (output.wanted) output.gradient[logit] = 1;
    for (let i = path.steps.length - 1; i >= 0; i--) {
      const step = path.steps[i];
      if (step.edit) step.edit.back(step.out.gradient);
      step.backward();
    }
    return target.gradient;
  }

  /** The steps that depend on the output of `module`, and where their results lie. */
  #path(module) {
    const stores = new Set([this.layer(module).store]);
    const steps = [];
    for (let i = this.index[this.graph.modules[module]] + 1; i < this.steps.length; i++) {
      if (this.#inputs(this.graph.nodes[i]).some((value) => value && stores.has(value.store))) {
        stores.add(this.steps[i].out.store);
        steps.push(this.steps[i]);
      }
    }
    return { steps, stores: [...stores] };
  }
}

function transposed(weight, into) {
  const [rows, columns] = [into.shape[1], into.shape[0]];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) into.data[j * rows + i] = weight.data[i * columns + j];
  }
}
