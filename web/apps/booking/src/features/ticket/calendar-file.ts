import type { AppointmentStatus } from "@slotcast/realtime";

/** What a calendar has to know of an appointment. */
export interface CalendarEvent {
  /** The same in every file and in the feed, so that calendars merge instead of doubling. */
  id: string;
  /** Raised by every change: calendars keep the highest. */
  version: number;
  status: AppointmentStatus;
  start: string;
  end: string;
  updatedAt: string;
  summary: string;
  location?: string | null | undefined;
  description?: string | undefined;
  url?: string | undefined;
}

const LINE_OCTETS = 75;
const STATUSES: Record<AppointmentStatus, string> = {
  pending: "TENTATIVE",
  confirmed: "CONFIRMED",
  completed: "CONFIRMED",
  no_show: "CONFIRMED",
  cancelled: "CANCELLED",
};

/** Writes an iCalendar file (RFC 5545) with one event. Times are UTC, which every calendar shows in its own zone. */
export function calendarFile(event: CalendarEvent): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Slotcast//Booking//EN",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
    "BEGIN:VEVENT",
    `UID:${event.id}`,
    `SEQUENCE:${event.version}`,
    `DTSTAMP:${utc(event.updatedAt)}`,
    `DTSTART:${utc(event.start)}`,
    `DTEND:${utc(event.end)}`,
    `SUMMARY:${escaped(event.summary)}`,
    ...(event.location ? [`LOCATION:${escaped(event.location)}`] : []),
    ...(event.description ? [`DESCRIPTION:${escaped(event.description)}`] : []),
    ...(event.url ? [`URL:${event.url}`] : []),
    `STATUS:${STATUSES[event.status]}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join("");
}

/** Hands the file to the browser as a download. */
export function downloadCalendarFile(event: CalendarEvent, fileName: string): void {
  const file = new Blob([calendarFile(event)], { type: "text/calendar;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** "20261124T130000Z". */
function utc(instant: string): string {
  return new Date(instant).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

function escaped(text: string): string {
  return text
    .replaceAll(/[\\;,]/g, (mark) => `\\${mark}`)
    .replaceAll(/\r\n|\r|\n/g, "\\n")
    .replaceAll(/\p{Cc}/gu, "");
}

/** Breaks a line after at most 75 octets, never within a character; what follows begins with a space. */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let folded = "";
  let octets = 0;
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (octets + size > LINE_OCTETS) {
      folded += "\r\n ";
      octets = 1;
    }
    folded += character;
    octets += size;
  }
  return folded;
}
