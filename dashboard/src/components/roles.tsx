import { ROLES, type Role } from "../data/api";

/** Roles, as badges. */
export function RoleBadges({ roles }: { roles: readonly Role[] }) {
  return (
    <span class="badges">
      {ROLES.filter((role) => roles.includes(role)).map((role) => (
        <span class="badge" key={role}>
          {role}
        </span>
      ))}
    </span>
  );
}

/** Checkboxes for roles. At least one role stays selected. */
export function RoleChoice({
  whose,
  chosen,
  onChoose,
}: {
  whose: string;
  chosen: readonly Role[];
  onChoose: (roles: readonly Role[]) => void;
}) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">Roles of {whose}</legend>
      {ROLES.map((role) => {
        const has = chosen.includes(role);
        return (
          <label key={role}>
            <input
              type="checkbox"
              checked={has}
              disabled={has && chosen.length === 1}
              onChange={() => onChoose(has ? chosen.filter((one) => one !== role) : [...chosen, role])}
            />
            {role}
          </label>
        );
      })}
    </fieldset>
  );
}
