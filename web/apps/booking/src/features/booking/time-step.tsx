import type { FormEvent } from "react";
import { useTexts } from "../../texts";
import { TimePicker } from "../times/time-picker";
import type { TimeChoice } from "../times/use-time-choice";
import { StepHeading } from "./step-heading";

export interface TimeStepProps {
  formId: string;
  choice: TimeChoice;
  time: string | undefined;
  onDay: (day: string) => void;
  onTime: (time: string) => void;
  onSubmit: () => void;
}

export function TimeStep({ formId, onSubmit, ...picker }: TimeStepProps) {
  const t = useTexts();
  function submit(event: FormEvent) {
    event.preventDefault();
    onSubmit();
  }
  return (
    <form id={formId} onSubmit={submit}>
      <StepHeading>{t("times.title")}</StepHeading>
      <TimePicker {...picker} />
    </form>
  );
}
