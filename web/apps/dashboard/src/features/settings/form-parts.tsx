import { Banner, Button, cn, MEMBER_PALETTE, memberStyle } from "@slotcast/ui";
import { Check } from "lucide-react";
import { type ReactNode, useId } from "react";
import { FormDialog, type FormDialogProps } from "../desk/form-dialog";
import { useTexts } from "./texts";

/** Says what went wrong with saving, where it is seen at once. */
export function Problem({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <Banner tone="danger" role="alert">
      {text}
    </Banner>
  );
}

/** Says that somebody else has changed what is being edited. */
export function Theirs({ fields }: { fields: readonly string[] }) {
  const t = useTexts();
  if (fields.length === 0) return null;
  return (
    <Banner tone="warning" role="status">
      {t("settings.theirs", { fields: fields.join(", ") })}
    </Banner>
  );
}

export interface SettingsDialogProps extends Omit<FormDialogProps, "cancel" | "submit"> {
  /** Absent: that it saves. */
  submit?: string;
  /** What went wrong with it, if anything did. */
  problem: string | null;
}

/** A form of the settings over the page. */
export function SettingsDialog({ problem, children, ...props }: SettingsDialogProps) {
  const t = useTexts();
  return (
    <FormDialog cancel={t("settings.cancel")} submit={t("settings.save")} {...props}>
      <Problem text={problem} />
      {children}
    </FormDialog>
  );
}

/** Ends a form that stays on the page. */
export function SaveButton({ isBusy, disabled }: { isBusy: boolean; disabled: boolean }) {
  const t = useTexts();
  return (
    <Button variant="primary" type="submit" className="self-end" busy={isBusy} disabled={disabled}>
      {t("settings.save")}
    </Button>
  );
}

export interface ColorPickerProps {
  label: string;
  value: string;
  onChange: (hex: string) => void;
}

/** The colours that people who see colours differently tell apart, too; a former choice stays to be chosen. */
export function ColorPicker({ label, value, onChange }: ColorPickerProps) {
  const t = useTexts();
  const name = useId();
  const isKnown = MEMBER_PALETTE.some(({ hex }) => hex === value);
  const colors = isKnown
    ? MEMBER_PALETTE
    : [{ name: "former", hex: value } as const, ...MEMBER_PALETTE];
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 font-medium text-sm">{label}</legend>
      <div className="flex flex-wrap gap-2">
        {colors.map((color) => (
          <label
            key={color.hex}
            title={t(`settings.color.${color.name}`)}
            style={memberStyle(color.hex)}
            className={cn(
              "member member-dot relative inline-flex size-8 cursor-pointer items-center justify-center rounded-full text-ground",
              "has-disabled:cursor-not-allowed has-disabled:opacity-55 has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
            )}
          >
            <input
              type="radio"
              name={name}
              aria-label={t(`settings.color.${color.name}`)}
              checked={color.hex === value}
              onChange={() => onChange(color.hex)}
              className="absolute inset-0 cursor-pointer opacity-0"
            />
            {color.hex === value && <Check aria-hidden className="size-4" strokeWidth={3} />}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Groups checkboxes or the like under a name. */
export function Group({ label, children }: { label: string; children: ReactNode }) {
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium text-sm">{label}</legend>
      {children}
    </fieldset>
  );
}
