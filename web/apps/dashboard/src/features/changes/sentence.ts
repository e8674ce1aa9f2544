// Changes in words: which sentence says it, and what stands in it. The catalog has the sentences.
import type { Change } from "./change";
import type { en } from "./locale/en";

export type SentenceKey = keyof typeof en.said;

export interface Sentence {
  key: SentenceKey;
  values: Readonly<Record<string, string>>;
}

/** Names of what a change refers to by id. */
export interface Names {
  member(id: string | null | undefined): string | null;
  service(id: string | null | undefined): string | null;
  /** What stands for a person or a thing whose name is gone. */
  unknown: string;
}

/** Moments as the reader writes them, in the reader's zone. */
export interface When {
  /** Day and time, as short as is clear: `Tue 14:00`. */
  moment(iso: string): string;
  /** Time alone: `14:00`. */
  time(iso: string): string;
  isSameDay(one: string, other: string): boolean;
}

/** Puts a change into words. */
export function sentenceOf(change: Change, names: Names, when: When): Sentence {
  const { before, after } = change;
  const customer = change.customer_name ?? names.unknown;
  const moment = change.start_time ? when.moment(change.start_time) : names.unknown;
  const member = names.member(change.team_member_id);
  const service = names.service(change.service_id);

  switch (change.action) {
    case "created": {
      const key = after.status === "pending" ? "requested" : "booked";
      const what = service ? `${customer}, ${service}` : customer;
      return member
        ? { key: `${key}With`, values: { what, moment, member } }
        : { key, values: { what, moment } };
    }
    case "rescheduled":
      return rescheduled(change, customer, moment, member, when);
    case "reassigned":
      return reassigned(customer, moment, member, names.member(before.team_member_id));
    case "status":
      return { key: statusKey(change), values: { customer, moment } };
    case "deleted":
      return { key: "deleted", values: { customer, moment } };
    case "edited":
      return edited(change, customer, service, names);
  }
}

/** Who is null is nobody, or has left without a trace. */
function reassigned(
  customer: string,
  moment: string,
  member: string | null,
  was: string | null,
): Sentence {
  if (member === null) return { key: "unassigned", values: { customer, moment } };
  return was === null
    ? { key: "assigned", values: { customer, moment, member } }
    : { key: "reassigned", values: { customer, moment, member, was } };
}

function rescheduled(
  { before, after }: Change,
  customer: string,
  moment: string,
  member: string | null,
  when: When,
): Sentence {
  if (before.start_time === undefined || after.start_time === undefined) {
    const values = {
      customer,
      end: after.end_time ? when.time(after.end_time) : "",
      was: before.end_time ? when.time(before.end_time) : "",
    };
    return { key: "endsAt", values };
  }
  const was = when.isSameDay(before.start_time, after.start_time)
    ? when.time(before.start_time)
    : when.moment(before.start_time);
  return after.team_member_id && member
    ? { key: "movedAndReassigned", values: { customer, moment, was, member } }
    : { key: "moved", values: { customer, moment, was } };
}

function statusKey({ after, actor_kind }: Change): SentenceKey {
  switch (after.status) {
    case "confirmed":
    case "pending":
    case "completed":
      return after.status;
    case "no_show":
      return "noShow";
    case "cancelled":
      return actor_kind === "customer" ? "cancelledByCustomer" : "cancelled";
    default:
      return "edited";
  }
}

function edited(
  { before, after }: Change,
  customer: string,
  service: string | null,
  names: Names,
): Sentence {
  if (after.customer_name !== undefined) {
    return { key: "renamed", values: { customer, was: before.customer_name ?? names.unknown } };
  }
  if (after.service_id !== undefined && service) {
    return { key: "service", values: { customer, service } };
  }
  if (after.notes !== undefined) return { key: "notes", values: { customer } };
  return { key: "edited", values: { customer } };
}
