/** The password rules of the user pool. */
export const PASSWORD_RULES: readonly { readonly text: string; readonly isMet: (password: string) => boolean }[] = [
  { text: "At least 12 characters", isMet: (password) => [...password].length >= 12 },
  { text: "A lower-case letter", isMet: (password) => /[a-z]/.test(password) },
  { text: "An upper-case letter", isMet: (password) => /[A-Z]/.test(password) },
  { text: "A digit", isMet: (password) => /[0-9]/.test(password) },
  // https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
  {
    text: "A symbol, such as ! or -",
    isMet: (password) => /[\^$*.[\]{}()?\-"!@#%&/\\,><':;|_~`+=]|\S \S/.test(password),
  },
];

/** Whether a password meets every rule. */
export function isPassword(password: string): boolean {
  return PASSWORD_RULES.every((rule) => rule.isMet(password));
}
