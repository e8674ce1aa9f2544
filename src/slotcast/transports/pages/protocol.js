// The channel protocol, serializer 2.0.0: what a browser says to /realtime/v1/websocket, and hears.

const HEARTBEAT_MS = 25_000;
const REPLY_TIMEOUT_MS = 30_000;
const BROADCAST_PUSH = 3;
const BROADCAST = 4;
const AS_JSON = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Parse JSON so that numbers which a double cannot hold are kept as they were written. */
export function parse(text) {
  return JSON.parse(text, (_key, value, context) => {
    const isInexact = typeof value === "number" && context?.source && String(value) !== context.source;
    return isInexact && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
  });
}

/** Write a push; all but broadcasts are text. */
export function encode({ joinRef, ref, topic, event, payload }) {
  return JSON.stringify([joinRef, ref, topic, event, payload]);
}

/**
 * Write a broadcast: kind, five lengths of one byte, encoding, then the fields and the payload.
 *
 * @throws {RangeError} A field is longer than 255 bytes.
 */
export function encodeBroadcast({ joinRef, ref, topic, event, payload }) {
  const fields = [joinRef, ref, topic, event, ""].map((field) => encoder.encode(field));
  if (fields.some((field) => field.length > 255)) {
    throw new RangeError("The names of topic and event may have at most 255 bytes.");
  }
  const head = [BROADCAST_PUSH, ...fields.map((field) => field.length), AS_JSON];
  const body = encoder.encode(JSON.stringify(payload));
  return new Uint8Array([...head, ...fields.flatMap((field) => [...field]), ...body]);
}

/** Read a message: text, or a broadcast in binary. */
export function decode(data) {
  if (typeof data === "string") {
    const [joinRef, ref, topic, event, payload] = parse(data);
    return { joinRef, ref, topic, event, payload };
  }
  const bytes = new Uint8Array(data);
  if (bytes[0] !== BROADCAST) {
    throw new TypeError(`There is no binary message of kind ${bytes[0]}.`);
  }
  const [, topicLength, eventLength, metaLength, encoding] = bytes;
  let end = 5;
  const take = (length) => bytes.subarray(end, (end += length));
  const topic = decoder.decode(take(topicLength));
  const event = decoder.decode(take(eventLength));
  const meta = decoder.decode(take(metaLength));
  const body = bytes.subarray(end);
  const payload = encoding === AS_JSON ? parse(decoder.decode(body)) : { bytes: toHex(body) };
  return {
    joinRef: null,
    ref: null,
    topic,
    event: "broadcast",
    payload: { type: "broadcast", event, payload, ...(meta && { meta: parse(meta) }) },
  };
}

function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One WebSocket with at most one channel on it.
 *
 * It dispatches `open`; `message` with a decoded message as detail; `beat` with the round trip in
 * milliseconds; `close` with the close code and reason.
 */
export class Connection extends EventTarget {
  #socket;
  #lastRef = 0;
  #waiting = new Map();
  #heartbeat;
  #topic;
  #joinRef = null;

  constructor(url) {
    super();
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#emit("open");
      this.#beat();
      this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    };
    this.#socket.onmessage = ({ data }) => this.#receive(decode(data));
    this.#socket.onclose = ({ code, reason }) => {
      clearInterval(this.#heartbeat);
      for (const { settle } of this.#waiting.values()) settle({ status: "closed", response: {} });
      this.#emit("close", { code, reason });
    };
  }

  /** Join a topic; gives the reply's `{status, response}`. */
  async join(topic, payload) {
    this.#topic = topic;
    this.#joinRef = this.#nextRef();
    return this.#ask(this.#joinRef, topic, "phx_join", payload);
  }

  /** Say something on the joined channel; gives the reply's `{status, response}`. */
  push(event, payload) {
    return this.#ask(this.#nextRef(), this.#topic, event, payload);
  }

  /** Say something on the joined channel that is not answered. */
  tell(event, payload) {
    this.#send(encode({ joinRef: this.#joinRef, ref: this.#nextRef(), topic: this.#topic, event, payload }));
  }

  /** Send a broadcast; with *isAcknowledged* gives the reply, else null at once. */
  async broadcast(event, payload, isAcknowledged) {
    const ref = this.#nextRef();
    const frame = encodeBroadcast({ joinRef: this.#joinRef, ref, topic: this.#topic, event, payload });
    const reply = isAcknowledged ? this.#expect(ref) : null;
    this.#send(frame);
    return reply;
  }

  /** Close the connection, which leaves the channel. */
  close() {
    this.#socket.close(1000);
  }

  #nextRef() {
    this.#lastRef += 1;
    return String(this.#lastRef);
  }

  #ask(ref, topic, event, payload) {
    const reply = this.#expect(ref);
    this.#send(encode({ joinRef: this.#joinRef, ref, topic, event, payload }));
    return reply;
  }

  #expect(ref) {
    return new Promise((resolve) => {
      const settle = (reply) => {
        clearTimeout(timer);
        this.#waiting.delete(ref);
        resolve(reply);
      };
      const timer = setTimeout(() => settle({ status: "timeout", response: {} }), REPLY_TIMEOUT_MS);
      this.#waiting.set(ref, { settle });
    });
  }

  #send(data) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  async #beat() {
    const ref = this.#nextRef();
    const sentAt = performance.now();
    const reply = this.#expect(ref);
    this.#send(encode({ joinRef: null, ref, topic: "phoenix", event: "heartbeat", payload: {} }));
    const { status } = await reply;
    if (status === "ok") this.#emit("beat", performance.now() - sentAt);
    else if (status === "timeout") this.#socket.close(1000, "heartbeat timeout");
  }

  #receive(message) {
    if (message.event === "phx_reply") {
      this.#waiting.get(message.ref)?.settle(message.payload);
    }
    this.#emit("message", message);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
