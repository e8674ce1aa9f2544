/**
 * What a new appointment most likely is, so that the form opens with everything filled in but the name.
 */
import type { Appointment, Service, TeamMember } from "@slotcast/realtime";
import type { ServiceOffer } from "../desk/offers";

export interface GuessInput {
  /** Where somebody drew or clicked; absent after the button. */
  startMs?: number | undefined;
  /** Length of the stretch that was drawn; absent after a click or the button. */
  minutes?: number | undefined;
  memberId?: string | undefined;
  /** Members that the calendar is narrowed to. */
  chosenMembers: readonly string[];
  /** User id of whoever is signed in. */
  me: string;
  members: readonly TeamMember[];
  services: readonly Service[];
  offers: readonly ServiceOffer[];
  /** What is booked around that time: what is booked often is likely. */
  rows: readonly Pick<Appointment, "service_id" | "team_member_id">[];
  /** First start to propose when nothing was drawn. */
  earliestMs: number;
  /** Whether a member could take a stretch. */
  isFree: (memberId: string, startMs: number, endMs: number) => boolean;
}

export interface Guess {
  memberId: string | null;
  serviceId: string | null;
  startMs: number;
  endMs: number;
}

const MINUTE_MS = 60_000;
const STEP_MINUTES = 15;
const WITHOUT_SERVICE_MINUTES = 30;
const SEARCH_DAYS = 7;

export function guessAppointment(input: GuessInput): Guess {
  const members = likelyMembers(input);
  const guesses = members.map((member) => forMember(input, member));
  const free = guesses.filter(({ memberId, startMs, endMs }) =>
    input.isFree(memberId ?? "", startMs, endMs),
  );
  const earliest = free.toSorted((a, b) => a.startMs - b.startMs)[0];
  return earliest ?? guesses[0] ?? forMember(input, undefined);
}

/** The end that a service gives to a start. */
export function endOf(startMs: number, service: Service | undefined): number {
  return startMs + (service?.duration_minutes ?? WITHOUT_SERVICE_MINUTES) * MINUTE_MS;
}

/** The services that a member offers, the active ones only, by name. */
export function servicesOf(
  services: readonly Service[],
  offers: readonly ServiceOffer[],
  memberId: string | null,
): Service[] {
  const active = services.filter((service) => service.active);
  const offered = active.filter((service) =>
    offers.some((offer) => offer.service_id === service.id && offer.team_member_id === memberId),
  );
  return offered.length > 0 ? offered : active;
}

/** Whom it is for: the column drawn in, else who is chosen, else me, else whoever is free first. */
function likelyMembers(input: GuessInput): TeamMember[] {
  const drawn = input.members.find((member) => member.id === input.memberId);
  if (drawn) return [drawn];
  const bookable = input.members.filter((member) => member.bookable);
  const chosen = bookable.filter((member) => input.chosenMembers.includes(member.id));
  if (chosen.length > 0) return chosen;
  const mine = bookable.filter((member) => member.user_id === input.me);
  return mine.length > 0 ? mine : bookable;
}

function forMember(input: GuessInput, member: TeamMember | undefined): Guess {
  const memberId = member?.id ?? null;
  const service = likelyService(input, memberId);
  const lengthMs = input.minutes === undefined ? endOf(0, service) : input.minutes * MINUTE_MS;
  const startMs = input.startMs ?? firstFree(input, memberId, lengthMs);
  return { memberId, serviceId: service?.id ?? null, startMs, endMs: startMs + lengthMs };
}

/** The service booked most often of those that fit best into what was drawn. */
function likelyService(input: GuessInput, memberId: string | null): Service | undefined {
  const offered = servicesOf(input.services, input.offers, memberId);
  const fitting = offered.filter(
    (service) => input.minutes === undefined || service.duration_minutes <= input.minutes,
  );
  const longest = Math.max(0, ...fitting.map((service) => service.duration_minutes));
  const candidates =
    input.minutes === undefined
      ? fitting
      : fitting.filter((service) => service.duration_minutes === longest);
  const bookings = (service: Service) =>
    input.rows.filter((row) => row.service_id === service.id && row.team_member_id === memberId)
      .length;
  return candidates.toSorted((a, b) => bookings(b) - bookings(a))[0] ?? offered[0];
}

function firstFree(input: GuessInput, memberId: string | null, lengthMs: number): number {
  const stepMs = STEP_MINUTES * MINUTE_MS;
  const first = Math.ceil(input.earliestMs / stepMs) * stepMs;
  const last = first + SEARCH_DAYS * 24 * 60 * MINUTE_MS;
  for (let startMs = first; memberId !== null && startMs < last; startMs += stepMs) {
    if (input.isFree(memberId, startMs, startMs + lengthMs)) return startMs;
  }
  return first;
}
