/** The pool's rules for passwords, as a person reads them. */
export const PASSWORD_RULES: readonly { readonly text: string; readonly isMet: (password: string) => boolean }[] = [
  { text: "12 characters or more", isMet: (password) => [...password].length >= 12 },
  { text: "a small letter", isMet: (password) => /[a-z]/.test(password) },
  { text: "a capital letter", isMet: (password) => /[A-Z]/.test(password) },
  { text: "a digit", isMet: (password) => /[0-9]/.test(password) },
  // https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
  {
    text: "a symbol, such as ! or -",
    isMet: (password) => /[\^$*.[\]{}()?\-"!@#%&/\\,><':;|_~`+=]|\S \S/.test(password),
  },
];

/** Whether a password meets every rule. */
export function isPassword(password: string): boolean {
  return PASSWORD_RULES.every((rule) => rule.isMet(password));
}
