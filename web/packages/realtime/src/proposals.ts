/** What this page has proposed and the server has not answered yet, laid over the known rows. */

import type { AnyRow, LiveRow, Pending, RowKey } from "./rows";

export type Proposal<Row extends AnyRow> = {
  /** The mutation's id; the row that carries it as `mutation_id` has taken the proposal in. */
  id: string;
  key: RowKey;
  /** The whole row that is to be created, or what is to change; nothing only marks the row. */
  changes: Partial<Row>;
  isNewRow: boolean;
  pending: Pending;
};

/** The proposals for one table. Dropping one is its roll-back: what others did meanwhile stays. */
export class Proposals<Row extends AnyRow> {
  readonly #all = new Map<string, Proposal<Row>>();

  add(proposal: Proposal<Row>): void {
    this.#all.set(proposal.id, proposal);
  }

  drop(id: string): boolean {
    return this.#all.delete(id);
  }

  setPending(id: string, pending: Pending): void {
    const proposal = this.#all.get(id);
    if (proposal) this.#all.set(id, { ...proposal, pending });
  }

  clear(): void {
    this.#all.clear();
  }

  /** Gives the rows as they would be; rows without proposals stay the same objects. */
  *over(rows: Iterable<[RowKey, Row]>): Generator<LiveRow<Row>> {
    const open = this.#byKey();
    for (const [key, row] of rows) {
      yield overlaid(row, open.get(key) ?? []);
      open.delete(key);
    }
    for (const [first, ...others] of open.values()) {
      if (!first?.isNewRow) continue;
      yield overlaid({ ...(first.changes as Row), pending: first.pending }, others);
    }
  }

  #byKey(): Map<RowKey, Proposal<Row>[]> {
    return Map.groupBy(this.#all.values(), (proposal) => proposal.key);
  }
}

function overlaid<Row extends AnyRow>(
  row: LiveRow<Row>,
  proposals: readonly Proposal<Row>[],
): LiveRow<Row> {
  const open = proposals.filter((proposal) => proposal.id !== row.mutation_id);
  if (open.length === 0) return row;
  const isUnsent = row.pending === "unsent" || open.some(({ pending }) => pending === "unsent");
  const changes = Object.assign({}, ...open.map((proposal) => proposal.changes)) as Partial<Row>;
  return { ...row, ...changes, pending: isUnsent ? "unsent" : "saving" };
}
