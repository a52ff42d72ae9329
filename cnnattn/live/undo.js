"use strict";

const STEPS = 60; // that can be undone

/** What the picture and the gates were before each step. */
class UndoHistory {
  constructor(lab) {
    this.lab = lab;
    this.states = [];
  }

  get empty() {
    return !this.states.length;
  }

  /** Keep the present state, so that what follows can be undone. */
  remember() {
    const { picture, truth, models } = this.lab;
    const gates = models.map((model) => Object.values(model.edits).map((edit) => edit.remember()));
    this.states.push({ picture: picture.remember(), truth, gates });
    if (this.states.length > STEPS) this.states.shift();
  }

  /** Go back to the state kept last, if there is one; returns whether. */
  undo() {
    const { lab } = this, state = this.states.pop();
    if (!state) return false;
    lab.picture.restore(state.picture);
    lab.truth = state.truth;
    lab.models.forEach((model, m) => {
      Object.values(model.edits).forEach((edit, e) => edit.restore(state.gates[m][e]));
      model.restart();
    });
    return true;
  }
}
