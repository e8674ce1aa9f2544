import { Button, Dialog, type DialogProps } from "@slotcast/ui";
import { type ComponentType, type FormEvent, type ReactNode, useId } from "react";

export interface FormDialogProps {
  title: ReactNode;
  description?: string;
  /** What its buttons say. */
  cancel: string;
  submit: string;
  /** Whether it is being saved. */
  isBusy: boolean;
  onSubmit: (event: FormEvent) => Promise<void>;
  onClose: () => void;
  children: ReactNode;
  /** What it stands in; a sheet has room for more. */
  frame?: ComponentType<DialogProps>;
}

/** A form over the page, for as long as it is mounted. */
export function FormDialog(props: FormDialogProps) {
  const { description, frame: Frame = Dialog, onClose, onSubmit } = props;
  const id = useId();
  return (
    <Frame
      open
      onOpenChange={onClose}
      title={props.title}
      {...(description === undefined ? {} : { description })}
      footer={
        <>
          <Button onClick={onClose}>{props.cancel}</Button>
          <Button variant="primary" type="submit" form={id} busy={props.isBusy}>
            {props.submit}
          </Button>
        </>
      }
    >
      <form
        id={id}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => void onSubmit(event)}
      >
        {props.children}
      </form>
    </Frame>
  );
}
