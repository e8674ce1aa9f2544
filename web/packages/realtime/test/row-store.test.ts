// @vitest-environment node
import { describe, expect, test } from "vitest";
import { Clock, RowStore } from "../src/row-store";
import { rowKey } from "../src/rows";
import { seeded } from "./support/random";

type Row = { id: string; hour: number; version?: number };

const RUNS = 5_000;
const STEPS = 60;
const IDS = ["a", "b", "c"];

const keyOf = (row: Record<string, unknown>) => rowKey(["id"], row);
const inTheMorning = ({ hour }: Row) => hour < 12;
const always = () => true;

function storeOf(...rows: Row[]) {
  const clock = new Clock();
  const store = new RowStore<Row>(clock, keyOf);
  store.read(rows, clock.tick(), always);
  return { clock, store, rows: () => [...store.entries()].map(([, row]) => row) };
}

describe("rows of the stream, of reads and of answers", () => {
  test("an update that a read has seen already changes nothing", () => {
    const { store, rows } = storeOf({ id: "a", hour: 9, version: 3 });
    const before = rows()[0];

    store.written("UPDATE", { id: "a", hour: 8, version: 2 });

    expect(rows()[0]).toBe(before);
  });

  test("a read that was begun before a row was deleted does not bring it back", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9, version: 1 });
    const mark = clock.tick();

    store.deleted("a");
    store.read([{ id: "a", hour: 9, version: 1 }], mark, always);

    expect(rows()).toEqual([]);
  });

  test("an update that comes after the delete is not the row's return, but an insert is", () => {
    const { store, rows } = storeOf({ id: "a", hour: 9, version: 1 });
    store.deleted("a");

    store.written("UPDATE", { id: "a", hour: 9, version: 2 });
    expect(rows()).toEqual([]);

    store.written("INSERT", { id: "a", hour: 9, version: 1 });
    expect(rows()).toEqual([{ id: "a", hour: 9, version: 1 }]);
  });

  test("a row without versions keeps what the stream said after a read was begun", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9 });
    const mark = clock.tick();

    store.written("UPDATE", { id: "a", hour: 10 });
    store.read([{ id: "a", hour: 9 }], mark, always);

    expect(rows()).toEqual([{ id: "a", hour: 10 }]);
  });

  test("a read takes away what it would have found, and nothing else", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9 }, { id: "b", hour: 15 });

    store.read([], clock.tick(), inTheMorning);

    expect(rows()).toEqual([{ id: "b", hour: 15 }]);
  });

  test("a row that left the range of one read is still taken from another that was begun before", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9, version: 1 });
    const ofAll = clock.tick();
    const ofMornings = clock.tick();

    store.read([], ofMornings, inTheMorning);
    store.read([{ id: "a", hour: 15, version: 2 }], ofAll, always);

    expect(rows()).toEqual([{ id: "a", hour: 15, version: 2 }]);
  });

  test("the answer to a write survives a read that was begun before it", () => {
    const { clock, store, rows } = storeOf();
    const readMark = clock.tick();

    store.answered({ id: "a", hour: 9, version: 1 }, clock.tick());
    store.read([], readMark, always);

    expect(rows()).toHaveLength(1);
  });

  test("a row made anew with a lower version is taken from a read", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9, version: 7 });

    store.read([{ id: "a", hour: 10, version: 1 }], clock.tick(), always);

    expect(rows()).toEqual([{ id: "a", hour: 10, version: 1 }]);
  });

  test("a row that comes back to the filter is shown again", () => {
    const { store, rows } = storeOf({ id: "a", hour: 9, version: 1 });

    store.left({ id: "a", hour: 9, version: 2 });
    expect(rows()).toEqual([]);

    store.written("UPDATE", { id: "a", hour: 9, version: 3 });
    expect(rows()).toHaveLength(1);
  });

  test("an update from before a row left the filter does not bring it back", () => {
    const { store, rows } = storeOf({ id: "a", hour: 9, version: 1 });

    store.left({ id: "a", hour: 9, version: 3 });
    store.written("UPDATE", { id: "a", hour: 9, version: 2 });

    expect(rows()).toEqual([]);
  });

  test("a row that did not change stays the same object", () => {
    const { clock, store, rows } = storeOf({ id: "a", hour: 9 });
    const before = rows()[0];

    store.read([{ id: "a", hour: 9 }], clock.tick(), always);

    expect(rows()[0]).toBe(before);
  });
});

