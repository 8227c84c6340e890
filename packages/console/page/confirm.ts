import { byId, setText } from './dom.ts';

export interface Question {
  title: string;
  text: string;
  /** What the button says that does it. */
  action: string;
}

/** Asks; resolves with whether it is to be done. */
export type Confirm = (question: Question) => Promise<boolean>;

/** Asks in the page's dialog, whose way out has the focus at first. */
export function createConfirm(): Confirm {
  const dialog = byId('confirm', HTMLDialogElement);
  let answer: (isYes: boolean) => void = () => {};
  dialog.addEventListener('close', () => {
    if (!dialog.open) answer(dialog.returnValue === 'yes'); // else it is that of the question before, which comes late
  });
  return ({ title, text, action }) => {
    answer(false);
    setText(byId('confirm-title', HTMLHeadingElement), title);
    setText(byId('confirm-text', HTMLParagraphElement), text);
    setText(byId('confirm-yes', HTMLButtonElement), action);
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
}
