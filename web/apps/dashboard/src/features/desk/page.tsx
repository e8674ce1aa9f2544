import type { ReactNode } from "react";

export interface PageProps {
  title: string;
  /** What the page is for, in a sentence. */
  lead?: string;
  /** Buttons beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page beside the calendar: a heading, what can be done, and a column of readable width. */
export function Page({ title, lead, actions, children }: PageProps) {
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex w-full max-w-4xl flex-col gap-5 px-4 py-5 sm:px-6">
        <header className="flex flex-wrap items-start justify-between gap-3">
          <div className="min-w-0">
            <h1 className="font-semibold text-xl">{title}</h1>
            {lead && <p className="mt-1 text-ink-soft text-md">{lead}</p>}
          </div>
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </header>
        {children}
      </div>
    </div>
  );
}

export interface CardProps {
  title?: string;
  lead?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** One subject of a page. */
export function Card({ title, lead, actions, children }: CardProps) {
  return (
    <section
      {...(title ? { "aria-label": title } : {})}
      className="rounded-card border border-line bg-surface p-4"
    >
      {title && (
        <header className="mb-3 flex flex-wrap items-start justify-between gap-2">
          <div className="min-w-0">
            <h2 className="font-semibold text-base">{title}</h2>
            {lead && <p className="mt-0.5 text-ink-soft text-sm">{lead}</p>}
          </div>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}
