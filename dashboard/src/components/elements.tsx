/** Elements that the pages share. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Check, Copy, Dot } from "./icons";

/** An error, which screen readers announce at once. */
export function ErrorMessage({ children }: { children: ComponentChildren }) {
  return (
    <div role="alert" class={children ? "problem" : "hidden"}>
      {children}
    </div>
  );
}

/** A confirmation, which screen readers announce after the current output. */
export function Notice({ children }: { children: ComponentChildren }) {
  return (
    <div role="status" class={children ? "notice" : "hidden"}>
      {children}
    </div>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: string;
  readonly autocomplete?: string;
  readonly inputMode?: "numeric" | "email";
  readonly hint?: ComponentChildren;
  /** What is wrong with the value, announced while it is typed. */
  readonly error?: string | undefined;
  readonly maxLength?: number;
  readonly required?: boolean;
}

/** A labelled field. */
export function Field({
  label,
  name,
  value,
  onValue,
  hint,
  error,
  type = "text",
  required = true,
  ...rest
}: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        // The types of `list` differ between input types, and no field here has one.
        type={type as "text"}
        autocomplete={rest.autocomplete}
        inputMode={rest.inputMode}
        maxLength={rest.maxLength}
        required={required}
        spellcheck={false}
        aria-describedby={hint || error ? `${id}-hint` : undefined}
        aria-invalid={error ? true : undefined}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {(hint || error) && (
        <div class={error ? "hint wrong" : "hint"} id={`${id}-hint`} role={error ? "status" : undefined}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

/** A field for a code, from an e-mail unless the label says otherwise. */
export function CodeField({
  label = "Code from the e-mail",
  ...rest
}: Pick<FieldProps, "value" | "onValue"> & { label?: string | undefined }) {
  return <Field label={label} name="code" inputMode="numeric" autocomplete="one-time-code" maxLength={12} {...rest} />;
}

/** A password field whose value can be shown. */
export function PasswordField(props: Omit<FieldProps, "type">) {
  const [visible, setVisible] = useState(false);
  return (
    <div class="password">
      <Field {...props} type={visible ? "text" : "password"} />
      <button type="button" class="reveal" aria-pressed={visible} onClick={() => setVisible(!visible)}>
        {visible ? "Hide" : "Show"}
        <span class="visually-hidden"> {props.label.toLowerCase()}</span>
      </button>
    </div>
  );
}

/** The button that submits a form. */
export function Submit({
  busy,
  children,
  disabled,
  danger,
}: {
  busy: boolean;
  children: string;
  disabled?: boolean;
  danger?: boolean;
}) {
  return (
    <button
      type="submit"
      class={danger ? "button danger" : "button primary"}
      aria-disabled={busy || disabled}
      aria-busy={busy}
    >
      {busy && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

/** A section with a heading of its own. */
export function Card({
  title,
  aside,
  wide,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={wide ? "card wide" : "card"} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside && <span>{aside}</span>}
      </header>
      {children}
    </section>
  );
}

/** Placeholder for content that is being loaded. */
export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <span class="skeleton" key={line} aria-hidden="true" />
      ))}
    </div>
  );
}

/** Placeholder for content that could not be loaded. */
export function LoadFailed({ what, error, retry }: { what: string; error: string; retry: () => void }) {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>{what} could not be loaded.</strong> {error}
      </p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** Placeholder for an empty list. */
export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

let wasShown = false;

/** The title of a page and of the window. It gets the focus after navigation from another page. */
export function PageTitle({ children, lead }: { children: string; lead?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Tenantry`;
  }, [children]);
  useEffect(() => {
    // Not on the first load: then the focus starts at the top, before the skip link.
    if (wasShown && (document.activeElement?.closest("nav") || document.activeElement === document.body))
      heading.current?.focus();
    wasShown = true;
  }, []);
  return (
    <div class="title">
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
      {lead && <p>{lead}</p>}
    </div>
  );
}

/** An id with a button that copies it. */
export function CopyableId({ children, what }: { children: string; what: string }) {
  const [copied, set] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => set(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span class="id">
      <code>{children}</code>
      <button
        type="button"
        class="quiet"
        aria-label={`Copy ${what}`}
        onClick={() => void navigator.clipboard.writeText(children).then(() => set(true))}
      >
        {copied ? <Check /> : <Copy />}
      </button>
      <span role="status" class="visually-hidden">
        {copied ? "Copied" : ""}
      </span>
    </span>
  );
}

/** Rules, each marked when it is met. */
export function RuleList({
  rules,
  value,
}: {
  rules: readonly { text: string; isMet: (value: string) => boolean }[];
  value: string;
}) {
  return (
    <ul class="rules">
      {rules.map(({ text, isMet }) => {
        const met = isMet(value);
        return (
          <li key={text} class={met ? "met" : ""}>
            {met ? <Check /> : <Dot />}
            {text}
            <span class="visually-hidden">{met ? ", met" : ", not met"}</span>
          </li>
        );
      })}
    </ul>
  );
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** Format a number of bytes with a unit. */
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 })} ${count === 1 ? "byte" : UNITS[power]}`;
}

/** Format a number with its noun. */
export const count = (number: number, noun: string): string =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
