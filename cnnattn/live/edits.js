"use strict";

/**
 * A hand on a gate: for each channel, or for each place of a map, a factor or a fixed weight.
 *
 * A gate (1, C, …) has C sliders, one (1, 1, H, W) has H·W. A slider that nobody has touched has
 * the factor 1.
 */
class GateEdit {
  constructor(shape) {
    const length = count(shape);
    this.spatial = shape[1] === 1 && length > 1;
    this.sliders = this.spatial ? length : shape[1];
    this.size = length / this.sliders; // numbers that a slider moves
    this.factors = new Float32Array(this.sliders).fill(1);
    this.fixed = new Float32Array(this.sliders).fill(NaN);
    this.own = new Float32Array(length); // the gate's own weights, of the last run
    this.base = null; // weights that take the place of the network's own
  }

  scale(slider, factor) {
    this.factors[slider] = factor;
    this.fixed[slider] = NaN;
  }

  fix(slider, weight) {
    this.fixed[slider] = weight;
  }

  reset(slider) {
    this.scale(slider, 1);
  }

  resetAll() {
    this.factors.fill(1);
    this.fixed.fill(NaN);
  }

  remember() {
    return { factors: this.factors.slice(), fixed: this.fixed.slice() };
  }

  restore({ factors, fixed }) {
    this.factors.set(factors);
    this.fixed.set(fixed);
  }

  touched(slider) {
    return this.factors[slider] !== 1 || this.fixed[slider] === this.fixed[slider];
  }

  get active() {
    if (this.base) return true;
    for (let s = 0; s < this.sliders; s++) if (this.touched(s)) return true;
    return false;
  }

  /** What slider `s` lets through by itself: the mean of its own weights. */
  ownWeight(s) {
    let sum = 0;
    for (let i = s * this.size; i < (s + 1) * this.size; i++) sum += this.own[i];
    return sum / this.size;
  }

  /** Where slider `s` stands: the mean of its weights after the edit. */
  weight(s) {
    const fixed = this.fixed[s];
    return fixed === fixed ? fixed : this.ownWeight(s) * this.factors[s];
  }

  /** The touched sliders as factors of their own weights: {slider: factor}. */
  asFactors() {
    const factors = {};
    for (let s = 0; s < this.sliders; s++) {
      if (!this.touched(s)) continue;
      const own = this.ownWeight(s), fixed = this.fixed[s];
      const factor = fixed === fixed ? (own > 1e-6 ? fixed / own : 0) : this.factors[s];
      if (Math.abs(factor - 1) > 1e-3) factors[s] = Math.round(1e4 * factor) / 1e4;
    }
    return factors;
  }

  apply(numbers) {
    if (this.base) numbers.set(this.base);
    this.own.set(numbers);
    for (let s = 0, i = 0; s < this.sliders; s++) {
      const factor = this.factors[s], fixed = this.fixed[s], isFixed = fixed === fixed;
      for (const end = i + this.size; i < end; i++) numbers[i] = isFixed ? fixed : numbers[i] * factor;
    }
  }

  back(gradient) {
    for (let s = 0, i = 0; s < this.sliders; s++) {
      const fixed = this.fixed[s], constant = this.base || fixed === fixed;
      const factor = constant ? 0 : this.factors[s];
      for (const end = i + this.size; i < end; i++) gradient[i] *= factor;
    }
  }
}
