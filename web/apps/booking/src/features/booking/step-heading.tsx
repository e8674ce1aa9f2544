import { type ReactNode, useEffect, useRef } from "react";

/** The heading of a step, which takes focus when the step is come to: what follows it is new. */
export function StepHeading({ children, hint }: { children: ReactNode; hint?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Not when the page has just been opened: focus belongs to its beginning then.
    if (document.activeElement !== document.body || history.length > openedAt) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <header className="mb-4">
      <h2 ref={heading} tabIndex={-1} className="font-semibold text-xl outline-none">
        {children}
      </h2>
      {hint && <p className="mt-1.5 text-ink-soft text-base">{hint}</p>}
    </header>
  );
}

const openedAt = history.length;
