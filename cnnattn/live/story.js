"use strict";

/** One line that says what was changed and what came of it. */
function story(models, picture, words) {
  const shared = picture.changes.map((change) => words[`did_${change}`]);
  const told = models.map((model) => {
    const replaced = Object.values(model.edits).some((edit) => edit.base) ? [words.did_base] : [];
    const hand = model.stages.flatMap((stage) => gateChanges(stage, words));
    const changes = [...shared, ...replaced, ...hand];
    const was = topOf(model.before), now = model.top;
    const values = {
      model: model.title, changes: changes.join(words.and), class: model.classes[was],
      before: percent(model.before[was]), after: percent(model.probabilities[was]),
      other: model.classes[now], share: percent(model.probabilities[now]),
    };
    const difference = Math.abs(model.before[was] - model.probabilities[was]);
    return { changed: changes.length > 0, flips: was !== now, difference, values };
  }).filter((sentence) => sentence.changed);
  if (!told.length) return words.nothing_changed;
  told.sort((a, b) => b.flips - a.flips || b.difference - a.difference);
  const [first, second] = told
    .map(({ flips, values }) => fill(flips ? words.story_flips : words.story_stays, values));
  return second ? fill(words.two_sentences, { first, second }) : first;
}

/** What was done to the gates of a stage, in words. */
function gateChanges(stage, words) {
  const { off, others } = stage.faders.moved;
  const found = [];
  if (off.length) {
    const values = { channels: off.join(words.comma), count: off.length, stage: stage.name };
    const told = off.length === 1 ? words.did_off_one : off.length > 4 ? words.did_off_many : words.did_off;
    found.push(fill(told, values));
  }
  if (others) {
    const told = others === 1 ? words.did_gate : words.did_gates;
    found.push(fill(told, { count: others, stage: stage.name }));
  }
  if (stage.maps.some(([, map]) => map.edit?.active)) {
    found.push(fill(words.did_places, { stage: stage.name }));
  }
  return found;
}
