"use strict";

/** The camera's middle square, 32 × 32, as often as it is asked for. */
class Camera {
  static get available() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  constructor() {
    this.stream = null;
    this.facing = "environment";
    this.video = element("video", { muted: true, playsInline: true });
    this.context = element("canvas", { width: 96, height: 96 })
      .getContext("2d", { willReadFrequently: true });
  }

  get on() {
    return this.stream !== null;
  }

  async start() {
    const size = { width: { ideal: 320 }, height: { ideal: 240 } };
    const stream = await navigator.mediaDevices.getUserMedia(
      { video: { ...size, facingMode: this.facing } });
    this.stop();
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
  }

  async flip() {
    this.facing = this.facing === "user" ? "environment" : "user";
    await this.start();
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The current picture as RGB, or null while there is none. */
  look() {
    const { videoWidth, videoHeight, readyState } = this.video;
    if (!this.stream || readyState < 2) return null;
    const side = Math.min(videoWidth, videoHeight);
    this.context.drawImage(this.video, (videoWidth - side) / 2, (videoHeight - side) / 2, side, side,
      0, 0, 96, 96);
    return resize(this.context.getImageData(0, 0, 96, 96).data, 96, SIDE);
  }
}