/**
 * A database, a stream of its changes that is late, reads and answers that come in any order.
 *
 * Each step is one of: somebody writes; the stream delivers; a read is asked for, is executed, or comes
 * back; the same for a write of ours.
 */
class World {
  readonly clock = new Clock();
  readonly store = new RowStore<Row>(this.clock, keyOf);
  readonly rows = new Map<string, Row>();
  readonly #random: () => number;
  readonly #isVersioned: boolean;
  readonly #stream: (() => void)[] = [];
  /** What is to happen next to each request under way. */
  readonly #requests: (() => (() => void) | null)[] = [];

  constructor(seed: number, isVersioned: boolean) {
    this.#random = seeded(seed);
    this.#isVersioned = isVersioned;
    for (let writes = 0; writes < 3; writes += 1) this.#write(this.#one(IDS));
    this.#stream.length = 0;
    this.#ask(always);
  }

  step(): void {
    const chance = this.#random();
    if (chance < 0.25) this.#write(this.#one(IDS));
    else if (chance < 0.55) this.#stream.shift()?.();
    else if (chance < 0.65) this.#ask(this.#random() < 0.5 ? always : inTheMorning);
    else if (chance < 0.75) this.#writeOurselves();
    else this.#advance(Math.floor(this.#random() * this.#requests.length));
  }

  /** Lets everything that is under way come to its end, in any order. */
  settle(): void {
    while (this.#stream.length + this.#requests.length > 0) {
      if (this.#random() < 0.5) this.#stream.shift()?.();
      else this.#advance(Math.floor(this.#random() * this.#requests.length));
    }
  }

  #one<Choice>(choices: readonly Choice[]): Choice {
    return choices[Math.floor(this.#random() * choices.length)] as Choice;
  }

  #write(id: string): Row | null {
    const before = this.rows.get(id);
    if (before && this.#random() < 0.3) {
      this.rows.delete(id);
      this.#stream.push(() => this.store.deleted(id));
      return null;
    }
    const row: Row = { id, hour: Math.floor(this.#random() * 24) };
    if (this.#isVersioned) row.version = (before?.version ?? 0) + 1;
    this.rows.set(id, row);
    const event = before ? "UPDATE" : "INSERT";
    this.#stream.push(() => this.store.written(event, { ...row }));
    return row;
  }

  #ask(covers: (row: Row) => boolean): void {
    const mark = this.clock.tick();
    this.#requests.push(() => {
      const found = [...this.rows.values()].filter(covers).map((row) => ({ ...row }));
      return () => this.store.read(found, mark, covers);
    });
  }

  #writeOurselves(): void {
    const mark = this.clock.tick();
    const id = this.#one(IDS);
    this.#requests.push(() => {
      const row = this.#write(id);
      return () =>
        row ? this.store.answered({ ...row }, mark) : this.store.answeredGone(id, mark);
    });
  }

  #advance(index: number): void {
    const [request] = this.#requests.splice(index, 1);
    const comeBack = request?.();
    if (!comeBack) return;
    this.#requests.push(() => {
      comeBack();
      return null;
    });
  }
}

describe.each([
  ["with versions", true],
  ["without versions", false],
])("in any order of stream, reads and answers, rows %s", (_, isVersioned) => {
  test("end as the database has them", () => {
    for (let seed = 0; seed < RUNS; seed += 1) {
      const world = new World(seed, isVersioned);
      for (let step = 0; step < STEPS; step += 1) world.step();
      world.settle();

      const known = new Map(world.store.entries());
      expect(known, `seed ${seed}`).toEqual(world.rows);
    }
  });
});
