import { Banner, Button, Dialog } from "@slotcast/ui";

export interface ConfirmProps {
  title: string;
  lead: string;
  /** What the button that does it says. */
  action: string;
  cancel: string;
  isBusy: boolean;
  /** What went wrong, in words. */
  problem: string | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm(props: ConfirmProps) {
  const { title, lead, action, cancel, isBusy, problem, onConfirm, onClose } = props;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      description={lead}
      footer={
        <>
          <Button onClick={onClose}>{cancel}</Button>
          <Button variant="danger" busy={isBusy} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      {problem !== null && (
        <Banner tone="danger" role="alert">
          {problem}
        </Banner>
      )}
    </Dialog>
  );
}
