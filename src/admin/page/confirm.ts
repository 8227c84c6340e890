import { byId, setText } from './dom.ts';

export interface Question {
  title: string;
  text: string;
  /** What the button says that does it. */
  action: string;
}

/**
 * Asks in the page's dialog; resolves with whether it is to be done, or never when it is asked something else
 * right after it was closed. The way out has the focus at first.
 */
export function confirm({ title, text, action }: Question): Promise<boolean> {
  const dialog = byId('confirm', HTMLDialogElement);
  setText(byId('confirm-title', HTMLHeadingElement), title);
  setText(byId('confirm-text', HTMLParagraphElement), text);
  setText(byId('confirm-yes', HTMLButtonElement), action);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- who asked before shall hear of no close any more
    dialog.onclose = () => {
      if (!dialog.open) resolve(dialog.returnValue === 'yes'); // else that of the question before, which comes late
    };
  });
}
