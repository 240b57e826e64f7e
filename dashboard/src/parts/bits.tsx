/** The small parts that every page is made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Check, Copy, Dot } from "./icons";

/** What went wrong, said aloud by screen readers as it appears. */
export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <div role="alert" class={children ? "problem" : "none"}>
      {children}
    </div>
  );
}

/** What went well, said when the reader has a moment. */
export function Notice({ children }: { children: ComponentChildren }) {
  return (
    <div role="status" class={children ? "notice" : "none"}>
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
  /** What is wrong with the value, said as it is typed. */
  readonly problem?: string | undefined;
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
  problem,
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
        // A field that suggests nothing of its own: the types of `list` are the only difference.
        type={type as "text"}
        autocomplete={rest.autocomplete}
        inputMode={rest.inputMode}
        maxLength={rest.maxLength}
        required={required}
        spellcheck={false}
        aria-describedby={hint || problem ? `${id}-hint` : undefined}
        aria-invalid={problem ? true : undefined}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {(hint || problem) && (
        <div class={problem ? "hint wrong" : "hint"} id={`${id}-hint`} role={problem ? "status" : undefined}>
          {problem ?? hint}
        </div>
      )}
    </div>
  );
}

/** A password that can be shown. */
export function PasswordField(props: Omit<FieldProps, "type">) {
  const [shown, show] = useState(false);
  return (
    <div class="password">
      <Field {...props} type={shown ? "text" : "password"} />
      <button type="button" class="reveal" aria-pressed={shown} onClick={() => show(!shown)}>
        {shown ? "Hide" : "Show"}
        <span class="aloud"> {props.label.toLowerCase()}</span>
      </button>
    </div>
  );
}

/** The button that sends a form. */
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

/** In the place of something that is being asked for. */
export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="aloud">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <span class="bone" key={line} aria-hidden="true" />
      ))}
    </div>
  );
}

/** In the place of something that could not be had. */
export function Failed({ what, error, retry }: { what: string; error: string; retry: () => void }) {
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

/** In the place of what is not there yet. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

let arrived = false;

/** The title of a page, which also becomes the window's, and gets the focus when one comes from another page. */
export function Title({ children, lead }: { children: string; lead?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Tenantry`;
  }, [children]);
  useEffect(() => {
    // Not as the page is loaded: then one begins at its top, with the link that skips what stands around it.
    if (arrived && (document.activeElement?.closest("nav") || document.activeElement === document.body))
      heading.current?.focus();
    arrived = true;
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

/** An id that can be copied. */
export function Id({ children, what }: { children: string; what: string }) {
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
      <span role="status" class="aloud">
        {copied ? "Copied" : ""}
      </span>
    </span>
  );
}

/** Rules, each marked as it is met. */
export function Rules({
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
            <span class="aloud">{met ? ", met" : ", not met"}</span>
          </li>
        );
      })}
    </ul>
  );
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** Write a number of bytes as a person does. */
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 })} ${count === 1 ? "byte" : UNITS[power]}`;
}

/** Write a number, with its noun. */
export const count = (number: number, noun: string): string =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
