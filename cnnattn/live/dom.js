"use strict";

/** An element with attributes, properties (`on…`, textContent, …) and children. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list" && name !== "type") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children); // strings become text, never HTML
  return node;
}

/** "{model} predicts {class}" with its places filled. */
function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** 0.734 as "73%", and with a digit more where 0 or 100 would be a lie. */
function percent(share) {
  if (share < 0.0005) return "<0.1%";
  if (share > 0.9995) return ">99.9%";
  return `${(100 * share).toFixed(share < 0.01 || share > 0.99 ? 1 : 0)}%`;
}

const ICONS = {
  patch: "M5 5h14v14H5z",
  brush: "M4 20c3 0 5-1 5-4l-2-2c-3 0-3 3-3 6zm6-5 9-11 1 1-8 11z",
  eraser: "M9 19h11M5 14l8-9 6 5-7 9H9z",
  shift: "M12 3v18M3 12h18M12 3l-3 3m3-3 3 3m-3 15-3-3m3 3 3-3M3 12l3-3m-3 3 3 3m15-3-3-3m3 3-3 3",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  flip: "M4 9a8 8 0 0 1 14-3l2 2M20 4v4h-4M20 15a8 8 0 0 1-14 3l-2-2M4 20v-4h4",
  undo: "M9 6 4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3",
  reset: "M5 5v5h5M5 10a8 8 0 1 1-1 5",
};

/** A button with a drawn sign before its words. */
function iconButton(icon, label, onclick, attributes = {}) {
  const button = element("button", { type: "button", onclick, ...attributes });
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[icon]);
  svg.append(path);
  button.append(svg, element("span", {}, label));
  return button;
}

/** A slider with its name before and its value behind it. */
function slider(label, { min, max, value, show = String }, oninput, onstart) {
  const output = element("output", {}, show(value));
  const input = element("input", {
    type: "range", min, max, value, ariaLabel: label,
    oninput() { output.textContent = show(input.valueAsNumber); oninput(input.valueAsNumber); },
    onpointerdown: onstart,
    onkeydown(event) { if (/^(Arrow|Page|Home|End)/.test(event.key)) onstart(); },
  });
  const row = element("label", { className: "slider" }, element("span", {}, label), input, output);
  row.show = (number) => { input.value = number; output.textContent = show(number); };
  return row;
}

/** A canvas of `width` × `height` pixels with all its pixels at hand as one Uint32 each. */
function pixelCanvas(width, height, label, attributes = {}) {
  const canvas = element("canvas", { width, height, role: "img", ariaLabel: label, ...attributes });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer); // 0xAABBGGRR
  return { canvas, pixels, width, height, show: () => context.putImageData(image, 0, 0) };
}

/** Draw an RGB picture on a pixel canvas of its size. */
function showPicture({ pixels, show }, rgb) {
  for (let i = 0, at = 0; i < pixels.length; i++, at += 3) {
    pixels[i] = (0xff000000 | (rgb[at + 2] << 16) | (rgb[at + 1] << 8) | rgb[at]) >>> 0;
  }
  show();
}

/** Press one button of a group, and no other. */
function pressOnly(pressed) {
  for (const button of pressed.parentNode.querySelectorAll("button")) {
    button.ariaPressed = String(button === pressed);
  }
}

/** Which pixel of a canvas of `width` × `height` a pointer is at, within its edges. */
function pixelAt(event, canvas, width, height) {
  const box = canvas.getBoundingClientRect();
  const inside = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
  return [
    inside((event.clientX - box.left) / box.width, width),
    inside((event.clientY - box.top) / box.height, height),
  ];
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
