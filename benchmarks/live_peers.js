// Forward runs of one network in the browser, by our engine and by its peers, one thread each.
// live_peers.py loads this after the engine's script; peers come from http://peers.test/.

/** Milliseconds of each of `times` runs of `act`, after some to warm up. */
async function timed(act, times) {
  for (let i = 0; i < 10; i++) await act();
  const found = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await act();
    found.push(performance.now() - start);
  }
  return found;
}

/** Our engine: {logits, times}. */
async function ownEngine(content, input, kernels, times) {
  const { header, part } = unpack(content);
  const net = new Network(header.graph, unpackWeights(header.weights, part), kernels);
  const act = () => { net.setInput(input); net.run(); };
  return { times: await timed(act, times), logits: [...net.logits] };
}

/** onnxruntime-web on the same network, exported with the outputs of all stages. */
async function onnxruntime(model, input, times) {
  const ort = await import("http://peers.test/onnxruntime-web/dist/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = "http://peers.test/onnxruntime-web/dist/";
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  let logits;
  const act = async () => {
    const found = await session.run({ input: new ort.Tensor("float32", input, [1, 3, 32, 32]) });
    logits = found.logits.data;
  };
  return { times: await timed(act, times), logits: [...logits] };
}

/** TensorFlow.js with its WebAssembly backend: our graph, node by node, by its operations. */
async function tensorflow(content, input, times) {
  for (const file of ["tfjs/dist/tf.min.js", "tfjs-backend-wasm/dist/tf-backend-wasm.min.js"]) {
    await new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: `http://peers.test/@tensorflow/${file}`, onload: done, onerror: failed });
      document.head.append(script);
    });
  }
  tf.wasm.setWasmPaths("http://peers.test/@tensorflow/tfjs-backend-wasm/dist/");
  await tf.setBackend("wasm");
  const { header, part } = unpack(content), weights = {};
  for (const [name, { shape, data }] of Object.entries(unpackWeights(header.weights, part))) {
    const tensor = tf.tensor(data, shape);
    weights[name] = shape.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : tensor;
  }
  let logits;
  const act = async () => {
    const output = tf.tidy(() => interpret(header.graph, weights, input));
    logits = await output.data();
    output.dispose();
  };
  return { times: await timed(act, times), logits: [...logits] };
}

/** The graph's output; maps have their channels last, as this backend wants them. */
function interpret(graph, weights, input) {
  const values = { input: tf.transpose(tf.tensor(input, graph.input), [0, 2, 3, 1]) };
  for (const node of graph.nodes) {
    const [x, ...rest] = node.inputs.map((name) => name && (name[0] === "%" ? values : weights)[name.slice(1)]);
    values[node.name] = {
      conv2d: () => tf.add(tf.conv2d(x, rest[0], node.stride, node.padding[0] ? "same" : "valid"), rest[1]),
      batch_norm: () => tf.batchNorm(x, rest[2], rest[3], rest[1], rest[0], node.eps),
      relu: () => tf.relu(x),
      sigmoid: () => tf.sigmoid(x),
      mul: () => tf.mul(x, rest[0]),
      copy: () => x,
      mean: () => tf.mean(x, [1, 2], true),
      max_pool2d: () => tf.maxPool(x, node.kernel, node.kernel, "valid"),
      linear: () => {
        const product = tf.matMul(x, rest[0], false, true);
        return rest[1] ? tf.add(product, rest[1]) : product;
      },
      view: () => {
        const [, channels, height = 1, width = 1] = node.shape;
        if (node.shape.length > 2) return tf.reshape(x, [1, height, width, channels]);
        return tf.reshape(x.shape.length === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x, node.shape);
      },
    }[node.op]();
  }
  return values[graph.output];
}
