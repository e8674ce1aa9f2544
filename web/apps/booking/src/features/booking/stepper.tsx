import { cn } from "@slotcast/ui";
import { useTexts } from "../../texts";
import { type Draft, STEPS, type Step } from "./draft";
import { DraftLink } from "./draft-link";

/** Where one is, and the way back to what was chosen before. */
export function Stepper({ draft, step }: { draft: Draft; step: Step }) {
  const t = useTexts();
  const here = STEPS.indexOf(step);
  return (
    <nav aria-label={t("steps.label")}>
      <ol className="flex gap-1 text-sm sm:gap-2">
        {STEPS.map((name, index) => (
          <li key={name} className="flex-1" aria-current={name === step ? "step" : undefined}>
            {index < here ? (
              <DraftLink draft={{ ...draft, step: name }} className="group block">
                <StepMark index={index} state="done" name={t(`steps.${name}`)} />
              </DraftLink>
            ) : (
              <StepMark
                index={index}
                state={index === here ? "here" : "ahead"}
                name={t(`steps.${name}`)}
              />
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

const LOOKS = {
  done: { bar: "bg-accent", words: "text-accent-text group-hover:underline" },
  here: { bar: "bg-accent", words: "font-semibold text-ink" },
  ahead: { bar: "bg-press", words: "text-ink-faint" },
} as const;

function StepMark(props: { index: number; state: keyof typeof LOOKS; name: string }) {
  const { bar, words } = LOOKS[props.state];
  return (
    <span className="flex min-h-11 flex-col justify-center gap-2">
      <span aria-hidden className={cn("h-1 w-full rounded-full transition-colors", bar)} />
      <span className={cn("truncate", words)}>
        <span className="figures">{props.index + 1}</span> {props.name}
      </span>
    </span>
  );
}
